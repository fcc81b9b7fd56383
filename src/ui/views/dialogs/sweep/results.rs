//! What has come of a search: the best so far, all trials as a table and in parallel coordinates, and how much each setting matters.

use std::time::Duration;

use eframe::egui::{Label, RichText, Ui, vec2};

use super::super::dialog::Next;
use crate::language::tr;
use crate::runs::search::importance::importances;
use crate::runs::search::space::name_of;
use crate::runs::search::sweep::State as TrialState;
use crate::runs::search::{Dimension, Space, SweepPlan, TrialRecord};
use crate::train::Metric;
use crate::train::metrics::Unit;
use crate::ui::commands::Request;
use crate::ui::jobs::sweep::RunningSweep;
use crate::ui::jobs::trials::State;
use crate::ui::theme::{self, GRID, Palette};
use crate::ui::widgets::bar::bar_ui;
use crate::ui::widgets::data_table::{Head, data_table_ui};
use crate::ui::widgets::numbers::{percent, steady};
use crate::ui::widgets::parallel_coordinates::{Brushes, ParallelAxis, parallel_coordinates_ui};

const TABLE: f32 = 170.0;
const PLOT: f32 = 200.0;
const TICK: Duration = Duration::from_millis(200);

/// A search with its trials.
pub struct Results {
    plan: SweepPlan,
    space: Space,
    metric: Option<&'static Metric>,
    /// The search.
    pub sweep: RunningSweep,
    brushes: Brushes,
}

impl Results {
    /// What comes of this plan.
    pub fn new(plan: SweepPlan, sweep: RunningSweep) -> Self {
        let (space, metric) = plan.check().map_or((Space { dimensions: Vec::new() }, None), |it| (it.0, Some(it.1)));
        Self { plan, space, metric, sweep, brushes: Brushes::new() }
    }

    /// Whether trials are still being trained.
    pub fn is_running(&self) -> bool {
        self.sweep.state == State::Running
    }

    /// Draws them.
    pub fn ui(&mut self, ui: &mut Ui, width: f32) -> Next {
        self.progress_ui(ui, width);
        ui.add_space(GRID);
        let best = self.sweep.best().cloned();
        self.best_ui(ui, best.as_ref());
        ui.add_space(GRID);
        ui.allocate_ui(vec2(width, TABLE), |ui| {
            ui.set_min_height(TABLE);
            self.table_ui(ui);
        });
        ui.add_space(GRID);
        self.lines_ui(ui);
        ui.add_space(2.0 * GRID);
        let mut next = Next::Stay;
        ui.horizontal(|ui| {
            if let Some(best) = &best
                && ui
                    .button(tr("Use the best settings"))
                    .on_hover_text(tr("Puts them into the project; undo takes them back."))
                    .clicked()
                && let Ok((project, _)) = self.space.apply(&self.plan.project, &best.places)
            {
                next = Next::Do(Request::UseSettings(Box::new(project)).into());
            }
            if self.is_running() {
                if ui.button(tr("Stop")).on_hover_text(tr("Begins no more trials.")).clicked() {
                    self.sweep.stop();
                }
            } else if ui.button(tr("Close")).clicked() {
                next = Next::Close;
            }
        });
        next
    }

    fn progress_ui(&self, ui: &mut Ui, width: f32) {
        let count = self.plan.method.count(&self.space, self.plan.trials);
        let rounds = self.plan.method.rounds(count, self.plan.project.training.epochs).len();
        let all: usize =
            (0..rounds).map(|round| if round == 0 { count } else { self.plan.method.in_round(count, round) }).sum();
        let done = self.sweep.records.len();
        match &self.sweep.state {
            State::Running => {
                ui.ctx().request_repaint_after(TICK);
                drop(bar_ui(ui, "Trials", Some(done as f32 / all.max(1) as f32), width));
            }
            State::Failed(why) => drop(ui.add(Label::new(RichText::new(tr(why)).color(Palette::of(ui).bad)).wrap())),
            State::Done => {
                let place =
                    self.sweep.folder.as_ref().map_or_else(String::new, |folder| format!(" in {}", folder.display()));
                drop(ui.add(Label::new(tr(format!("{done} of {all} trainings are done, kept{place}."))).truncate()));
            }
        }
    }

