//! The loss around the present weights, along two directions, with the path of the run.

use eframe::egui::{Button, ComboBox, Label, RichText, Role, Sense, Ui, WidgetInfo, pos2, vec2};

use super::pane::{Pane, PlotRoom};
use super::pinned::Pinned;
use crate::language::tr;
use crate::train::Subset;
use crate::ui::jobs::derived::Latest;
use crate::ui::jobs::inside::{Inside, InsideQuery};
use crate::ui::jobs::landscape::{Along, Landscape, LandscapeOf, LandscapeQuery, MomentOfRun};
use crate::ui::state::session::Status;
use crate::ui::state::trained_network::TrainedNetwork;
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::chart_file::csv_text;
use crate::ui::widgets::height_map::{HeightMap, Heights, levels_text, paint_way};
use crate::ui::widgets::numbers::{percent, significant, thousands};
use crate::ui::widgets::plane::{Dot, Plane, Tone};
use crate::ui::widgets::scale::paint_ramp;
use crate::ui::widgets::text::{caption_ui, placeholder_ui};

/// Rows and columns to choose from; each is a grid within the next one.
const SIDES: [usize; 3] = [17, 33, 65];

/// Moments of the run that its path is drawn with, besides the first.
const MOMENTS: u64 = 40;

/// A moment is pointed at from so many points away.
const NEAR: f32 = 8.0;

/// From these widths on all settings stand in one row, or in two.
const BESIDE: f32 = 680.0;
const HALF: f32 = 400.0;

/// The pane of the landscape.
pub struct LandscapePane {
    is_along_path: bool,
    seed: u64,
    subset: Subset,
    side: usize,
    /// How often it was gone on with.
    round: usize,
    pinned: Pinned<LandscapeOf>,
}

impl Default for LandscapePane {
    fn default() -> Self {
        let [_, side, _] = SIDES;
        Self { is_along_path: false, seed: 1, subset: Subset::Train, side, round: 0, pinned: Pinned::default() }
    }
}

impl Pane for LandscapePane {
    fn id(&self) -> &'static str {
        "landscape"
    }

    fn label(&self) -> &'static str {
        "Landscape"
    }

    fn hover(&self) -> &'static str {
        "The loss around the weights of this moment"
    }

    fn help(&self) -> &'static str {
        "The loss when all weights move together along two directions, away from where they are now (the ring): the stronger the \
         color, the higher, and lines join equal losses. Batch normalization keeps its moving averages."
    }

    fn ui(&mut self, ui: &mut Ui, _latest: &Latest<InsideQuery>, _inside: &Inside, cx: &mut Cx<'_>) -> Option<usize> {
        self.landscape_ui(ui, cx);
        None
    }
}

