//! What is said where something on the screen is not of the project as it stands.

use eframe::egui::{Align, Frame, Label, Layout, Margin, RichText, Ui, vec2};
use egui_material_icons::icons::ICON_HISTORY;

use crate::language::tr;
use crate::project::Project;
use crate::ui::commands::{Command, Request};
use crate::ui::state::session::{is_other_data, is_other_model};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;

/// Says that an edit is for the next run, and how to get there.
pub fn outdated_ui(ui: &mut Ui, text: &str, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(RichText::new(tr(text)).color(palette.muted));
        if ui.link("Reset").on_hover_text(tr("Stops the run and deletes it")).clicked() {
            cx.act(Command::Reset);
        }
        ui.label(RichText::new(tr("to train the new one.")).color(palette.muted));
    });
}

/// What the project has got anew since the run began, or since a saved one was opened: "network", "data" or both; nothing
/// if what is shown is of the project as it stands.
pub fn replaced(cx: &Cx<'_>) -> Option<&'static str> {
    let trained = trained(cx)?;
    match (is_other_model(trained, cx.project), is_other_data(trained, cx.project)) {
        (true, true) => Some("network and data"),
        (true, false) => Some("network"),
        (false, true) => Some("data"),
        (false, false) => None,
    }
}

/// The project of the network that is shown.
fn trained<'a>(cx: &'a Cx<'_>) -> Option<&'a Project> {
    cx.session.trained.as_ref().or_else(|| cx.networks.opened.as_ref().map(|run| &run.project))
}

/// Above curves, surfaces and results that are not of the network and the data on the screen: whose they are, and the way
/// back to those.
pub fn stale_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let (Some(what), Some(trained)) = (replaced(cx), trained(cx)) else { return };
    let palette = Palette::of(ui);
    let progress = cx.session.progress;
    let moment = match &cx.session.job {
        Some(job) => format!("on {}, epoch {} of {}", job.dataset.name, progress.epoch, progress.epochs),
        None => "as the run was saved".to_owned(),
    };
    let text = format!("Of the previous {what}: {} {moment}", trained.name);
    let frame = Frame::new().fill(palette.raised).corner_radius(theme::RADIUS).inner_margin(Margin::symmetric(8, 2));
    frame.show(ui, |ui| {
        let row = vec2(ui.available_width(), ROW);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            let help = "Brings network and data of this run back; one undo returns to the new ones";
            if ui.link("Bring it back").on_hover_text(tr(help)).clicked() {
                cx.act(Request::BringBack);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                ui.label(ICON_HISTORY.rich_text().size(16.0).color(palette.warning));
                ui.add(Label::new(RichText::new(tr(text)).color(palette.warning)).truncate());
            });
        });
    });
    ui.add_space(2.0 * GRID);
}
