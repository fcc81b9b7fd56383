//! Samples of two features as points in the plane, over a network's prediction for every point of it.

use std::ops::RangeInclusive;
use std::sync::Arc;

use eframe::egui::{ColorImage, RichText, Sense, TextureHandle, TextureOptions, Ui, vec2};

use crate::data::{Dataset, TargetData, Task};
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::plane::{PlaneQuery, SIDE};
use crate::ui::state::subject::{identity, plane_of};
use crate::ui::state::table::number_text;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::cut_text::name_ui;
use crate::ui::widgets::plane::{self, Dot, MOST_DOTS, Plane, Tone, class_legend, legend_ui, thinned};
use crate::ui::widgets::scale::paint_ramp;

/// The plane of a data set and the ground under it, each made anew only when what it shows has changed.
#[derive(Default)]
pub struct PlaneView {
    cloud: Option<Cloud>,
    ground: Option<Ground>,
}

/// The samples of a data set as dots, those of the validation set as rings.
struct Cloud {
    key: CloudKey,
    dots: Vec<Dot>,
    ranges: [RangeInclusive<f64>; 2],
    /// The lowest and the highest target, where it is a number.
    heights: [f32; 2],
}

/// What the dots follow from: the data set, and what splits it.
#[derive(Clone, Copy, PartialEq)]
struct CloudKey {
    identity: u64,
    share: f32,
    seed: u64,
}

/// More classes than this have no legend.
const MOST_CLASSES: usize = 12;

/// What the two kinds of dots are.
const SETS: [&str; 2] = ["training", "validation"];

/// What a network predicts at every place, as an image.
pub struct Ground {
    predictions: Arc<Latest<PlaneQuery>>,
    is_dark: bool,
    texture: TextureHandle,
}

impl PlaneView {
    /// Shows the training and validation samples over the network's predictions; `mark` is a place to ring.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        dataset: &Arc<Dataset>,
        network: Option<TrainedNetwork>,
        mark: Option<[f32; 2]>,
        cx: &mut Cx<'_>,
    ) {
        let network = network.filter(|network| network.reads(dataset));
        let project = match &network {
            Some(TrainedNetwork::Folder(folder)) => &folder.project,
            Some(TrainedNetwork::Run(..)) => cx.session.trained.as_ref().unwrap_or(&*cx.project),
            None => &*cx.project,
        };
        let key = CloudKey { identity: identity(dataset), share: project.held_back(), seed: project.training.seed };
        if self.cloud.as_ref().is_none_or(|cloud| cloud.key != key) {
            self.cloud = Some(Cloud::of(dataset, key));
            self.ground = None;
        }
        let Some(cloud) = &self.cloud else { return };
        let query = network.map(|network| PlaneQuery { network, ranges: cloud.ranges.clone() });
        let predictions = query.and_then(|query| cx.derived.plane.ask(ui.ctx(), query));
        self.ground = Ground::update(self.ground.take(), ui, predictions.as_ref(), &dataset.task, cloud.heights);
        if let Task::Regression { targets, .. } = &dataset.task {
            height_legend_ui(ui, targets.first().map_or("", String::as_str), cloud.heights);
        }
        let has_rings = cloud.dots.iter().any(|dot| dot.is_ring);
        let classes = Some(dataset.task.classes()).filter(|classes| classes.len() <= MOST_CLASSES);
        let set = |(at, name)| (Dot { is_ring: at == 1, ..Dot::new([0.0; 2], Tone::Any) }, name);
        let sets = SETS.into_iter().enumerate().map(set).filter(|_| has_rings);
        legend_ui(ui, class_legend(classes.unwrap_or_default()).chain(sets));
        let names: Vec<String> = match &dataset.features[..] {
            [x, y] => vec![x.to_string(), y.to_string()],
            _ => vec!["1".to_owned(), "2".to_owned()],
        };
        let plane = Plane::new("Samples in the plane", [&names[0], &names[1]], cloud.ranges.clone(), &cloud.dots);
        let plane = if has_rings { plane.sets(SETS) } else { plane };
        plane.ground(self.ground.as_ref().map(Ground::placed)).mark(mark).show(ui);
    }
}