impl LandscapePane {
    /// That of the network of the run, or of the one that was opened.
    fn landscape_ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(network) = cx.network() else {
            return placeholder_ui(
                ui,
                "This network has no weights yet. Press Train, and the loss around them is seen while it learns.",
            );
        };
        let Some(dataset) = cx.subject.dataset.clone().filter(|dataset| network.reads(dataset)) else {
            return placeholder_ui(ui, "The network reads other samples than those of the data.");
        };
        let has_validation = match &network {
            TrainedNetwork::Run(job, _) => !job.split.validation.is_empty(),
            TrainedNetwork::Folder(folder) => folder.project.data.validation > 0.0,
        };
        if !has_validation {
            self.subset = Subset::Train;
        }
        self.choices_ui(ui, has_validation);
        let moments = if self.is_along_path { moments(&network, cx) } else { Vec::new() };
        if self.is_along_path && moments.len() < 3 {
            return placeholder_ui(
                ui,
                "A path needs three moments of a run. Train, and it is drawn while the network learns.",
            );
        }
        let along = if self.is_along_path { Along::Path(moments) } else { Along::Random { seed: self.seed } };
        let newest = LandscapeOf { network, dataset, subset: self.subset, along, side: self.side };
        let is_beside_run = matches!(cx.session.status, Status::Running);
        // A run that goes on has new weights with every step: each landscape is measured to its end.
        let may_wait = is_beside_run && cx.session.visited().is_none();
        let of = self.pinned.of(newest, may_wait, LandscapeOf::is_alike);
        let query = LandscapeQuery { of, round: self.round, is_beside_run };
        let Some(latest) = cx.derived.landscape.ask(ui.ctx(), query.clone()) else {
            return placeholder_ui(ui, "The loss is being measured.");
        };
        let is_done = latest.answer.as_ref().is_none_or(Landscape::is_done);
        if latest.query.of == query.of {
            self.round = latest.query.round + usize::from(!is_done);
            self.pinned.is_done = is_done;
            if !is_done {
                cx.derived.landscape.ask(ui.ctx(), LandscapeQuery { round: self.round, ..query });
            }
        }
        match &latest.answer {
            Some(found) if found.side > 0 => {
                PlotRoom::below(ui, |ui, room| found_ui(ui, room, &latest.query.of, found));
            }
            Some(_) => placeholder_ui(ui, "The loss is being measured."),
            None if self.is_along_path => placeholder_ui(
                ui,
                "The moments of this run lie on one line, or are no numbers: there is no plane to look at.",
            ),
            None => placeholder_ui(ui, "There are no such samples."),
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, has_validation: bool) {
        match ui.available_width() {
            width if width > BESIDE => drop(ui.horizontal(|ui| {
                self.directions_ui(ui);
                self.subsets_ui(ui, has_validation);
                self.resolution_ui(ui);
            })),
            width if width > HALF => {
                ui.horizontal(|ui| {
                    self.directions_ui(ui);
                    self.resolution_ui(ui);
                });
                self.subsets_ui(ui, has_validation);
            }
            _ => {
                self.directions_ui(ui);
                self.subsets_ui(ui, has_validation);
                ui.horizontal(|ui| self.resolution_ui(ui));
            }
        }
    }

    fn directions_ui(&mut self, ui: &mut Ui) {
        let directions = [
            (false, "Random", "Two random directions, each filter as long as that of the weights (Li et al. 2018)"),
            (true, "Path of the run", "The two directions in which the weights have moved most, and their path"),
        ];
        segmented_ui(ui, &mut self.is_along_path, &directions);
    }

    fn subsets_ui(&mut self, ui: &mut Ui, has_validation: bool) {
        let subsets = [
            (Subset::Train, "Training loss", "The loss of training samples"),
            (Subset::Validation, "Validation loss", "The loss of validation samples"),
        ];
        if has_validation {
            segmented_ui(ui, &mut self.subset, &subsets);
        }
    }

    /// How finely it is measured, and along which of all random directions.
    fn resolution_ui(&mut self, ui: &mut Ui) {
        let text = |side: usize| format!("{side}×{side}");
        let combo = ComboBox::from_id_salt("resolution").width(72.0).selected_text(tr(text(self.side)));
        let combo = combo.show_ui(ui, |ui| {
            for side in SIDES {
                ui.selectable_value(&mut self.side, side, tr(text(side)));
            }
        });
        combo.response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, tr("Resolution")));
        if !self.is_along_path {
            let others = ui.add(Button::new(tr("Other directions")).min_size(vec2(0.0, ROW)));
            if others.on_hover_text(tr("Two other random directions")).clicked() {
                self.seed += 1;
            }
        }
    }
}

/// The moments of the run that are kept, and the one that is shown.
fn moments(network: &TrainedNetwork, cx: &Cx<'_>) -> Vec<MomentOfRun> {
    let TrainedNetwork::Run(_, shown) = network else { return Vec::new() };
    let mut moments = cx.session.timeline.overview(MOMENTS);
    let at = moments.partition_point(|moment| moment.step < shown.step);
    if moments.get(at).is_none_or(|moment| moment.step != shown.step) {
        moments.insert(at, shown.clone());
    }
    moments.into_iter().map(MomentOfRun).collect()
}

