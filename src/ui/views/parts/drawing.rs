//! The drawing and what a network predicts for it: pieces that Learn and Draw share.

use std::sync::Arc;

use eframe::egui::{
    Button, ColorImage, Image, Label, Rect, Response, RichText, Role, Sense, TextureHandle, TextureOptions, Ui, Vec2,
    WidgetInfo, vec2,
};
use egui_material_icons::icons::ICON_TIMELINE;

use crate::data::samples::scale_bytes;
use crate::explain::relevance::Method;
use crate::language::tr;
use crate::train::heads::Results;
use crate::ui::jobs::calibration::CalibrationQuery;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::drawing_history::DrawingHistoryQuery;
use crate::ui::jobs::inside::{InsideQuery, Part};
use crate::ui::jobs::novelty::{Novelty, NoveltyQuery};
use crate::ui::jobs::predictor::{DrawingOutput, DrawingQuery};
use crate::ui::state::playground::OpenedPicture;
use crate::ui::state::session::Status;
use crate::ui::state::trained_network::{NetworkChoice, TrainedNetwork};
use crate::ui::theme::{self, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::cut_text::caption_name_ui;
use crate::ui::widgets::digit_canvas::DigitCanvas;
use crate::ui::widgets::numbers::{percent, steady, thousands};
use crate::ui::widgets::pixels::pixels_ui;
use crate::ui::widgets::probability_bars::{probability_bars_ui, probability_strips_ui};
use crate::ui::widgets::text::caption_ui;

/// Side of a picture as it is shown, in pixels.
const LARGEST: u32 = 1024;

/// Moments of a run over which the probabilities are shown, about.
const MOMENTS: u64 = 60;

/// Pixels of the image that the pen's width is given in.
const SIDE: f32 = 28.0;

/// Which network reads.
pub fn choice_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    segmented_ui(
        ui,
        &mut cx.playground.network,
        &[
            (NetworkChoice::BuiltIn, "Built-in", "The digit classifier that comes with the program"),
            (NetworkChoice::This, "This network", "The network at the left, with the weights it has at this moment"),
        ],
    );
}

/// The paper, a square of `side` points, or the picture that lies on it.
pub fn canvas_ui(ui: &mut Ui, side: f32, cx: &mut Cx<'_>) -> Response {
    if let Some(picture) = &cx.playground.picture {
        return picture_ui(ui, side, picture);
    }
    let before = cx.playground.drawing.strokes.len();
    let canvas = DigitCanvas::new(&mut cx.playground.drawing).pen(cx.window.pen / SIDE).side(side);
    let response = canvas.erasing(cx.playground.is_erasing).show(ui);
    if cx.playground.drawing.strokes.len() > before {
        cx.playground.drop_example();
    }
    response
}

/// Asks how far what the network sees is from what it knows. While a run is on its weights change too often for that.
fn novelty_of(ui: &Ui, cx: &mut Cx<'_>, read: &Latest<DrawingQuery>) -> Option<Novelty> {
    let network = read.query.network.as_ref().ok()?;
    let pixels: Vec<u8> = read.answer.seen.as_ref()?.iter().copied().collect();
    let built_in = cx.networks.built_in.as_ref().and_then(|built_in| built_in.as_ref().ok());
    let dataset = match NoveltyQuery::is_built_in(network, built_in) {
        true => None,
        false if matches!(cx.session.status, Status::Running | Status::Stopping) => return None,
        false => Some(cx.session.dataset().filter(|dataset| network.reads(dataset))?.clone()),
    };
    let is_classifier = matches!(read.answer.prediction, DrawingOutput::Probabilities(_));
    let query = NoveltyQuery {
        network: network.clone(),
        model: Arc::new(cx.model_of(network).clone()),
        dataset,
        pixels: Arc::new(pixels),
    };
    let answered = if is_classifier { cx.derived.novelty.ask(ui.ctx(), query) } else { None };
    answered.and_then(|answered| answered.answer)
}

