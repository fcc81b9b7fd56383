//! Samples in the space of what a layer gives: by the two directions in which they differ most, or so that neighbors stay neighbors.

use std::sync::Arc;

use eframe::egui::{ComboBox, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::pane::{Pane, PlotRoom, name_of};
use super::pinned::Pinned;
use crate::data::{Dataset, TargetData, Task};
use crate::explain::tsne::ITERATIONS;
use crate::language::tr;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::hidden_space::{Embedding, EmbeddingQuery, HiddenSpace, HiddenSpaceQuery};
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::state::session::Status;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::rows::label;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::number_field::number_field_ui;
use crate::ui::widgets::numbers::{percent, significant, thousands};
use crate::ui::widgets::plane::{Dot, Plane, Tone, class_legend_ui, range_of};
use crate::ui::widgets::slider::{Division, Slider};
use crate::ui::widgets::text::{caption_ui, placeholder_ui};

/// A sample is pointed at from so many points away.
const NEAR: f32 = 10.0;

/// More classes than this repeat their colors.
const MOST_CLASSES: usize = 10;

/// About how many neighbors a sample has in t-SNE.
const PERPLEXITY: f64 = 30.0;

/// From this width on the settings stand in one row.
const BESIDE: f32 = 420.0;

/// How many numbers become two.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Method {
    #[default]
    Pca,
    Tsne,
}

/// The pane of the space of a layer.
pub struct HiddenSpacePane {
    method: Method,
    /// The place that is shown; the last before the outputs if there is none.
    at: Option<usize>,
    perplexity: f64,
    /// How often the embedding was gone on with.
    round: usize,
    pinned: Pinned<HiddenSpaceQuery>,
    dots: Option<(Method, u64, Vec<Dot>)>,
}

impl Default for HiddenSpacePane {
    fn default() -> Self {
        Self {
            method: Method::default(),
            at: None,
            perplexity: PERPLEXITY,
            round: 0,
            pinned: Pinned::default(),
            dots: None,
        }
    }
}

/// Samples that have become points of the plane.
struct Points<'a> {
    /// How they were found. The choice may have been another one in this very frame.
    method: Method,
    space: &'a HiddenSpace,
    dataset: &'a Dataset,
    /// Nothing where all samples are the same.
    points: Option<&'a [[f32; 2]]>,
    axes: [String; 2],
    version: u64,
}

impl Pane for HiddenSpacePane {
    fn id(&self) -> &'static str {
        "hidden_space"
    }

    fn label(&self) -> &'static str {
        "Hidden space"
    }

    fn hover(&self) -> &'static str {
        "Where the validation samples lie in what a layer gives"
    }

    fn help(&self) -> &'static str {
        match self.method {
            Method::Pca => {
                "Each validation sample by what a layer gives for it, seen from where they differ most (PCA). Classes that lie \
                 apart are told apart; click a sample to look at it."
            }
            Method::Tsne => {
                "Each validation sample by what a layer gives for it, moved until those that are near in the layer are near here \
                 (t-SNE). Groups are told apart; their sizes and distances say little. Click a sample to look at it."
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        let InsideQuery { network, model, .. } = &latest.query;
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            placeholder_ui(ui, "The network reads other samples than those of the data.");
            return None;
        };
        let query = HiddenSpaceQuery { network: network.clone(), model: Arc::clone(model), dataset, at: self.at };
        match self.method {
            Method::Pca => self.pca_ui(ui, query, cx),
            Method::Tsne => self.tsne_ui(ui, query, cx),
        }
    }
}

impl HiddenSpacePane {
    fn pca_ui(&mut self, ui: &mut Ui, query: HiddenSpaceQuery, cx: &mut Cx<'_>) -> Option<usize> {
        let latest = cx.derived.hidden_space.ask(ui.ctx(), query);
        let found = latest.as_ref().and_then(|latest| Some((latest, latest.answer.as_ref()?)));
        self.choices_ui(ui, found.map(|(_, found)| &found.space));
        let Some((latest, found)) = found else {
            placeholder_ui(ui, "The samples are on their way through the network.");
            return None;
        };
        let axes = found.projection.as_ref().map(|projection| {
            let [first, second] = projection.explained.map(percent);
            [format!("component 1, {first} of the variance"), format!("component 2, {second}")]
        });
        let points = Points {
            method: Method::Pca,
            space: &found.space,
            dataset: &latest.query.dataset,
            points: found.projection.as_ref().map(|projection| &projection.points[..]),
            axes: axes.unwrap_or_default(),
            version: latest.version,
        };
        self.plane_ui(ui, &points)
    }