impl Cloud {
    fn of(dataset: &Arc<Dataset>, key: CloudKey) -> Self {
        let samples = &dataset.train;
        let mut is_held_back = vec![false; samples.len()];
        dataset.split(key.share, key.seed).validation.iter().for_each(|at| is_held_back[*at as usize] = true);
        let height = |at: usize| match &samples.targets {
            TargetData::Numbers { width, values } => values.get(at * width).map(|height| *height as f32),
            TargetData::Classes(_) | TargetData::Itself { .. } | TargetData::Steps { .. } => None,
        };
        let (low, high) = (0..samples.len())
            .filter_map(height)
            .fold((f32::INFINITY, f32::NEG_INFINITY), |ends, height| (ends.0.min(height), ends.1.max(height)));
        let dot = |at: usize| {
            let [x, y] = *samples.numbers_of(at) else { return None };
            let tone = match samples.class_of(at) {
                Some(class) => Tone::Class(class),
                None => Tone::Value(tone_of(height(at)?, [low, high])),
            };
            let dot = Dot { is_ring: is_held_back[at], ..Dot::new([x as f32, y as f32], tone) };
            (x.is_finite() && y.is_finite()).then_some(dot)
        };
        let dots = thinned(samples.len(), MOST_DOTS).filter_map(dot).collect();
        Self { key, dots, ranges: plane_of(dataset), heights: [low, high] }
    }
}

/// -1 at the lowest and 1 at the highest.
pub fn tone_of(height: f32, [low, high]: [f32; 2]) -> f32 {
    if high > low { (height - low) / (high - low) * 2.0 - 1.0 } else { 0.0 }
}

impl Ground {
    /// The image of these predictions in the theme of `ui`; the old one if it is up to date.
    pub fn update(
        old: Option<Self>,
        ui: &Ui,
        predictions: Option<&Arc<Latest<PlaneQuery>>>,
        task: &Task,
        heights: [f32; 2],
    ) -> Option<Self> {
        let is_dark = ui.visuals().dark_mode;
        let is_shown =
            |ground: &Self, predictions| Arc::ptr_eq(&ground.predictions, predictions) && ground.is_dark == is_dark;
        match (predictions?, old) {
            (predictions, Some(ground)) if is_shown(&ground, predictions) => Some(ground),
            (predictions, old) => Some(Self::paint(ui, predictions, task, heights, old)),
        }
    }

    /// The image and the part of the plane that it shows.
    pub fn placed(&self) -> plane::Ground {
        plane::Ground { picture: self.texture.id(), ranges: self.predictions.query.ranges.clone() }
    }

    fn paint(
        ui: &Ui,
        predictions: &Arc<Latest<PlaneQuery>>,
        task: &Task,
        heights: [f32; 2],
        old: Option<Self>,
    ) -> Self {
        let palette = Palette::of(ui);
        let color = |answer: &[f32]| match task {
            Task::Classification { .. } => {
                let winner = answer.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
                let (class, share) = winner.unwrap_or((0, 0.0));
                let chance = 1.0 / answer.len().max(2) as f32;
                // At chance the network does not know, and the ground has no color.
                let sureness = ((share - chance) / (1.0 - chance)).clamp(0.0, 1.0);
                palette
                    .sunken
                    .lerp_to_gamma(palette.class(class), 0.1 * f32::from(u8::from(sureness > 0.0)) + 0.5 * sureness)
            }
            Task::Regression { .. } | Task::Reconstruction { .. } | Task::NextToken { .. } => {
                theme::diverging(palette, tone_of(answer.first().copied().unwrap_or(f32::NAN), heights))
            }
        };
        let width = task.outputs().max(1);
        let mut pixels: Vec<_> = predictions.answer.chunks_exact(width).map(color).collect();
        pixels.resize(SIDE * SIDE, palette.sunken);
        let image = ColorImage::new([SIDE, SIDE], pixels);
        let texture = match old {
            Some(mut old) => {
                old.texture.set(image, TextureOptions::LINEAR);
                old.texture
            }
            None => ui.ctx().load_texture("plane", image, TextureOptions::LINEAR),
        };
        Self { predictions: Arc::clone(predictions), is_dark: ui.visuals().dark_mode, texture }
    }
}

/// Room for the lowest and the highest number and what is between them.
const HEIGHTS: f32 = 124.0;

/// What the colors of a number mean.
pub fn height_legend_ui(ui: &mut Ui, target: &str, [low, high]: [f32; 2]) {
    let palette = Palette::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0 * GRID;
        let room = ui.available_width() - HEIGHTS;
        let name = name_ui(ui, target, theme::body_font(), palette.muted, room / 2.0);
        let width = (room - name.rect.width()).clamp(16.0, 96.0);
        ui.label(RichText::new(number_text(f64::from((low * 100.0).round() / 100.0))).color(palette.muted));
        let (ramp, _) = ui.allocate_exact_size(vec2(width, 10.0), Sense::hover());
        paint_ramp(ui.painter(), ramp, |share| theme::diverging(palette, share * 2.0 - 1.0));
        ui.label(RichText::new(number_text(f64::from((high * 100.0).round() / 100.0))).color(palette.muted));
    });
}
