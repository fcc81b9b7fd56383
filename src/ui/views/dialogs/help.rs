//! All keys.

use std::collections::BTreeMap;

use eframe::egui::{Grid, Ui};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::ui::commands::entry::key_name;
use crate::ui::commands::keys::OTHERS;
use crate::ui::commands::{Command, Situation};
use crate::ui::theme::{self, GRID, Palette};

/// The dialog that lists all keyboard shortcuts.
pub struct Help;

impl Dialog for Help {
    fn id(&self) -> &'static str {
        "help"
    }

    fn ui(&mut self, ui: &mut Ui, situation: &Situation) -> Next {
        ui.set_width(420.0);
        ui.label(theme::heading("Keys"));
        ui.add_space(2.0 * GRID);
        Grid::new("keys").num_columns(2).min_row_height(theme::ROW).spacing([4.0 * GRID, 0.0]).show(ui, |ui| {
            for (key, labels) in rows(ui) {
                row_ui(ui, &key, &labels);
            }
            row_ui(ui, &format!("1 to {}", situation.tabs.len()), "The tabs in the center");
            for (keys, does) in OTHERS {
                row_ui(ui, keys, does);
            }
        });
        ui.add_space(2.0 * GRID);
        if ui.button(tr("Close")).clicked() { Next::Close } else { Next::Stay }
    }
}

/// Every key with what it does; where it stands for several commands, the one that is possible is taken.
fn rows(ui: &Ui) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut at = BTreeMap::new();
    for command in Command::ALL {
        let Some(key) = command.keys().first().map(|key| key_name(ui, key)) else { continue };
        let index = *at.entry(key.clone()).or_insert(rows.len());
        match rows.get_mut(index) {
            Some((_, labels)) => *labels = format!("{labels}, {}", command.label().to_lowercase()),
            None => rows.push((key, command.label().to_owned())),
        }
    }
    rows
}

fn row_ui(ui: &mut Ui, keys: &str, does: &str) {
    let palette = Palette::of(ui);
    ui.label(theme::strong(keys).color(palette.text));
    ui.label(tr(does));
    ui.end_row();
}