/// Asks for what the network of the run has predicted for the drawing until now.
fn history_of(ui: &Ui, cx: &mut Cx<'_>, read: &Latest<DrawingQuery>) -> Option<Arc<Latest<DrawingHistoryQuery>>> {
    let Ok(TrainedNetwork::Run(job, snapshot)) = &read.query.network else { return None };
    let is_classifier = matches!(read.answer.prediction, DrawingOutput::Probabilities(_));
    if !cx.playground.is_over_run || !is_classifier {
        return None;
    }
    let mut moments = cx.session.timeline.overview(MOMENTS);
    if moments.last().is_none_or(|last| last.step < snapshot.step) {
        moments.push(Arc::clone(snapshot));
    }
    let pixels = read.answer.seen.as_ref()?.iter().copied().collect();
    let query = DrawingHistoryQuery {
        job: Arc::clone(job),
        moments,
        pixels: Arc::new(pixels),
        preparation: read.query.preparation,
    };
    cx.derived.drawing_history.ask(ui.ctx(), query)
}

/// Asks for the temperature of the network that reads. While a run is on its weights change too often for that.
fn temperature_of(ui: &Ui, cx: &mut Cx<'_>, read: &Latest<DrawingQuery>) -> Option<f64> {
    let Ok(TrainedNetwork::Run(job, _)) = &read.query.network else { return None };
    if matches!(cx.session.status, Status::Running | Status::Stopping) {
        return None;
    }
    let validation = cx.session.validation().filter(|validation| !validation.is_empty())?.clone();
    let test = cx.session.test().filter(|test| !test.is_empty()).cloned();
    let query = CalibrationQuery { job: Arc::clone(job), validation, test };
    let answered = cx.derived.calibration.ask(ui.ctx(), query)?;
    answered.answer.as_ref().map(|report| report.temperature.value)
}

/// Probabilities whose logits are divided by a temperature.
fn scaled(shares: &[f32], temperature: f64) -> Vec<f64> {
    let powers: Vec<f64> = shares.iter().map(|share| f64::from(*share).powf(1.0 / temperature)).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum.max(f64::MIN_POSITIVE)).collect()
}

/// The switch between the probabilities of this moment and those over the run, where a run reads.
pub fn over_run_ui(ui: &mut Ui, cx: &mut Cx<'_>) {
    let is_run = cx.playground.network == NetworkChoice::This && cx.session.job.is_some();
    if is_run && cx.subject.results() == Results::Classes {
        let button = Button::selectable(cx.playground.is_over_run, ICON_TIMELINE.rich_text().size(18.0));
        let name = "Probabilities over the run";
        let response = ui.add(button.min_size(Vec2::splat(ROW))).accessible_name(tr(name));
        if response.on_hover_text(tr(name)).clicked() {
            cx.playground.is_over_run = !cx.playground.is_over_run;
        }
    }
}

/// What the answer stands on.
fn novelty_text(Novelty { times, training }: Novelty) -> String {
    format!(
        "Unlike anything that the network has learned: {times:.1} times as far from {} training images as 97 % of the validation \
         images are.",
        thousands(training as f64)
    )
}

/// A picture, fitted into a square of `side` points.
fn picture_ui(ui: &mut Ui, side: f32, picture: &Arc<OpenedPicture>) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, tr(&picture.name)));
    let id = response.id.with(Arc::as_ptr(picture) as usize);
    let texture = ui.data(|data| data.get_temp::<TextureHandle>(id)).unwrap_or_else(|| {
        let small = picture.image.thumbnail(LARGEST, LARGEST).into_rgb8();
        let size = [small.width() as usize, small.height() as usize];
        let image = ColorImage::from_rgb(size, small.as_raw());
        let texture = ui.ctx().load_texture("picture", image, TextureOptions::LINEAR);
        ui.data_mut(|data| data.insert_temp(id, texture.clone()));
        texture
    });
    let size = texture.size_vec2();
    let shown = Rect::from_center_size(rect.center(), size * (side / size.max_elem().max(1.0)));
    Image::from_texture((texture.id(), shown.size())).paint_at(ui, shown);
    response.on_hover_text(tr(&picture.name))
}

/// Why the colors that the network sees may be other ones than those of the canvas.
const SEEN_HELP: &str = "The network sees white on black, as in the images it was trained on. The canvas has the colors of the \
                         window: white on black in the dark theme, black on white in the light one.";

/// In which colors the network sees the drawing, in two short lines.
pub fn seen_caption_ui(ui: &mut Ui) {
    ui.vertical(|ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        for line in ["The network sees", "white on black"] {
            caption_name_ui(ui, line).on_hover_text(tr(SEEN_HELP));
        }
    });
}

