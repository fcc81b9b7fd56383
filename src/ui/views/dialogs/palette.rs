//! The command palette: everything that can be asked for, found by a few letters of its name.

use eframe::egui::Ui;

use super::dialog::{Dialog, Next};
use crate::ui::commands::Situation;
use crate::ui::commands::entry::entries;
use crate::ui::theme::GRID;
use crate::ui::widgets::pick_list::{Line, PickList};

const WIDTH: f32 = 560.0;
const HEIGHT: f32 = 360.0;

/// The dialog that searches all commands.
#[derive(Default)]
pub struct CommandPalette {
    list: PickList,
}

impl Dialog for CommandPalette {
    fn id(&self) -> &'static str {
        "command palette"
    }

    fn ui(&mut self, ui: &mut Ui, situation: &Situation) -> Next {
        ui.set_width(WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID));
        let entries = entries(ui, situation);
        let lines = entries.iter().map(|entry| Line {
            name: &entry.label,
            help: entry.is_possible.as_ref().err().unwrap_or(&entry.help),
            group: "",
            mark: &entry.key,
            is_possible: entry.is_possible.is_ok(),
            is_muted: false,
        });
        let taken = self.list.ui(ui, "Search commands", HEIGHT, &lines.collect::<Vec<_>>(), |_, _| {});
        taken.and_then(|taken| entries.get(taken)).map_or(Next::Stay, |entry| Next::Do(entry.action.clone()))
    }
}
