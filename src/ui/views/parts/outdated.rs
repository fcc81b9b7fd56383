//! What is said where an edit does not reach the run that is on.

use eframe::egui::{RichText, Ui};

use crate::ui::commands::Command;
use crate::ui::theme::{GRID, Palette};
use crate::ui::views::cx::Cx;

/// Says that an edit is for the next run, and how to get there.
pub fn outdated_ui(ui: &mut Ui, text: &str, cx: &mut Cx<'_>) {
    let palette = Palette::of(ui);
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = GRID;
        ui.label(RichText::new(text).color(palette.muted));
        if ui.link("Reset").on_hover_text("Stops the run and deletes it").clicked() {
            cx.act(Command::Reset);
        }
        ui.label(RichText::new("to train the new one.").color(palette.muted));
    });
}
