//! Texts that are misclassified, one below the other.

use eframe::egui::{Label, RichText, ScrollArea, Ui};

use crate::data::Dataset;
use crate::language::tr;
use crate::train::metrics::Prediction;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::numbers::{percent, thousands};

/// More than this nobody reads.
const MOST: usize = 300;

/// The texts with what they are and what they were taken for.
pub fn texts_ui(ui: &mut Ui, predictions: &[Prediction], names: &[String], dataset: &Dataset) {
    let Some(tokenizer) = dataset.tokenizer() else { return };
    let palette = Palette::of(ui);
    let name = |class: u16| names.get(usize::from(class)).map_or("?", String::as_str);
    ScrollArea::vertical().id_salt("texts").auto_shrink(false).show(ui, |ui| {
        for answer in predictions.iter().take(MOST) {
            let sample = answer.sample as usize;
            let what = format!(
                "{}, predicted {} ({})",
                name(answer.truth),
                name(answer.class),
                percent(f64::from(answer.confidence))
            );
            ui.horizontal_wrapped(|ui| {
                ui.label(theme::strong(what));
                ui.label(RichText::new(tr(format!("sample {}", thousands((sample + 1) as f64)))).color(palette.muted));
            });
            ui.add(Label::new(tokenizer.decode(dataset.train.tokens_of(sample)).trim()).wrap());
            ui.add_space(2.0 * GRID);
        }
        if predictions.len() > MOST {
            ui.label(
                RichText::new(tr(format!("and {} more", thousands((predictions.len() - MOST) as f64))))
                    .color(palette.muted),
            );
        }
    });
}
