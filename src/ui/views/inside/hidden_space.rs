//! Samples in the space of what a layer gives, by the two directions in which they differ most.

use std::sync::Arc;

use eframe::egui::{ComboBox, Label, RichText, Role, Sense, Ui, WidgetInfo, vec2};

use super::pane::{Pane, name_of};
use crate::data::{Dataset, TargetData, Task};
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::hidden_space::{HiddenSpace, HiddenSpaceQuery};
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::theme::{GRID, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::rows::label;
use crate::ui::widgets::numbers::{percent, significant};
use crate::ui::widgets::plane::{Dot, Plane, Tone, class_legend_ui, range_of};
use crate::ui::widgets::text::placeholder_ui;

/// A sample is pointed at from so many points away.
const NEAR: f32 = 10.0;

/// More classes than this repeat their colors.
const MOST_CLASSES: usize = 10;

/// The pane of the space of a layer.
#[derive(Default)]
pub struct HiddenSpacePane {
    /// The place that is shown; the last before the outputs if there is none.
    at: Option<usize>,
    dots: Option<(u64, Vec<Dot>)>,
}

impl Pane for HiddenSpacePane {
    fn id(&self) -> &'static str {
        "hidden_space"
    }

    fn label(&self) -> &'static str {
        "PCA"
    }

    fn hover(&self) -> &'static str {
        "Where the validation samples lie in what a layer gives"
    }

    fn help(&self) -> &'static str {
        "Each validation sample by what a layer gives for it, seen from where they differ most (PCA). Classes that lie apart are \
         told apart; click a sample to look at it."
    }

    fn ui(&mut self, ui: &mut Ui, latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        let InsideQuery { network, model, .. } = &latest.query;
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            placeholder_ui(ui, "The network reads other samples than those of the data.");
            return None;
        };
        let query = HiddenSpaceQuery { network: network.clone(), model: Arc::clone(model), dataset, at: self.at };
        let latest = cx.derived.hidden_space.ask(ui.ctx(), query);
        let Some((latest, space)) = latest.as_ref().and_then(|latest| Some((latest, latest.answer.as_ref()?))) else {
            placeholder_ui(ui, "The samples are on their way through the network.");
            return None;
        };
        self.layers_ui(ui, space);
        let dataset = Arc::clone(&latest.query.dataset);
        if let Task::Classification { classes } = &dataset.task
            && classes.len() <= MOST_CLASSES
        {
            class_legend_ui(ui, classes);
        }
        ui.add_space(GRID);
        self.plane_ui(ui, latest, space, &dataset)
    }
}

impl HiddenSpacePane {
    fn layers_ui(&mut self, ui: &mut Ui, space: &HiddenSpace) {
        ui.horizontal(|ui| {
            let combo = ComboBox::from_id_salt("layer").width(160.0).truncate();
            let combo = combo.selected_text(name_of(&space.places[space.at])).show_ui(ui, |ui| {
                for (at, place) in space.places.iter().enumerate().filter(|(_, place)| place.shape.len() > 1) {
                    if ui.selectable_label(at == space.at, name_of(place)).clicked() {
                        self.at = Some(at);
                    }
                }
            });
            combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Layer"));
            let text = format!("{} samples, {} numbers each", space.samples.len(), space.places[space.at].shape.len());
            ui.add(Label::new(RichText::new(text).color(Palette::of(ui).muted)).truncate());
        });
    }

    fn plane_ui(
        &mut self,
        ui: &mut Ui,
        latest: &Latest<HiddenSpaceQuery>,
        space: &HiddenSpace,
        dataset: &Dataset,
    ) -> Option<usize> {
        let Some(projection) = &space.projection else {
            placeholder_ui(ui, "This layer gives the same numbers for every sample.");
            return None;
        };
        if self.dots.as_ref().is_none_or(|(version, _)| *version != latest.version) {
            let tone = tones(dataset, &space.samples);
            let dots = projection.points.iter().enumerate().map(|(at, point)| Dot { at: *point, tone: tone(at) });
            self.dots = Some((latest.version, dots.collect()));
        }
        let (_, dots) = self.dots.as_ref()?;
        let ranges = [0, 1].map(|axis| range_of(projection.points.iter().map(|point| point[axis])));
        let [first, second] = projection.explained.map(percent);
        let names = [format!("component 1, {first} of the variance"), format!("component 2, {second}")];
        let plane = Plane::new("Hidden space", [&names[0], &names[1]], ranges, dots).sense(Sense::click());
        let (response, transform) = plane.show_with_transform(ui);
        let pointer = response.hover_pos()?;
        let distance = |point: &[f32; 2]| {
            let x = transform.position_from_point_x(f64::from(point[0]));
            let y = transform.position_from_point_y(f64::from(point[1]));
            (vec2(x, y) - pointer.to_vec2()).length()
        };
        let distances = projection.points.iter().map(distance).enumerate();
        let (nearest, _) = distances.min_by(|one, other| one.1.total_cmp(&other.1)).filter(|it| it.1 < NEAR)?;
        let sample = space.samples[nearest] as usize;
        let is_clicked = response.clicked();
        response.on_hover_text_at_pointer(format!("sample {}, {}", sample + 1, truth(dataset, sample)));
        is_clicked.then_some(sample)
    }
}

/// The true class or number of a sample.
fn truth(dataset: &Dataset, sample: usize) -> String {
    match &dataset.train.targets {
        TargetData::Numbers { width, values } => {
            values.get(sample * width).map_or_else(String::new, |it| significant(*it))
        }
        TargetData::Classes(_) | TargetData::Itself { .. } => label(dataset, sample),
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
        TargetData::Itself { .. } => Box::new(|_| Tone::Plain),
    }
}