    fn best_ui(&self, ui: &mut Ui, best: Option<&TrialRecord>) {
        let Some(best) = best else { return drop(ui.label(tr("The first trials are being trained."))) };
        let settings: Vec<_> = best.settings.iter().map(|(key, value)| format!("{} {value}", self.name(key))).collect();
        let score = self.score(best.score);
        ui.add(Label::new(theme::strong(format!("Best: {score} with {}", settings.join(", ")))).wrap());
        let matters =
            self.importances().into_iter().filter_map(|(key, share)| Some(format!("{key} {}", percent(share?))));
        let matters: Vec<_> = matters.collect();
        let muted = Palette::of(ui).muted;
        if !matters.is_empty() {
            let text = format!("Share of the variance between their values (ε²): {}.", matters.join(", "));
            ui.add(Label::new(RichText::new(tr(text)).color(muted)).wrap());
        }
        let text =
            "The best of many trials is flattered by chance: train it and look at its test result, or compare it.";
        ui.add(Label::new(RichText::new(tr(text)).color(muted)).wrap());
    }

    /// How much each setting matters, among the trials of the last round.
    fn importances(&self) -> Vec<(String, Option<f64>)> {
        let records = &self.sweep.records;
        let first = records.iter().map(|record| record.until).min();
        let of_round: Vec<_> = records.iter().filter(|record| Some(record.until) == first).collect();
        let options: Vec<_> = self.space.dimensions.iter().map(Dimension::options).collect();
        let names = self.space.dimensions.iter().map(|dimension| self.name(&dimension.key));
        names.zip(importances(&options, &of_round)).collect()
    }

    /// What a setting is called.
    fn name(&self, key: &str) -> String {
        let name = name_of(&self.plan.project, key);
        name.rsplit_once('.').map_or_else(|| name.clone(), |(_, last)| last.replace('_', " ")).to_lowercase()
    }

    fn score(&self, score: Option<f64>) -> String {
        match (self.metric, score) {
            (Some(metric), Some(score)) if metric.unit == Unit::Percent => {
                format!("{} {}", metric.label.to_lowercase(), percent(score))
            }
            (Some(metric), Some(score)) => format!("{} {}", metric.label.to_lowercase(), steady(score)),
            _ => "–".to_owned(),
        }
    }

    fn table_ui(&self, ui: &mut Ui) {
        let mut records: Vec<_> = self.sweep.records.iter().collect();
        records.sort_by(|a, b| b.until.cmp(&a.until).then(a.compare(b)));
        let mut heads = vec![Head::number("trial"), Head::text("score"), Head::number("epochs")];
        heads.extend(self.space.dimensions.iter().map(|dimension| Head::text(self.name(&dimension.key))));
        let cell = |row: usize, column: usize| {
            let record: &TrialRecord = records[row];
            match column {
                0 => record.number.to_string(),
                1 => match record.state {
                    TrialState::Diverged => "diverged".to_owned(),
                    TrialState::Failed => record.why.clone(),
                    TrialState::Running | TrialState::Done => self.score(record.score),
                },
                2 => record.until.to_string(),
                _ => {
                    let key = &self.space.dimensions[column - 3].key;
                    record
                        .settings
                        .iter()
                        .find(|(of, _)| of == key)
                        .map_or_else(String::new, |(_, value)| value.clone())
                }
            }
        };
        data_table_ui(ui, "trials", &heads, records.len(), &cell);
    }

    fn lines_ui(&mut self, ui: &mut Ui) {
        let scored: Vec<_> = self.sweep.records.iter().filter(|record| record.score.is_some()).collect();
        let scores = || scored.iter().map(|record| -record.cost());
        let (low, high) = (scores().fold(f64::INFINITY, f64::min), scores().fold(f64::NEG_INFINITY, f64::max));
        if scored.len() < 2 || low >= high {
            return;
        }
        let mut axes: Vec<_> = self
            .space
            .dimensions
            .iter()
            .map(|dimension| ParallelAxis {
                name: self.name(&dimension.key),
                low: dimension.value(0.0),
                high: dimension.value(1.0),
            })
            .collect();
        let is_higher = self.metric.is_some_and(|metric| metric.higher_is_better == Some(true));
        let end = |cost: f64| {
            let score = if is_higher { cost } else { -cost };
            match self.metric {
                Some(metric) if metric.unit == Unit::Percent => percent(score),
                _ => steady(score),
            }
        };
        let name = self.metric.map_or_else(String::new, |metric| metric.label.to_lowercase());
        axes.push(ParallelAxis { name, low: end(low), high: end(high) });
        let line = |record: &&TrialRecord| -> Vec<f32> {
            let score = ((-record.cost() - low) / (high - low)) as f32;
            record.places.iter().map(|place| *place as f32).chain([score]).collect()
        };
        let lines: Vec<_> = scored.iter().map(line).collect();
        parallel_coordinates_ui(ui, &axes, &lines, &mut self.brushes, PLOT);
    }
}
