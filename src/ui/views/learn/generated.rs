//! What a generator makes of fixed noise: images side by side, points over those of the data, or rows.

use std::ops::RangeInclusive;
use std::sync::Arc;

use eframe::egui::{
    Align2, ColorImage, Label, Rect, RichText, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};
use egui_material_icons::icons::ICON_CASINO;

use crate::data::Dataset;
use crate::language::tr;
use crate::train::heads::Results;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::discriminator::{ARROWS, DiscriminatorQuery};
use crate::ui::jobs::modes::{Modes, ModesQuery};
use crate::ui::jobs::plane::{SIDE, places};
use crate::ui::jobs::samples::{GeneratedSamples, SamplesQuery};
use crate::ui::state::subject::{identity, is_plane, plane_of};
use crate::ui::state::table::table_columns;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, Palette};
use crate::ui::views::cx::Cx;
use crate::ui::views::parts::plane::{height_legend_ui, tone_of};
use crate::ui::views::parts::rows::heads_of;
use crate::ui::widgets::button::icon_button_ui;
use crate::ui::widgets::cell::cell_ui;
use crate::ui::widgets::data_table::data_table_ui;
use crate::ui::widgets::image_sheet::{ImageSheet, Sheet};
use crate::ui::widgets::numbers::significant;
use crate::ui::widgets::plane::{self, Arrow, Dot, MOST_DOTS, Plane, Tone, legend_ui, thinned};
use crate::ui::widgets::text::{caption_ui, heading_ui, placeholder_ui};
use backprop_nn::Shape;
use backprop_nn::loss::AdversarialLoss;

/// Height of what is said of the classes, of their bars, and of the names below these.
const MODES: f32 = 124.0;
const BARS: f32 = 56.0;
const LABEL: f32 = 18.0;

#[derive(Default)]
pub struct GeneratedView {
    sheet: ImageSheet,
    cloud: Option<Cloud>,
    ground: Option<Ground>,
}

/// What the discriminator gives, as an image under the points, and where it pushes them.
struct Ground {
    answered: Arc<Latest<DiscriminatorQuery>>,
    is_dark: bool,
    texture: TextureHandle,
    arrows: Vec<Arrow>,
    /// The range of what is shown.
    range: [f32; 2],
}

/// The points of a data set, and over them those that were generated last.
struct Cloud {
    identity: u64,
    ranges: [RangeInclusive<f64>; 2],
    data: Vec<Dot>,
    version: u64,
    dots: Vec<Dot>,
}

impl GeneratedView {
    pub fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let network = cx.network().filter(|network| network.head().results() == Results::Samples);
        let query = network.map(|network| SamplesQuery { network, noise: cx.playground.noise });
        let answered = query.and_then(|query| cx.derived.samples.ask(ui.ctx(), query));
        heading_ui(ui, "Samples", |ui| {
            let help = format!(
                "Draws other noise; backprop generate --seed {} makes the samples that are shown",
                cx.playground.noise
            );
            if icon_button_ui(ui, ICON_CASINO, "Other noise").on_hover_text(tr(help)).clicked() {
                cx.playground.noise += 1;
            }
            if let Some(answered) = &answered {
                caption_ui(ui, &format!("noise seed {}", answered.query.noise));
            }
        });
        let Some(answered) = answered else { return placeholder_ui(ui, &announcement(cx)) };
        let Latest { query: SamplesQuery { network, noise }, answer: made, version, .. } = &*answered;
        if let Some(shape) = made.shape.as_image() {
            let name = format!("{} generated images, noise seed {noise}", made.count());
            let modes = modes_of(ui, cx, network, *noise);
            let room = ui.available_rect_before_wrap();
            let (images, below) = match modes {
                Some(_) => room.split_top_bottom_at_y((room.bottom() - MODES).max(room.top() + MODES)),
                None => (room, Rect::NOTHING),
            };
            ui.advance_cursor_after_rect(room);
            cell_ui(ui, "generated images", images, |ui| {
                self.sheet.ui(ui, &Sheet { name: &name, shape, values: &made.values, version: *version });
            });
            if let Some(modes) = modes.as_ref().and_then(|modes| modes.answer.as_ref()) {
                cell_ui(ui, "modes", below, |ui| modes_ui(ui, modes));
            }
            return;
        }
        match cx.subject.dataset.as_ref().filter(|dataset| is_plane(dataset) && made.shape == dataset.shape) {
            Some(dataset) => {
                let dataset = Arc::clone(dataset);
                self.plane_ui(ui, &dataset, &answered, cx);
            }
            None if made.shape.is_flat() => rows_ui(ui, made, network),
            None => placeholder_ui(ui, "These samples are sequences; save the run, and backprop generate writes them."),
        }
    }

    fn plane_ui(&mut self, ui: &mut Ui, dataset: &Arc<Dataset>, answered: &Latest<SamplesQuery>, cx: &mut Cx<'_>) {
        let Latest { query, answer: made, version, .. } = answered;
        let [identity, version] = [identity(dataset), *version];
        let known = self.cloud.take().filter(|cloud| cloud.identity == identity);
        let mut cloud = known.unwrap_or_else(|| Cloud::of(dataset));
        if cloud.version != version || cloud.dots.is_empty() {
            cloud.version = version;
            cloud.dots.clone_from(&cloud.data);
            cloud.dots.extend(dots(&made.values, Tone::Plain));
        }
        let entry = |tone, name| (Dot::new([0.0; 2], tone), name);
        legend_ui(ui, [entry(Tone::Faint, "data"), entry(Tone::Plain, "generated")].into_iter());
        let discriminated = match &query.network {
            TrainedNetwork::Run(job, snapshot) => {
                let (job, snapshot) = (Arc::clone(job), Arc::clone(snapshot));
                let query = DiscriminatorQuery { job, snapshot, ranges: cloud.ranges.clone() };
                cx.derived.discriminator.ask(ui.ctx(), query)
            }
            TrainedNetwork::Folder(_) => None,
        };
        self.ground = discriminated.and_then(|answered| Ground::update(self.ground.take(), ui, &answered));
        if let Some(ground) = &self.ground {
            height_legend_ui(ui, ground.name(), ground.range);
            let help = "The color is what the discriminator takes each place for; the arrows show where it pushes generated points.";
            ui.add(Label::new(RichText::new(tr(help)).color(Palette::of(ui).muted)).wrap());
        }
        let [x, y] =
            [0, 1].map(|at| dataset.features.get(at).map_or_else(|| (at + 1).to_string(), ToString::to_string));
        let name = format!("{} generated points, noise seed {}, over the data", made.count(), query.noise);
        let arrows = self.ground.as_ref().map_or(&[][..], |ground| &ground.arrows);
        let plane = Plane::new(&name, [&x, &y], cloud.ranges.clone(), &cloud.dots).arrows(arrows);
        plane.ground(self.ground.as_ref().map(Ground::placed)).show(ui);
        self.cloud = Some(cloud);
    }
}

