//! The tab with the large canvas, with a form for the rows of a table, or with a text.

use eframe::egui::{Button, Color32, Label, Rect, RichText, Ui, pos2, vec2};
use egui_material_icons::icons::{
    ICON_BRUSH, ICON_CONTENT_PASTE, ICON_DELETE, ICON_FOLDER_OPEN, ICON_INK_ERASER, ICON_SAVE, ICON_UNDO,
};

use crate::data::Modality;
use crate::data::drawing::{PEN_WIDTH, Preparation};
use crate::language::tr;
use crate::train::heads::Results;
use crate::ui::commands::Command;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::parts::drawing::{Reading, canvas_ui, choice_ui, over_run_ui, seen_note_ui};
use crate::ui::views::parts::try_panel::TryPanel;
use crate::ui::views::parts::write::Write;
use crate::ui::views::view::View;
use crate::ui::widgets::button::{button_ui, icon_button_ui};
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::cut_text::cut_galley;
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::caption_ui;

/// The id of this view.
pub const ID: &str = "draw";

/// Height of what stands below the canvas: tools and stages.
const BELOW: f32 = 172.0;

/// Side of the image after a step of its preparation, and the width in which all stand in a row.
const STAGE: f32 = 76.0;
const ONE_ROW: f32 = 360.0;

/// The tab for trying a network on a drawing or on a table row.
#[derive(Default)]
pub struct Draw {
    tried: TryPanel,
    write: Write,
}

impl View for Draw {
    fn id(&self) -> &'static str {
        ID
    }

    fn title(&self, subject: &Subject) -> &'static str {
        // Where there is nothing to draw, one tries a row or a text.
        match (subject.modality(), subject.results()) {
            (Modality::Text, Results::Text) => "Write",
            (Modality::Table | Modality::Text, _) => "Try",
            (Modality::Images | Modality::Series, _) => "Draw",
        }
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::DRAW
    }

    fn fits(&self, subject: &Subject) -> Result<(), &'static str> {
        match (subject.results(), subject.modality()) {
            (Results::Samples, _) => {
                Err("A generator makes samples and takes none, so there is nothing to try. Learn shows its samples.")
            }
            (_, Modality::Series) => Err(
                "A series cannot be drawn. Learn shows the forecasts, and backprop predict RUN FILE forecasts any table.",
            ),
            _ => Ok(()),
        }
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| dataset.modality() == Modality::Table) {
            return self.tried.view_ui(ui, &dataset, cx);
        }
        if cx.subject.modality() == Modality::Text {
            return self.write.ui(ui, cx);
        }
        let rect = ui.available_rect_before_wrap();
        ui.advance_cursor_after_rect(rect);
        let gap = 6.0 * GRID;
        let answer = (rect.width() * 0.3).clamp(208.0, 400.0);
        let side = (rect.width() - answer - gap).min(rect.height() - BELOW).max(160.0);
        // What is left over is divided, so that drawing and answer stand in the middle of a wide window.
        let spare = (rect.width() - side - gap - answer).max(0.0);
        let left = rect.left() + spare / 2.0;
        let canvas = Rect::from_min_size(pos2(left, rect.top()), vec2(side, rect.height()));
        let answer = Rect::from_min_size(pos2(left + side + gap, rect.top()), vec2(answer, rect.height()));
        cell_ui(ui, "canvas", canvas, |ui| {
            canvas_ui(ui, side, cx);
            ui.add_space(GRID);
            tools_ui(ui, side < 480.0, cx);
            ui.add_space(2.0 * GRID);
            stages_ui(ui, cx);
        });
        cell_ui(ui, "answer", answer, |ui| answer_ui(ui, cx));
    }

    fn options_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        if matches!(cx.subject.modality(), Modality::Table | Modality::Text) {
            return;
        }
        let mut pen = f64::from(cx.window.pen);
        let palette = Palette::of(ui);
        let (number, _) = ui.allocate_exact_size(vec2(28.0, ROW), eframe::egui::Sense::hover());
        let font = theme::body_font();
        let text = format!("{pen:.1}");
        ui.painter().text(number.right_center(), eframe::egui::Align2::RIGHT_CENTER, tr(text), font, palette.text);
        Slider::new("Pen width", 1.0..=5.0, f64::from(PEN_WIDTH), Division::Linear)
            .show(ui, 112.0, &mut pen)
            .on_hover_text(tr("In pixels of the 28 × 28 image that the network sees; handwriting is usually near 2.2"));
        cx.window.pen = pen as f32;
        ui.label(RichText::new(tr("Pen width")).color(palette.muted));
    }
}

