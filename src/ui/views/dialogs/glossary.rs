//! The glossary: the terms at the left, found by a few letters of any of their names, and the chosen one at the right.

use eframe::egui::{Align, Label, Layout, RichText, ScrollArea, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::glossary::{self, Term};
use crate::language::tr;
use crate::ui::commands::Situation;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::pick_list::{Line, PickList};
use crate::ui::widgets::text::caption_ui;

const LIST: f32 = 260.0;
const TEXT: f32 = 380.0;
const HEIGHT: f32 = 400.0;

/// The dialog that explains terms.
#[derive(Default)]
pub struct Glossary {
    list: PickList,
    shown: usize,
}

impl Glossary {
    /// Opened at the term at this position.
    pub fn at(term: usize) -> Self {
        let mut glossary = Self::default();
        glossary.show(term);
        glossary
    }

    /// The term that is shown.
    pub fn term(&self) -> &'static Term {
        &glossary::terms()[self.shown]
    }

    /// Shows a term, beside its name in the list.
    fn show(&mut self, term: usize) {
        self.shown = term;
        self.list.go_to(term);
    }

    fn term_ui(&mut self, ui: &mut Ui) {
        let Term { name, text, also, see } = self.term();
        ui.label(theme::heading(*name));
        ui.add_space(GRID);
        ui.add(Label::new(tr(text.replace('`', ""))).wrap());
        ui.add_space(2.0 * GRID);
        if !also.is_empty() {
            let also = format!("Also: {}", also.join(", "));
            ui.add(Label::new(RichText::new(tr(also)).color(Palette::of(ui).muted)).wrap());
            ui.add_space(2.0 * GRID);
        }
        ui.horizontal_wrapped(|ui| {
            if !see.is_empty() {
                caption_ui(ui, "See");
            }
            for name in see {
                if ui.link(*name).clicked()
                    && let Some(term) = glossary::find(name)
                {
                    self.show(term);
                }
            }
        });
    }
}

impl Dialog for Glossary {
    fn id(&self) -> &'static str {
        "glossary"
    }

    fn ui(&mut self, ui: &mut Ui, _: &Situation) -> Next {
        let also: Vec<String> = glossary::terms().iter().map(|term| term.also.join(", ")).collect();
        let lines: Vec<Line<'_>> = glossary::terms()
            .iter()
            .zip(&also)
            .map(|(term, also)| Line {
                name: term.name,
                help: also,
                group: "",
                mark: "",
                is_possible: true,
                is_muted: false,
            })
            .collect();
        ui.label(theme::heading("Glossary"));
        ui.add_space(2.0 * GRID);
        ui.horizontal_top(|ui| {
            ui.allocate_ui_with_layout(vec2(LIST, HEIGHT), Layout::top_down(Align::Min), |ui| {
                ui.set_width(LIST);
                let taken = self.list.ui(ui, "Search terms", HEIGHT - 8.0 * GRID, &lines, |_, _| {});
                self.shown = taken.unwrap_or(self.shown);
            });
            ui.add_space(4.0 * GRID);
            ui.vertical(|ui| {
                ui.set_width(TEXT);
                ScrollArea::vertical().id_salt("term").max_height(HEIGHT).show(ui, |ui| self.term_ui(ui));
            });
        });
        ui.add_space(2.0 * GRID);
        if ui.button(tr("Close")).clicked() { Next::Close } else { Next::Stay }
    }
}