/// The same with the reason.
pub fn seen_note_ui(ui: &mut Ui) {
    let text = match ui.visuals().dark_mode {
        true => "White on black, as in the images it was trained on.",
        false => "White on black, as in the images it was trained on, whatever the color of the canvas.",
    };
    let text = RichText::new(tr(text)).color(Palette::of(ui).muted);
    ui.add(Label::new(text).wrap()).on_hover_text(tr(SEEN_HELP));
}

/// What the chosen network makes of the drawing, as far as that is worked out.
pub struct Reading {
    read: Option<Arc<Latest<DrawingQuery>>>,
    /// How far it is from what the network knows, where that can be said.
    novelty: Option<Novelty>,
    /// The probabilities over the run, where they are shown.
    history: Option<Arc<Latest<DrawingHistoryQuery>>>,
    /// The temperature of the network of the run, where it is known.
    temperature: Option<f64>,
}

impl Reading {
    /// Asks the chosen network to read the drawing.
    pub fn of(ui: &Ui, cx: &mut Cx<'_>) -> Self {
        let reading = || cx.networks.reading(cx.playground.network, cx.session);
        let query = DrawingQuery {
            picture: cx.playground.picture.clone().map(|picture| (picture, reading())),
            drawing: cx.playground.drawing.clone(),
            pen: cx.window.pen,
            preparation: cx.playground.preparation,
            network: cx.networks.chosen(cx.playground.network, cx.session),
        };
        let read = cx.derived.drawing.ask(ui.ctx(), query);
        let novelty = read.as_ref().and_then(|read| novelty_of(ui, cx, read));
        let history = read.as_ref().and_then(|read| history_of(ui, cx, read));
        let temperature = read.as_ref().and_then(|read| temperature_of(ui, cx, read));
        Self { read, novelty, history, temperature }
    }

    /// What it is unlike, if it is unlike all that the network has learned.
    fn unfamiliar(&self) -> Option<Novelty> {
        self.novelty.filter(|novelty| novelty.times > 1.0)
    }

    fn prediction(&self) -> Option<&DrawingOutput> {
        self.read.as_ref().map(|answered| &answered.answer.prediction)
    }

    /// Whether a class is predicted, so that it can be said what speaks for it.
    pub fn has_classes(&self) -> bool {
        matches!(self.prediction(), Some(DrawingOutput::Probabilities(_)))
    }

    /// The names of the classes, in the order of the probabilities.
    fn classes(&self) -> &[String] {
        let network = self.read.as_ref().and_then(|answered| answered.query.network.as_ref().ok());
        network.map_or(&[], |network| network.trained().task.classes())
    }

    /// The pixels that the network sees; nothing of empty paper.
    pub fn seen(&self) -> Option<Vec<u8>> {
        let seen = self.read.as_ref()?.answer.seen.as_ref()?;
        Some(seen.iter().copied().collect())
    }

    /// What the network sees, a square of `side` points.
    pub fn seen_ui(&self, ui: &mut Ui, side: f32) -> Response {
        let seen = self.read.as_ref().and_then(|answered| answered.answer.seen.as_ref());
        pixels_ui(ui, "What the network sees", seen.map(|seen| seen.view()), side)
    }

    /// The drawing after a step of its preparation, counted from the ink; the last is the image that the network sees.
    pub fn stage_ui(&self, ui: &mut Ui, at: usize, name: &str, side: f32) -> Response {
        let stages = self.read.as_ref().map_or(&[][..], |answered| &answered.answer.stages);
        let pixels = stages.get(at).or(stages.last()).map(|stage| stage.view());
        pixels_ui(ui, &format!("Step {name}"), pixels, side)
    }

    /// Paints over the image that the network sees what matters in it for the class that it gives.
    pub fn relevance_ui(&self, ui: &Ui, rect: Rect, cx: &mut Cx<'_>) {
        let Some(read) = &self.read else { return };
        let (Ok(network), Some(seen)) = (&read.query.network, &read.answer.seen) else { return };
        let DrawingOutput::Probabilities(_) = read.answer.prediction else { return };
        let pixels: Vec<u8> = seen.iter().copied().collect();
        let mut sample = vec![0.0; pixels.len()];
        scale_bytes(&pixels, &mut sample);
        let query = InsideQuery {
            network: network.clone(),
            model: Arc::new(cx.model_of(network).clone()),
            sample: Arc::new(sample),
            at: None,
            output: None,
            method: Method::IntegratedGradients,
            part: Part::Activations,
            edits: Vec::new(),
        };
        let Some(answered) = cx.derived.inside.ask(ui.ctx(), query) else { return };
        let Some(relevance) = answered.answer.as_ref().and_then(|inside| inside.relevance.as_ref()) else { return };
        let (height, width, _) = seen.dim();
        let greatest = relevance.iter().fold(f32::MIN_POSITIVE, |greatest, value| greatest.max(value.abs()));
        let (palette, pixel) = (Palette::of(ui), rect.size() / vec2(width as f32, height as f32));
        for (at, value) in relevance.iter().enumerate().filter(|_| relevance.len() == width * height) {
            let corner = rect.min + vec2((at % width) as f32, (at / width) as f32) * pixel;
            let color = theme::diverging(palette, value.signum());
            let strength = (value.abs() / greatest).sqrt();
            ui.painter().rect_filled(Rect::from_min_size(corner, pixel), 0.0, color.gamma_multiply(0.85 * strength));
        }
    }