fn tools_ui(ui: &mut Ui, is_narrow: bool, cx: &mut Cx<'_>) {
    let has_ink = !cx.playground.drawing.strokes.is_empty();
    ui.horizontal(|ui| {
        let mut tool = |is_enabled, icon, name: &str| match is_narrow {
            true => ui.add_enabled_ui(is_enabled, |ui| icon_button_ui(ui, icon, name)).inner.clicked(),
            false => button_ui(ui, is_enabled, icon, name, vec2(0.0, 28.0)).clicked(),
        };
        if cx.playground.picture.is_some() {
            if tool(true, ICON_BRUSH, "Back to drawing") {
                cx.playground.picture = None;
            }
            if tool(true, ICON_FOLDER_OPEN, "Open…") {
                cx.act(Command::OpenDrawing);
            }
            if tool(true, ICON_CONTENT_PASTE, "Paste") {
                cx.act(Command::PastePicture);
            }
            return;
        }
        let is_erasing = cx.playground.is_erasing;
        let eraser = Button::selectable(is_erasing, ICON_INK_ERASER.rich_text().size(18.0)).min_size(vec2(ROW, 28.0));
        let eraser = ui.add(eraser).accessible_name(tr("Eraser"));
        if eraser.on_hover_text(tr("Eraser: takes strokes away, as the right button always does")).clicked() {
            cx.playground.is_erasing = !is_erasing;
        }
        let mut tool = |is_enabled, icon, name: &str| match is_narrow {
            true => ui.add_enabled_ui(is_enabled, |ui| icon_button_ui(ui, icon, name)).inner.clicked(),
            false => button_ui(ui, is_enabled, icon, name, vec2(0.0, 28.0)).clicked(),
        };
        if tool(has_ink, ICON_UNDO, "Undo stroke") {
            cx.playground.drawing.strokes.pop();
            cx.playground.is_example = false;
        }
        if tool(has_ink, ICON_DELETE, "Clear") {
            cx.playground.drawing.strokes.clear();
            cx.playground.is_example = false;
        }
        if tool(true, ICON_FOLDER_OPEN, "Open…") {
            cx.act(Command::OpenDrawing);
        }
        if tool(true, ICON_CONTENT_PASTE, "Paste") {
            cx.act(Command::PastePicture);
        }
        if tool(has_ink, ICON_SAVE, "Save…") {
            cx.act(Command::SaveDrawing);
        }
    });
}

/// The image after each step of its preparation, with a switch for each.
fn stages_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    if cx.playground.picture.is_some() {
        return;
    }
    let reading = Reading::of(ui, cx);
    let preparation = &mut cx.playground.preparation;
    let is_incomplete = *preparation != Preparation::default();
    let gap = 2.0 * GRID;
    let steps: [(&str, &str, Option<&mut bool>); 5] = [
        ("Ink", "The drawing at the size of the image, where it stands on the canvas", None),
        ("Crop", "The middle of the ink's box is moved to the middle of the image", Some(&mut preparation.crop)),
        ("20×20", "The longer side of the ink is scaled to 20 of 28 pixels", Some(&mut preparation.scale)),
        ("Center", "The ink's center of mass is moved to the middle, by whole pixels", Some(&mut preparation.center)),
        ("÷ 255", "Pixels from 0 to 255 become numbers from 0 to 1", Some(&mut preparation.normalize)),
    ];
    // In one row where the names have room, in two where they have not.
    let across = if ui.available_width() < ONE_ROW { 3 } else { 5 };
    let side = ((ui.available_width() - (across - 1) as f32 * gap) / across as f32).min(STAGE);
    let mut steps = steps.into_iter().enumerate().peekable();
    while steps.peek().is_some() {
        ui.horizontal_top(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for (at, (name, help, switch)) in steps.by_ref().take(across) {
                ui.vertical(|ui| {
                    ui.set_width(side);
                    reading.stage_ui(ui, at, name, side);
                    match switch {
                        None => {
                            let text = RichText::new(tr(name)).color(Palette::of(ui).muted);
                            ui.add_sized(vec2(side, ROW), Label::new(text)).on_hover_text(tr(help));
                        }
                        Some(is_on) => {
                            let font = theme::body_font();
                            let text = cut_galley(ui.painter(), name, font, Color32::PLACEHOLDER, side - GRID);
                            ui.spacing_mut().button_padding.x = GRID / 2.0;
                            let button = Button::selectable(*is_on, text).min_size(vec2(side, 0.0));
                            if ui.add(button).accessible_name(tr(name)).on_hover_text(tr(help)).clicked() {
                                *is_on = !*is_on;
                            }
                        }
                    }
                });
            }
        });
    }
    if is_incomplete {
        let text = RichText::new(tr("A step is off: the network was trained with all of them."));
        ui.add(Label::new(text.color(Palette::of(ui).warning)).wrap());
    }
}

fn answer_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    caption_ui(ui, "Network");
    ui.horizontal(|ui| {
        choice_ui(ui, cx);
        over_run_ui(ui, cx);
    });
    let reading = Reading::of(ui, cx);
    ui.add_space(2.0 * GRID);
    ui.horizontal_top(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0 * GRID;
        ui.vertical(|ui| {
            let side = (ui.available_width() * 0.5).clamp(112.0, 196.0);
            let seen = reading.seen_ui(ui, side);
            if cx.playground.is_explained && reading.has_classes() {
                reading.relevance_ui(ui, seen.rect, cx);
            }
            if !reading.has_classes() {
                return;
            }
            let name = "What matters";
            let button = Button::selectable(cx.playground.is_explained, tr(name));
            let help = "What each pixel adds to this answer (orange) or takes from it (blue), by integrated gradients";
            if ui.add(button).on_hover_text(tr(help)).clicked() {
                cx.playground.is_explained = !cx.playground.is_explained;
            }
        });
        ui.vertical(|ui| reading.winner_ui(ui));
    });
    if cx.playground.picture.is_none() {
        match cx.networks.reading(cx.playground.network, cx.session) {
            None => seen_note_ui(ui),
            Some(_) => {
                caption_ui(ui, "This network was trained on the images of a folder: open a picture, or drop one here.");
            }
        }
    }
    ui.add_space(2.0 * GRID);
    reading.choice_note_ui(ui);
    ui.add_space(GRID);
    reading.bars_ui(ui);
}
