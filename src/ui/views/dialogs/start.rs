//! The page that a new user meets: three doors, and the lessons.

use eframe::egui::{Label, RichText, Ui, vec2};
use egui_material_icons::MaterialIcon;
use egui_material_icons::icons::{ICON_DRAW, ICON_FOLDER_OPEN, ICON_GESTURE, ICON_SCHOOL};

use super::dialog::{Dialog, Next};
use crate::language::tr;
use crate::ui::commands::{Action, Command, Request, Situation};
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::button::door_ui;

const WIDTH: f32 = 640.0;

/// The dialog with the ways to begin.
pub struct Start;

/// A way to begin: its icon, its name, and what happens then.
struct Door {
    icon: MaterialIcon,
    name: &'static str,
    help: &'static str,
    action: Action,
}

fn doors() -> [Door; 4] {
    let door = |icon, name, help, action| Door { icon, name, help, action };
    [
        door(
            ICON_DRAW,
            "Draw a digit",
            "A network that has learned digits reads what you draw, stroke by stroke.",
            Request::Show("draw").into(),
        ),
        door(
            ICON_GESTURE,
            "Teach it something",
            "Paint points of two classes with the mouse, press Train, and watch a network find the boundary between them.",
            Command::Paint.into(),
        ),
        door(
            ICON_FOLDER_OPEN,
            "Open my data",
            "A table, a text or images: the program suggests a network that suits them. They stay on this machine.",
            Command::Open.into(),
        ),
        door(
            ICON_SCHOOL,
            "Take a lesson",
            "Twelve lessons of 10 to 20 minutes, from a single neuron to a camera in a factory.",
            Command::Lessons.into(),
        ),
    ]
}

impl Dialog for Start {
    fn id(&self) -> &'static str {
        "start"
    }

    fn ui(&mut self, ui: &mut Ui, _: &Situation) -> Next {
        let width = WIDTH.min(ui.ctx().content_rect().width() - 16.0 * GRID);
        ui.set_width(width);
        ui.label(theme::heading("Welcome to Backprop Studio"));
        let about =
            "Build a neural network out of layers, train it here, and look inside. What would you like to do first?";
        ui.add(Label::new(RichText::new(tr(about)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        for Door { icon, name, help, action } in doors() {
            if door_ui(ui, icon, name, help, vec2(width, 0.0)).clicked() {
                next = Next::Do(action);
            }
            ui.add_space(GRID);
        }
        ui.add_space(GRID);
        ui.horizontal(|ui| {
            if ui.button(tr("Look around")).clicked() {
                next = Next::Close;
            }
            // Who does not read the language of the page finds the other one by its own name.
            let other = crate::language::current().next().name;
            if ui.button(other).clicked() {
                next = Next::Keep(Command::NextLanguage.into());
            }
        });
        next
    }
}