    fn tsne_ui(&mut self, ui: &mut Ui, query: HiddenSpaceQuery, cx: &mut Cx<'_>) -> Option<usize> {
        let is_beside_run = matches!(cx.session.status, Status::Running);
        // A run that goes on has new weights with every step: each embedding is brought to its end.
        let may_wait = is_beside_run && cx.session.visited().is_none();
        let of = self.pinned.of(query, may_wait, HiddenSpaceQuery::is_alike);
        let query = EmbeddingQuery { of, perplexity: self.perplexity as u32, round: self.round, is_beside_run };
        let latest = cx.derived.embedding.ask(ui.ctx(), query.clone());
        let found = latest.as_ref().and_then(|latest| Some((latest, latest.answer.as_ref()?)));
        self.choices_ui(ui, found.map(|(_, found)| &*found.space));
        let Some((latest, found)) = found else {
            placeholder_ui(ui, "The samples are on their way through the network.");
            return None;
        };
        let is_done = found.embedding.as_ref().is_none_or(|embedding| embedding.is_done);
        if latest.query.is_same_embedding(&query) {
            self.round = latest.query.round + usize::from(!is_done);
            self.pinned.is_done = is_done;
            if !is_done {
                cx.derived.embedding.ask(ui.ctx(), EmbeddingQuery { round: self.round, ..query });
            }
        }
        if let Some(embedding) = &found.embedding {
            let text = progress(embedding, &latest.query.of.network, is_beside_run);
            ui.add(Label::new(RichText::new(tr(text)).color(Palette::of(ui).muted)).wrap());
        }
        let points = Points {
            method: Method::Tsne,
            space: &found.space,
            dataset: &latest.query.of.dataset,
            points: found.embedding.as_ref().map(|embedding| &embedding.points[..]),
            axes: ["t-SNE 1", "t-SNE 2"].map(str::to_owned),
            version: latest.version,
        };
        self.plane_ui(ui, &points)
    }

    /// The method and its setting, the layer, and which samples are looked at.
    fn choices_ui(&mut self, ui: &mut Ui, space: Option<&HiddenSpace>) {
        let methods = [
            (Method::Pca, "PCA", "The two directions in which the samples differ most: principal component analysis"),
            (Method::Tsne, "t-SNE", "Neighbors stay neighbors: t-distributed stochastic neighbor embedding"),
        ];
        let is_wide = ui.available_width() > BESIDE;
        ui.horizontal(|ui| {
            segmented_ui(ui, &mut self.method, &methods);
            if self.method == Method::Tsne {
                let slider = Slider::new("Perplexity", 2.0..=100.0, PERPLEXITY, Division::Whole);
                caption_ui(ui, "perplexity");
                let field = number_field_ui(ui, &slider, vec2(48.0, ROW), &mut self.perplexity);
                field.on_hover_text(tr(
                    "About how many neighbors a sample has. Few show small groups, many the arrangement of large ones.",
                ));
            }
            if let Some(space) = space.filter(|_| is_wide) {
                self.layers_ui(ui, space);
            }
        });
        if let Some(space) = space {
            if !is_wide {
                ui.horizontal(|ui| self.layers_ui(ui, space));
            }
            ui.add(Label::new(RichText::new(tr(count(space))).color(Palette::of(ui).muted)).wrap());
        }
    }

