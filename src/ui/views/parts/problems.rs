//! Problems of the project that are of no layer, each with the button that repairs it.

use eframe::egui::{Button, Ui, vec2};

use crate::ui::theme::{self, GRID};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::text::warning_ui;

/// All of them, one below the other; nothing where there is none.
pub fn problems_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let mut repaired = None;
    for problem in cx.problems.of_settings() {
        warning_ui(ui, &problem.sentence());
        if let Some(fix) = &problem.fix {
            let button = Button::new(theme::strong(fix.label())).min_size(vec2(0.0, 28.0));
            if ui.add(button).clicked() {
                repaired = Some(fix);
            }
        }
        ui.add_space(GRID);
    }
    if let Some(fix) = repaired
        && let Err(error) = fix.apply(cx.project)
    {
        tracing::error!("a fix does not fit the project: {error}");
    }
}
