//! The drawing and what is read in it: pieces that the rooms Learn and Draw share.

use eframe::egui::{Label, Response, RichText, Ui};

use crate::ui::jobs::drawing::Answer;
use crate::ui::state::playground::ReaderChoice;
use crate::ui::theme::{self, Palette};
use crate::ui::views::Cx;
use crate::ui::views::parts::{caption_ui, segmented_ui};
use crate::ui::widgets::digit_canvas::DigitCanvas;
use crate::ui::widgets::numbers::{percent, steady};
use crate::ui::widgets::pixels::pixels_ui;
use crate::ui::widgets::probability_bars::probability_bars_ui;

/// Pixels of the image that the pen's width is given in.
const SIDE: f32 = 28.0;

/// Which network reads.
pub fn choice_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    segmented_ui(
        ui,
        &mut cx.desk.reader,
        &[
            (ReaderChoice::Bundled, "Bundled reader", "The network that comes with the program"),
            (ReaderChoice::This, "This network", "The network at the left, with the weights it has at this moment"),
        ],
    );
}

/// The paper, a square of `side` points.
pub fn canvas_ui(ui: &mut Ui, side: f32, cx: &mut Cx<'_>) -> Response {
    let before = cx.desk.drawing.strokes.len();
    let response = DigitCanvas::new(&mut cx.desk.drawing).pen(cx.view.pen / SIDE).side(side).show(ui);
    if cx.desk.drawing.strokes.len() > before {
        cx.desk.drop_example();
    }
    response
}

/// What the network sees, a square of `side` points.
pub fn seen_ui(ui: &mut Ui, side: f32, cx: &Cx<'_>) -> Response {
    let seen = cx.reading.seen.as_ref().map(|seen| seen.view());
    pixels_ui(ui, "What the network sees", seen, side)
}

/// The answer in one line: the class, large, and how sure the network is.
pub fn winner_ui(ui: &mut Ui, cx: &Cx<'_>) {
    let palette = Palette::of(ui);
    let shares = match &cx.reading.answer {
        Answer::Probabilities(shares) => shares,
        Answer::Given { error, .. } => {
            ui.label(theme::number(steady(f64::from(*error))).color(palette.accent));
            let help = "Root of the mean squared error between what the network sees and gives back, where white is 1";
            ui.label(RichText::new("error").color(palette.muted)).on_hover_text(help);
            return;
        }
        Answer::Empty | Answer::Cannot(_) => {
            ui.label(theme::number("–").color(palette.muted));
            return;
        }
    };
    let Some((class, share)) = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
    let name = cx.reading.classes.get(class).map_or("?", String::as_str);
    ui.label(theme::number(name).color(palette.accent));
    ui.label(RichText::new(percent(f64::from(*share))).color(palette.muted));
}

/// A bar per class, or why there is none.
pub fn bars_ui(ui: &mut Ui, cx: &Cx<'_>) {
    match &cx.reading.answer {
        Answer::Cannot(why) => {
            ui.add(Label::new(RichText::new(why).color(Palette::of(ui).muted)).wrap());
        }
        Answer::Empty if cx.reading.classes.is_empty() => {}
        Answer::Given { pixels, .. } => {
            let side = ui.available_size().min_elem().clamp(56.0, 196.0);
            pixels_ui(ui, "What the network gives back", Some(pixels.view()), side)
                .on_hover_text("What the network gives back");
            caption_ui(ui, "What it gives back");
        }
        Answer::Empty => {
            probability_bars_ui(ui, &cx.reading.classes, None);
        }
        Answer::Probabilities(shares) => {
            probability_bars_ui(ui, &cx.reading.classes, Some(shares));
        }
    }
}