    /// The answer in one line: the class, large, and how sure the network is.
    pub fn winner_ui(&self, ui: &mut Ui) {
        let palette = Palette::of(ui);
        let shares = match self.prediction() {
            Some(DrawingOutput::Probabilities(shares)) => shares,
            Some(DrawingOutput::Reconstruction { error, .. }) => {
                ui.label(theme::number(steady(f64::from(*error))).color(palette.accent));
                let help = "Root of the mean squared error between input and reconstruction, where white is 1";
                ui.label(RichText::new(tr("error")).color(palette.muted)).on_hover_text(tr(help));
                return;
            }
            Some(DrawingOutput::Empty | DrawingOutput::Cannot(_)) | None => {
                ui.label(theme::number("–").color(palette.muted));
                return;
            }
        };
        let Some((class, share)) = shares.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)) else { return };
        if let Some(novelty) = self.unfamiliar() {
            ui.label(theme::number("?").color(palette.warning)).on_hover_text(tr(novelty_text(novelty)));
            ui.label(RichText::new(tr("none of them")).color(palette.muted)).on_hover_text(tr(novelty_text(novelty)));
            return;
        }
        let name = self.classes().get(class).map_or("?", String::as_str);
        ui.add(Label::new(theme::number(name).color(palette.accent)).truncate());
        let help = "The network has to choose one of its classes. What is none of them gets the most similar one.";
        ui.label(RichText::new(percent(f64::from(*share))).color(palette.muted)).on_hover_text(tr(help));
        if let Some(temperature) = self.temperature {
            let calibrated = scaled(shares, temperature)[class];
            let help = format!(
                "With the temperature {temperature:.2} that fits the validation samples best: of answers with this number so many are right"
            );
            caption_name_ui(ui, &format!("{} calibrated", percent(calibrated))).on_hover_text(tr(help));
        }
    }

    /// What a number of percent does not say: there is no answer "none of them".
    pub fn choice_note_ui(&self, ui: &mut Ui) {
        let Some(DrawingOutput::Probabilities(shares)) = self.prediction() else { return };
        let palette = Palette::of(ui);
        let (text, color) = match self.unfamiliar() {
            Some(novelty) => (novelty_text(novelty), palette.warning),
            None => {
                let classes = shares.len();
                (format!("The network has to choose one of its {classes} classes, whatever is drawn."), palette.muted)
            }
        };
        ui.add(Label::new(RichText::new(tr(text)).color(color)).wrap());
    }

    /// A bar per class, or why there is none.
    pub fn bars_ui(&self, ui: &mut Ui) {
        match self.prediction() {
            Some(DrawingOutput::Cannot(why)) => {
                ui.add(Label::new(RichText::new(tr(why)).color(Palette::of(ui).muted)).wrap());
            }
            Some(DrawingOutput::Reconstruction { pixels, .. }) => {
                // With its caption below it.
                let side = (ui.available_size() - vec2(0.0, ROW)).min_elem().clamp(56.0, 196.0);
                pixels_ui(ui, "Reconstruction", Some(pixels.view()), side).on_hover_text(tr("Reconstruction"));
                caption_ui(ui, "Reconstruction");
            }
            Some(DrawingOutput::Probabilities(shares)) => match &self.history {
                Some(history) => drop(probability_strips_ui(ui, self.classes(), Some(shares), &history.answer)),
                None => drop(probability_bars_ui(ui, self.classes(), Some(shares))),
            },
            Some(DrawingOutput::Empty) | None => {
                probability_bars_ui(ui, self.classes(), None);
            }
        }
    }
}
