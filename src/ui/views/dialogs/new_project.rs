//! The list of presets that a project begins with.

use eframe::egui::Ui;

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::project::presets;
use crate::ui::commands::{Request, Situation};
use crate::ui::theme::{self, GRID};
use crate::ui::widgets::pick_list::{Line, PickList};

const WIDTH: f32 = 640.0;

/// What the window keeps free above and below the list.
const AROUND: f32 = 200.0;

/// The dialog that lists the presets.
#[derive(Default)]
pub struct NewProject {
    list: PickList,
}

impl Dialog for NewProject {
    fn id(&self) -> &'static str {
        "new project"
    }

    fn ui(&mut self, ui: &mut Ui, _situation: &Situation) -> Next {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 16.0 * GRID));
        ui.label(theme::heading("New from preset"));
        ui.add_space(GRID);
        let lines: Vec<_> = presets::all()
            .map(|preset| Line {
                name: preset.name,
                help: preset.help,
                group: preset.task,
                mark: "",
                is_possible: true,
                is_muted: false,
            })
            .collect();
        let taken = self.list.ui(ui, "Search presets", (window.y - AROUND).max(200.0), &lines, |at, line| {
            line.clone().on_hover_text(tr(lines[at].help));
        });
        taken.map_or(Next::Stay, |taken| Next::Do(Request::New(lines[taken].name).into()))
    }
}