    fn layers_ui(&mut self, ui: &mut Ui, space: &HiddenSpace) {
        let combo = ComboBox::from_id_salt("layer").width(160.0_f32.min(ui.available_width())).truncate();
        let combo = combo.selected_text(tr(name_of(&space.places[space.at]))).show_ui(ui, |ui| {
            for (at, place) in space.places.iter().enumerate().filter(|(_, place)| place.shape.len() > 1) {
                if ui.selectable_label(at == space.at, tr(name_of(place))).clicked() {
                    self.at = Some(at);
                }
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Layer")));
    }

    /// The samples in the plane; gives the one that was clicked.
    fn plane_ui(&mut self, ui: &mut Ui, found: &Points<'_>) -> Option<usize> {
        let Some(points) = found.points else {
            placeholder_ui(ui, "This layer gives the same numbers for every sample.");
            return None;
        };
        PlotRoom::below(ui, |ui, room| {
            if let Task::Classification { classes } = &found.dataset.task
                && classes.len() <= MOST_CLASSES
            {
                class_legend_ui(ui, classes);
            }
            ui.add_space(GRID);
            room.show(ui, |ui| self.dots_ui(ui, found, points))
        })
    }

    fn dots_ui(&mut self, ui: &mut Ui, found: &Points<'_>, points: &[[f32; 2]]) -> Option<usize> {
        let Points { method, space, dataset, axes, version, .. } = found;
        let is_drawn = self.dots.as_ref().is_some_and(|(by, of, _)| (by, of) == (method, version));
        if !is_drawn {
            let tone = tones(dataset, &space.samples);
            let dots = points.iter().enumerate().map(|(at, point)| Dot::new(*point, tone(at)));
            self.dots = Some((*method, *version, dots.collect()));
        }
        let (.., dots) = self.dots.as_ref()?;
        let ranges = [0, 1].map(|axis| range_of(points.iter().map(|point| point[axis])));
        let plane =
            Plane::new("Samples in the space of the layer", [&axes[0], &axes[1]], ranges, dots).sense(Sense::click());
        let (response, transform) = plane.show_with_transform(ui);
        let pointer = response.hover_pos()?;
        let distance = |point: &[f32; 2]| {
            let x = transform.position_from_point_x(f64::from(point[0]));
            let y = transform.position_from_point_y(f64::from(point[1]));
            (vec2(x, y) - pointer.to_vec2()).length()
        };
        let distances = points.iter().map(distance).enumerate();
        let (nearest, _) = distances.min_by(|one, other| one.1.total_cmp(&other.1)).filter(|it| it.1 < NEAR)?;
        let sample = space.samples[nearest] as usize;
        let is_clicked = response.clicked();
        response.on_hover_text_at_pointer(format!("sample {}, {}", sample + 1, truth(dataset, sample)));
        is_clicked.then_some(sample)
    }
}

/// "500 of 6,000 validation samples, 128 numbers each"
fn count(space: &HiddenSpace) -> String {
    let [count, all] = [space.samples.len(), space.of].map(|count| thousands(count as f64));
    let among = if space.samples.len() < space.of { format!("{count} of {all}") } else { count };
    let whose = if space.are_held_out { "validation" } else { "training" };
    format!("{among} {whose} samples, {} numbers each", thousands(space.places[space.at].shape.len() as f64))
}

/// "iteration 340 of 1,000, KL divergence 0.82 at perplexity 30"
fn progress(embedding: &Embedding, network: &TrainedNetwork, is_beside_run: bool) -> String {
    let [done, all] = [embedding.iterations, ITERATIONS].map(|count| thousands(count as f64));
    let moment = match network {
        TrainedNetwork::Run(_, snapshot) if is_beside_run => {
            format!(", weights of step {}", thousands(snapshot.step as f64))
        }
        _ => String::new(),
    };
    let [divergence, perplexity] = [embedding.divergence, embedding.perplexity].map(significant);
    format!("iteration {done} of {all}, KL divergence {divergence} at perplexity {perplexity}{moment}")
}

/// The true class or number of a sample.
fn truth(dataset: &Dataset, sample: usize) -> String {
    match &dataset.train.targets {
        TargetData::Numbers { width, values } => {
            values.get(sample * width).map_or_else(String::new, |it| significant(*it))
        }
        TargetData::Classes(_) | TargetData::Itself { .. } | TargetData::Steps { .. } => label(dataset, sample),
    }
}

/// The color of each sample: that of its class, or of its number from the lowest to the highest.
fn tones<'a>(dataset: &'a Dataset, samples: &'a [u32]) -> Box<dyn Fn(usize) -> Tone + 'a> {
    match &dataset.train.targets {
        TargetData::Classes(classes) => Box::new(|at| Tone::Class(usize::from(classes[samples[at] as usize]))),
        TargetData::Numbers { width, values } => {
            let of = |at: usize| values[samples[at] as usize * width];
            let range = range_of((0..samples.len()).map(of));
            let (low, high) = (*range.start(), *range.end());
            Box::new(move |at| {
                let value = values[samples[at] as usize * width];
                Tone::Value(((value - low) / (high - low) * 2.0 - 1.0) as f32)
            })
        }
        TargetData::Itself { .. } | TargetData::Steps { .. } => Box::new(|_| Tone::Plain),
    }
}