impl Ground {
    /// What is shown of these outputs in the theme of `ui`; the old image if it is up to date.
    fn update(old: Option<Self>, ui: &Ui, answered: &Arc<Latest<DiscriminatorQuery>>) -> Option<Self> {
        let is_dark = ui.visuals().dark_mode;
        let is_shown = |ground: &Self| Arc::ptr_eq(&ground.answered, answered) && ground.is_dark == is_dark;
        if old.as_ref().is_some_and(is_shown) {
            return old;
        }
        let (query, found) = (&answered.query, answered.answer.as_ref()?);
        let is_log = query.job.adversary.as_ref()?.loss == AdversarialLoss::Log;
        let shown = |output: f32| if is_log { 1.0 / (1.0 + (-output).exp()) } else { output };
        let ends = |(low, high): (f32, f32), output: &f32| (low.min(*output), high.max(*output));
        let (low, high) = found.outputs.iter().fold((f32::INFINITY, f32::NEG_INFINITY), ends);
        let range = if is_log { [0.0, 1.0] } else { [low, high] };
        let palette = Palette::of(ui);
        let color = |output: &f32| theme::diverging(palette, tone_of(shown(*output), range)).gamma_multiply(0.6);
        let image = ColorImage::new([SIDE, SIDE], found.outputs.iter().map(color).collect());
        let texture = ui.ctx().load_texture("discriminator", image, TextureOptions::LINEAR);
        let ranges = &query.ranges;
        let width = [0, 1].map(|axis: usize| (ranges[axis].end() - ranges[axis].start()) as f32);
        // In shares of the plane, so that the longest arrow fills its cell.
        let lengths = found.gradients.iter().map(|by| (by[0] * width[0]).hypot(by[1] * width[1]));
        let longest = lengths.fold(f32::MIN_POSITIVE, f32::max);
        let scale = 1.0 / (longest * ARROWS as f32);
        let places: Vec<[f32; 2]> =
            places(ranges, ARROWS).chunks_exact(2).map(|at| [at[0] as f32, at[1] as f32]).collect();
        let arrow = |(at, by): ([f32; 2], &[f32; 2])| Arrow {
            at,
            by: [0, 1].map(|axis| by[axis] * width[axis] * width[axis] * scale),
        };
        let arrows = places.into_iter().zip(&found.gradients).map(arrow).collect();
        Some(Self { answered: Arc::clone(answered), is_dark, texture, arrows, range })
    }

    fn name(&self) -> &'static str {
        let loss = self.answered.query.job.adversary.as_ref().map(|adversary| adversary.loss);
        if loss == Some(AdversarialLoss::Log) { "probability of being real" } else { "discriminator" }
    }

    fn placed(&self) -> plane::Ground {
        plane::Ground { picture: self.texture.id(), ranges: self.answered.query.ranges.clone() }
    }
}

