//! What the window shows: a teacher chooses the tabs, settings and layers that a class needs, and gives it the choice as a file.

use eframe::egui::{Checkbox, Label, RichText, ScrollArea, Ui, vec2};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::project::profile::{Profile, Thing, things};
use crate::ui::commands::{PathFor, Request, Situation};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::button::segmented_ui;

const WIDTH: f32 = 640.0;

/// What the window keeps free above and below the lists.
const AROUND: f32 = 280.0;

const ABOUT: &str = "What is left out here is not shown, unless the project uses it. Nothing of a project changes. Saved as a file, a \
                     profile is opened on other machines like any other file.";

/// The dialog that leaves things out.
pub struct ProfileDialog {
    profile: Profile,
    things: Vec<Thing>,
}

#[derive(Clone, Copy, PartialEq)]
enum Choice {
    Beginner,
    Course,
    Everything,
    Own,
}

impl Choice {
    fn of(profile: &Profile) -> Self {
        let found = [Self::Beginner, Self::Course, Self::Everything].into_iter();
        found.into_iter().find(|choice| choice.profile().as_ref() == Some(profile)).unwrap_or(Self::Own)
    }

    fn profile(self) -> Option<Profile> {
        match self {
            Self::Beginner => Some(Profile::beginner()),
            Self::Course => Some(Profile::course()),
            Self::Everything => Some(Profile::everything()),
            Self::Own => None,
        }
    }
}

impl ProfileDialog {
    /// With what is left out at the moment.
    pub fn new(profile: &Profile) -> Self {
        Self { profile: profile.clone(), things: things() }
    }

    fn group_ui(&mut self, ui: &mut Ui, group: &str) {
        ui.vertical(|ui| {
            ui.label(theme::strong(group));
            for thing in self.things.iter().filter(|thing| thing.group == group) {
                let mut is_shown = !self.profile.hidden.contains(&thing.id);
                if ui.add(Checkbox::new(&mut is_shown, tr(thing.name))).changed() {
                    match is_shown {
                        true => _ = self.profile.hidden.remove(&thing.id),
                        false => _ = self.profile.hidden.insert(thing.id.clone()),
                    }
                }
            }
        });
    }
}

impl Dialog for ProfileDialog {
    fn id(&self) -> &'static str {
        "profile"
    }

    fn ui(&mut self, ui: &mut Ui, _: &Situation) -> Next {
        let window = ui.ctx().content_rect().size();
        ui.set_width(WIDTH.min(window.x - 16.0 * GRID));
        ui.label(theme::heading("What the window shows"));
        ui.add(Label::new(RichText::new(tr(ABOUT)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let before = self.profile.clone();
        let mut choice = Choice::of(&self.profile);
        let options = [
            (Choice::Beginner, "Beginner", "For a first hour: dense layers, the learning rate and the epochs"),
            (Choice::Course, "First course", "What an introduction teaches, without the tools of engineers"),
            (Choice::Everything, "Everything", "Nothing is left out"),
        ];
        if segmented_ui(ui, &mut choice, &options) {
            self.profile = choice.profile().unwrap_or_default();
        }
        ui.add_space(2.0 * GRID);
        ScrollArea::vertical().id_salt("things").max_height((window.y - AROUND).max(160.0)).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.spacing_mut().item_spacing = vec2(8.0 * GRID, 0.0);
                for group in ["Tabs", "Settings", "Layers"] {
                    self.group_ui(ui, group);
                }
            });
        });
        ui.add_space(2.0 * GRID);
        let mut next = match self.profile == before {
            true => Next::Stay,
            // Behind the dialog one sees what follows.
            false => Next::Keep(Request::UseProfile(Box::new(self.profile.clone())).into()),
        };
        ui.horizontal(|ui| {
            if ui.button(tr("Save as a file…")).clicked() {
                next = Next::Keep(Request::ChoosePath(PathFor::SaveProfile).into());
            }
            if ui.button(tr("Close")).clicked() {
                next = Next::Close;
            }
        });
        next
    }
}
