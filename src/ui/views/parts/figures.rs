//! Figures of an evaluation in a line.

use crate::ui::widgets::numbers::steady;

/// "macro F1 0.930, Matthews 0.899"; what is not defined is left out.
pub fn figures_text(figures: &[(&str, Option<f64>)]) -> String {
    let texts = figures.iter().filter_map(|(name, value)| Some(format!("{name} {}", steady((*value)?))));
    texts.collect::<Vec<_>>().join(", ")
}