/// Asks which digits are generated, where the built-in classifier reads them.
fn modes_of(ui: &Ui, cx: &mut Cx<'_>, network: &TrainedNetwork, noise: u64) -> Option<Arc<Latest<ModesQuery>>> {
    let dataset = cx.subject.dataset.clone()?;
    let classifier = cx.networks.built_in.as_ref()?.as_ref().ok()?.clone();
    if dataset.task.classes() != classifier.data.task.classes() {
        return None;
    }
    let query = ModesQuery { network: network.clone(), noise, classifier, dataset };
    cx.derived.modes.ask(ui.ctx(), query)
}

/// A bar for each class, and what they and the nearest training images tell.
fn modes_ui(ui: &mut Ui, modes: &Modes) {
    let palette = Palette::of(ui);
    let all = modes.counts.iter().sum::<u32>().max(1);
    let most = modes.counts.iter().copied().max().unwrap_or(0).max(1);
    // A tenth of its share is as good as none.
    let rare = |count: &u32| *count as usize * modes.counts.len() * 10 < all as usize;
    let missing: Vec<String> =
        modes.counts.iter().enumerate().filter(|(_, count)| rare(count)).map(|(class, _)| class.to_string()).collect();
    let width = ui.available_width();
    let (rect, response) = ui.allocate_exact_size(vec2(width, BARS), Sense::hover());
    let step = (width / modes.counts.len().max(1) as f32).min(48.0);
    let left = rect.center().x - step * modes.counts.len() as f32 / 2.0;
    for (class, count) in modes.counts.iter().enumerate() {
        let x = left + step * (class as f32 + 0.5);
        let bottom = rect.bottom() - LABEL;
        let height = (*count as f32 / most as f32 * (BARS - LABEL)).max(1.0);
        let bar = Rect::from_min_max(pos2(x - step * 0.35, bottom - height), pos2(x + step * 0.35, bottom));
        ui.painter().rect_filled(bar, 1.0, if rare(count) { palette.warning } else { palette.train });
        let text = (pos2(x, rect.bottom()), Align2::CENTER_BOTTOM, class.to_string());
        ui.painter().text(text.0, text.1, tr(text.2), theme::body_font(), palette.muted);
    }
    let shares: Vec<String> =
        modes.counts.iter().enumerate().map(|(class, count)| format!("{class}: {count}")).collect();
    let name = format!("Classes of {all} generated digits: {}", shares.join(", "));
    response.widget_info(|| WidgetInfo::labeled(Role::Figure, true, tr(&name)));
    response.on_hover_text(tr(&name));
    let variety = match &missing[..] {
        [] => format!("All digits are among {all} samples, says the built-in classifier."),
        some => {
            format!("Hardly any {} among {all} samples, says the built-in classifier: mode collapse.", some.join(", "))
        }
    };
    let near = match &modes.distances[..] {
        [] => String::new(),
        distances => format!(
            " Nearest training image: {} at the least, {} in the middle (RMS of pixels).",
            significant(distances[0]),
            significant(distances[distances.len() / 2])
        ),
    };
    ui.add(Label::new(RichText::new(tr(variety + &near)).color(palette.muted)).wrap());
}

impl Cloud {
    fn of(dataset: &Arc<Dataset>) -> Self {
        let samples = &dataset.train;
        // As many as leave room for the generated ones.
        let kept = thinned(samples.len(), MOST_DOTS / 2);
        let values: Vec<f32> = kept.flat_map(|at| samples.numbers_of(at)).map(|number| *number as f32).collect();
        let data = dots(&values, Tone::Faint).collect();
        Self { identity: identity(dataset), ranges: plane_of(dataset), data, version: 0, dots: Vec::new() }
    }
}

fn dots(values: &[f32], tone: Tone) -> impl Iterator<Item = Dot> {
    let (places, _) = values.as_chunks::<2>();
    places.iter().filter(|at| at.iter().all(|number| number.is_finite())).map(move |at| Dot::new(*at, tone))
}

/// Rows of a table, by the names of its features.
fn rows_ui(ui: &mut Ui, made: &GeneratedSamples, network: &TrainedNetwork) {
    let columns = table_columns(network.features(), made.shape.channels());
    let heads: Vec<_> = heads_of(&columns).collect();
    let values: Vec<f64> = made.values.iter().copied().map(f64::from).collect();
    let row = |at: usize| &values[at * made.shape.len()..][..made.shape.len()];
    data_table_ui(ui, "generated rows", &heads, made.count(), &|at, column| columns[column].text(row(at)));
}

/// What will be seen here as soon as there is a generator with weights.
fn announcement(cx: &Cx<'_>) -> String {
    let shape = cx.subject.dataset.as_ref().map_or(cx.session.shape(cx.project).0, |dataset| dataset.shape);
    let what = match shape {
        shape if shape.as_image().is_some() => "images that the generator makes from fixed noise",
        shape if shape == Shape::flat(2) => "generated points over those of the data",
        _ => "samples that the generator makes from fixed noise",
    };
    format!("While it trains this shows the {what}.")
}
