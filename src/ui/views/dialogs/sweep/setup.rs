//! Which settings are searched, and how.

use eframe::egui::{Align, Button, Label, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_material_icons::icons::ICON_CLOSE;

use super::super::dialog::Next;
use crate::data::{Augment, Dataset};
use crate::language::tr;
use crate::project::Project;
use crate::runs::search::space::name_of;
use crate::runs::search::{Dimension, Method, SweepPlan};
use crate::ui::theme::{self, GRID, Palette, ROW};
use crate::ui::widgets::button::{icon_button_ui, primary_button_ui, segmented_ui};
use crate::ui::widgets::slider::{Division, Slider};
use backprop_nn::Shape;

/// Height of the list of settings.
const LIST: f32 = 260.0;
/// Width of the list of settings that can be searched, and of a range.
const OFFERED: f32 = 220.0;
const RANGE: f32 = 200.0;

const HELP: &str = "Each setting is searched in a range LOW..HIGH, or a list A,B,C. Every trial is a training with other values, \
                    evaluated on the validation samples; the test samples are not used, and the project stays as it is.";

const METHODS: [(Method, &str, &str); 4] = [
    (Method::Random, "Random", "Values are drawn from their ranges."),
    (
        Method::Grid,
        "Grid",
        "Every combination: all values of a list, three of a range, or as many as LOW..HIGH:POINTS says.",
    ),
    (
        Method::Halving,
        "Halving",
        "Successive halving: all trials for a few epochs; the best third goes on for three times as many.",
    ),
    (Method::Tpe, "TPE", "Tree-structured Parzen estimator: ten trials by chance, then where the good ones have been."),
];

/// What is chosen so far.
pub struct Setup {
    /// A setting each: its key, and its range as it is typed.
    rows: Vec<(String, String)>,
    method: Method,
    trials: f64,
}

impl Setup {
    /// The learning rate around its value.
    pub fn new(project: &Project) -> Self {
        let rate = Dimension::around(project, "training.learning_rate").and_then(split);
        Self { rows: rate.into_iter().collect(), method: Method::Random, trials: 30.0 }
    }

    /// Draws it; what is to be searched, when it is to begin.
    pub fn ui(&mut self, ui: &mut Ui, project: &Project, dataset: &Dataset) -> (Next, Option<SweepPlan>) {
        ui.add(Label::new(RichText::new(tr(HELP)).color(Palette::of(ui).muted)).wrap());
        ui.add_space(2.0 * GRID);
        let width = ui.available_width();
        ui.allocate_ui_with_layout(vec2(width, LIST), Layout::left_to_right(Align::Min), |ui| {
            let list = |ui: &mut Ui, name: &str, width: f32, contents: &mut dyn FnMut(&mut Ui)| {
                ui.allocate_ui_with_layout(vec2(width, LIST), Layout::top_down(Align::Min), |ui| {
                    ui.label(theme::strong(name));
                    let area = ScrollArea::vertical().id_salt(name).auto_shrink(false);
                    area.show(ui, |ui| contents(ui));
                });
            };
            list(ui, "Settings", OFFERED, &mut |ui| self.offer_ui(ui, project, dataset.shape));
            ui.add_space(2.0 * GRID);
            list(ui, "Searched", width - OFFERED - 6.0 * GRID, &mut |ui| self.rows_ui(ui, project));
        });
        ui.add_space(GRID);
        ui.horizontal(|ui| {
            segmented_ui(ui, &mut self.method, &METHODS);
            if self.method != Method::Grid {
                ui.add_space(2.0 * GRID);
                ui.label(tr("Trials"));
                Slider::new("Trials", 5.0..=200.0, 30.0, Division::Whole).show(ui, 120.0, &mut self.trials);
                ui.label(tr(format!("{:.0}", self.trials)));
            }
        });
        ui.add_space(GRID);
        let plan = self.plan(project, dataset);
        let checked = plan.check();
        let text = match &checked {
            Err(error) => RichText::new(tr(format!("{error}."))).color(Palette::of(ui).bad),
            Ok((space, metric)) => {
                let count = plan.method.count(space, plan.trials);
                let (name, epochs) = (metric.label.to_lowercase(), project.training.epochs);
                RichText::new(tr(format!("{count} trials of at most {epochs} epochs, compared by {name}.")))
            }
        };
        ui.add(Label::new(text).wrap());
        ui.add_space(2.0 * GRID);
        let mut next = (Next::Stay, None);
        ui.horizontal(|ui| {
            let is_possible = checked.is_ok();
            if primary_button_ui(
                ui,
                is_possible,
                egui_material_icons::icons::ICON_PLAY_ARROW,
                "Search",
                vec2(104.0, ROW),
            )
            .clicked()
            {
                next.1 = Some(plan);
            }
            if ui.button(tr("Cancel")).clicked() {
                next.0 = Next::Close;
            }
        });
        next
    }

    fn plan(&self, project: &Project, dataset: &Dataset) -> SweepPlan {
        let metric = project.head(Some(dataset)).headline().first().map_or("loss", |metric| metric.key);
        SweepPlan {
            version: SweepPlan::VERSION,
            project: project.clone(),
            data_folder: None,
            space: self.rows.iter().map(|(key, range)| format!("{key}={range}")).collect(),
            method: self.method,
            trials: self.trials as usize,
            folds: None,
            metric: metric.to_owned(),
        }
    }

    /// The settings that are not searched yet; a click adds one.
    fn offer_ui(&mut self, ui: &mut Ui, project: &Project, shape: Shape) {
        for (key, range) in searchable(project, shape) {
            let is_new = self.rows.iter().all(|row| row.0 != key);
            let button = Button::new(tr(name_of(project, &key))).frame_when_inactive(false);
            if is_new && ui.add(button).on_hover_text(tr(&key)).clicked() {
                self.rows.push((key, range));
            }
        }
    }

    fn rows_ui(&mut self, ui: &mut Ui, project: &Project) {
        let mut removed = None;
        for (at, (key, range)) in self.rows.iter_mut().enumerate() {
            ui.allocate_ui_with_layout(vec2(ui.available_width(), ROW), Layout::right_to_left(Align::Center), |ui| {
                if icon_button_ui(ui, ICON_CLOSE, &format!("Do not search {key}")).clicked() {
                    removed = Some(at);
                }
                let field = ui.add(TextEdit::singleline(range).desired_width(RANGE));
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    let name = ui.add(Label::new(tr(name_of(project, key))).truncate()).on_hover_text(tr(&*key));
                    field.labelled_by(name.id);
                });
            });
        }
        if let Some(at) = removed {
            self.rows.remove(at);
        }
        if self.rows.is_empty() {
            ui.label(RichText::new(tr("Click a setting at the left.")).color(Palette::of(ui).muted));
        }
    }
}

/// Every setting that has a range or a list of its own, with it: those of the training, the layers, and what else there is.
pub fn searchable(project: &Project, shape: Shape) -> Vec<(String, String)> {
    let groups = project.settings().into_iter();
    let keys = groups.flat_map(|(place, settings)| {
        settings.describe().into_iter().map(move |field| format!("{place}.{}", field.key)).collect::<Vec<_>>()
    });
    // Another seed is no better setting, other data are another task, and more checkpoints teach nothing.
    let augment: Vec<_> =
        Augment::fields_for(shape).iter().map(|field| format!("data.augment.{}", field.key)).collect();
    let is_setting = |key: &String| {
        let is_elsewhere = ["data.", "checkpoints."].iter().any(|part| key.starts_with(part));
        key != "training.seed" && (!is_elsewhere || augment.contains(key))
    };
    let mut found: Vec<_> =
        keys.filter(is_setting).filter_map(|key| Dimension::around(project, &key).and_then(split)).collect();
    found.sort_by_key(|(key, _)| ["training.", "model."].iter().position(|part| key.starts_with(part)).unwrap_or(2));
    found
}

fn split(text: String) -> Option<(String, String)> {
    text.split_once('=').map(|(key, range)| (key.to_owned(), range.to_owned()))
}
