//! What the tab Data shows of texts: the samples, one a line, and the vocabulary.

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use crate::data::{Dataset, TargetData};
use crate::language::tr;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::parts::rows::label;
use crate::ui::views::parts::write::{missing_letters_ui, visible};
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::text::{caption_ui, heading_ui};
use backprop_nn::MASKED;

/// Room for the number of a sample, and for its class or its answer.
const NUMBER: f32 = 56.0;
const ANSWER: f32 = 120.0;

/// Tokens of the vocabulary that are listed.
const LISTED: usize = 200;

/// The training samples as the network reads them, with what it is asked for.
pub fn texts_ui(ui: &mut Ui, dataset: &Dataset) {
    heading_ui(ui, "Samples", |_| {});
    let Some(tokenizer) = dataset.tokenizer() else { return };
    let (unit, count) = (tokenizer.unit.name(), thousands(tokenizer.len() as f64));
    let tokens: Vec<String> = tokenizer.tokens.iter().skip(2).take(LISTED).map(|token| visible(token)).collect();
    let text = format!("Vocabulary of {count} tokens, each a {unit}: {}", tokens.join(" "));
    caption_ui(ui, &format!("Vocabulary of {count} tokens, each a {unit}")).on_hover_text(tr(text));
    missing_letters_ui(ui, tokenizer);
    ui.add_space(GRID);
    let palette = Palette::of(ui);
    // Rows do not widen one another.
    let width = ui.available_width() - ui.spacing().scroll.bar_width - GRID;
    ScrollArea::vertical().id_salt("texts").auto_shrink(false).show_rows(ui, ROW, dataset.train.len(), |ui, rows| {
        for sample in rows {
            ui.horizontal(|ui| {
                let answer = answer(dataset, sample);
                let room = width - if answer.is_empty() { 0.0 } else { ANSWER + 2.0 * GRID };
                ui.allocate_ui_with_layout(vec2(room, ROW), Layout::left_to_right(Align::Center), |ui| {
                    ui.set_min_width(room);
                    let number = RichText::new(thousands((sample + 1) as f64)).color(palette.muted);
                    ui.allocate_ui_with_layout(vec2(NUMBER, ROW), Layout::left_to_right(Align::Center), |ui| {
                        ui.set_min_width(NUMBER);
                        ui.label(number);
                    });
                    let text = visible(tokenizer.decode(dataset.train.tokens_of(sample)).trim_end());
                    ui.add(Label::new(tr(text.trim_start_matches('¶').replace('·', " "))).truncate());
                });
                ui.allocate_ui_with_layout(vec2(ANSWER, ROW), Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(RichText::new(tr(answer)).color(palette.accent)).truncate());
                });
            });
        }
    });
}

/// The class of a sample, or the answer to its question; nothing where the next token is asked for all along.
fn answer(dataset: &Dataset, sample: usize) -> String {
    match (&dataset.train.targets, dataset.tokenizer()) {
        (TargetData::Steps { steps, classes }, Some(tokenizer)) => {
            let classes = &classes[sample * steps..(sample + 1) * steps];
            let is_question = classes.first() == Some(&MASKED);
            let asked: Vec<u16> = classes.iter().copied().filter(|class| *class != MASKED && is_question).collect();
            visible(&tokenizer.decode(&asked))
        }
        _ => label(dataset, sample),
    }
}