fn found_ui(ui: &mut Ui, room: PlotRoom, of: &LandscapeOf, found: &Landscape) {
    let palette = Palette::of(ui);
    let muted = |text: String| Label::new(RichText::new(tr(text)).color(palette.muted)).wrap();
    ui.add(muted(count(of, found)));
    let Some(heights) = Heights::of(&found.losses) else {
        return placeholder_ui(ui, "No loss around these weights is a finite number.");
    };
    ui.horizontal(|ui| {
        caption_ui(ui, &format!("loss {}", significant(heights.bounds[0])));
        let (ramp, _) = ui.allocate_exact_size(vec2(96.0, 10.0), Sense::hover());
        paint_ramp(ui.painter(), ramp, |share| theme::amount(palette, share));
        caption_ui(ui, &significant(heights.bounds[1]));
    });
    let levels = levels_text(&heights);
    if !levels.is_empty() {
        ui.add(muted(levels));
    }
    ui.add_space(GRID);
    room.show(ui, |ui| plane_ui(ui, found, &heights));
}

/// The heights with the path over them.
fn plane_ui(ui: &mut Ui, found: &Landscape, heights: &Heights) {
    let palette = Palette::of(ui);
    let map = HeightMap { ranges: &found.ranges, side: found.side, values: &found.losses };
    let names = match found.explained {
        Some(explained) => {
            let [first, second] = explained.map(percent);
            [format!("principal direction 1, {first} of the variance of the path"), format!("direction 2, {second}")]
        }
        None => ["random direction 1".to_owned(), "random direction 2".to_owned()],
    };
    let way = || found.path.iter().map(|(_, point)| *point);
    let dots: Vec<Dot> = way().map(|point| Dot::new(point.map(|at| at as f32), Tone::Plain)).collect();
    let csv = || {
        let head = [names[0].clone(), names[1].clone(), "loss".to_owned()];
        csv_text(std::iter::once(head).chain(map.rows()))
    };
    let under = |painter: &eframe::egui::Painter, transform: &egui_plot::PlotTransform| {
        map.paint(painter, transform, palette, heights);
        let places = way().map(|[x, y]| pos2(transform.position_from_point_x(x), transform.position_from_point_y(y)));
        paint_way(painter, places.collect(), palette);
    };
    let plane = Plane::new("Loss landscape", [&names[0], &names[1]], found.ranges.clone(), &dots);
    let (response, transform) = plane.mark(Some([0.0, 0.0])).under(&under).csv(&csv).show_with_transform(ui);
    let Some(pointer) = response.hover_pos() else { return };
    let distance = |[x, y]: [f64; 2]| {
        let place = pos2(transform.position_from_point_x(x), transform.position_from_point_y(y));
        place.distance(pointer)
    };
    let moments = found.path.iter().map(|(step, point)| (*step, distance(*point)));
    let nearest = moments.min_by(|one, other| one.1.total_cmp(&other.1)).filter(|(_, distance)| *distance < NEAR);
    let value = transform.value_from_position(pointer);
    let Some(loss) = map.at([value.x, value.y]) else { return };
    let [x, y, loss] = [value.x, value.y, loss].map(significant);
    let moment = nearest.map_or_else(String::new, |(step, _)| format!("step {} of the run, ", thousands(step as f64)));
    response.on_hover_text_at_pointer(format!("{moment}loss {loss} at {x}, {y}"));
}

/// "loss 0.31 at step 340, of 256 of 5,400 training samples; 289 of 1,089 places measured"
fn count(of: &LandscapeOf, found: &Landscape) -> String {
    let [samples, all] = [found.samples, found.of].map(|count| thousands(count as f64));
    let among = if found.samples < found.of { format!("{samples} of {all}") } else { samples };
    let whose = if of.subset == Subset::Validation { "validation" } else { "training" };
    let [done, places] = found.progress.map(|count| thousands(count as f64));
    let progress = if found.is_done() { format!("{places} places") } else { format!("{done} of {places} places") };
    let moment = match &of.network {
        TrainedNetwork::Run(_, snapshot) => format!(" at step {}", thousands(snapshot.step as f64)),
        TrainedNetwork::Folder(_) => String::new(),
    };
    format!("loss {}{moment}, of {among} {whose} samples; {progress} measured", significant(found.present))
}
