//! The runs that are kept: what became of each, and in what they differ.

use eframe::egui::Ui;

use crate::runs::compare::{difference, settings, that_differ};
use crate::runs::store::StoredRun;
use crate::ui::commands::Request;
use crate::ui::jobs::stored_runs::StoredRunsQuery;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::views::cx::Cx;
use crate::ui::views::view::View;
use crate::ui::widgets::data_table::{DataTable, Head};
use crate::ui::widgets::numbers::{percent, steady};
use crate::ui::widgets::text::{caption_ui, placeholder_ui};

/// Seconds after which the folder is read again.
const READ_AGAIN: f64 = 2.0;

/// Settings in which the runs differ, of which so many have columns.
const SHOWN: usize = 8;

/// Differences to the project on the screen that are told of a run.
const TOLD: usize = 12;

/// Results that a run may have, each with its column, the name, and whether it is a share.
const RESULTS: &[(&str, &str, bool)] = &[
    ("test_accuracy", "test accuracy", true),
    ("validation_accuracy", "validation accuracy", true),
    ("test_rmse", "test RMSE", false),
    ("validation_rmse", "validation RMSE", false),
    ("test_loss", "test loss", false),
    ("validation_loss", "validation loss", false),
    ("train_loss", "train loss", false),
];

/// The tab with the table of the runs.
#[derive(Default)]
pub struct Runs {}

impl View for Runs {
    fn id(&self) -> &'static str {
        "runs"
    }

    fn title(&self, _subject: &Subject) -> &'static str {
        "Runs"
    }

    fn place(&self) -> Place {
        Place::Center
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(base) = cx.runs.clone() else { return placeholder_ui(ui, "No runs are kept here.") };
        let round = (ui.input(|input| input.time) / READ_AGAIN) as u64;
        let asked = StoredRunsQuery { base: base.clone(), round };
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(READ_AGAIN));
        let Some(stored) = cx.derived.stored_runs.ask(ui.ctx(), asked) else { return };
        let (runs, unread) = &stored.answer;
        if runs.is_empty() {
            return placeholder_ui(ui, "Every run is kept in a folder of its own. Train, and it stands here.");
        }
        let unread = if unread.is_empty() { String::new() } else { format!("; {} cannot be read", unread.len()) };
        caption_ui(ui, &format!("In {}{unread}. Click a run to open it.", base.display()));
        let table = Table::of(runs);
        let heads = table.heads();
        let cell = |row: usize, column: usize| table.cell(row, column);
        DataTable::new(&heads, runs.len(), &cell).ui_with_menu(ui, "runs", &mut |ui, row| menu_ui(ui, &runs[row], cx));
    }
}

/// The runs with the columns that some of them fill.
struct Table<'a> {
    runs: &'a [StoredRun],
    results: Vec<&'static (&'static str, &'static str, bool)>,
    differing: Vec<String>,
    settings: Vec<Vec<(String, String)>>,
}

impl<'a> Table<'a> {
    fn of(runs: &'a [StoredRun]) -> Self {
        let projects: Vec<_> = runs.iter().map(|run| &run.project).collect();
        let mut differing = that_differ(&projects);
        differing.truncate(SHOWN);
        let has = |key: &str| runs.iter().any(|run| result(run, key).is_some());
        Self {
            runs,
            results: RESULTS.iter().filter(|(key, ..)| has(key)).collect(),
            differing,
            settings: projects.iter().map(|project| settings(project)).collect(),
        }
    }

    fn heads(&self) -> Vec<Head> {
        let fixed = [Head::text("run"), Head::text("state"), Head::number("epochs")];
        let results = self.results.iter().map(|(_, name, _)| Head::number(*name));
        fixed.into_iter().chain(results).chain(self.differing.iter().map(Head::text)).collect()
    }

    fn cell(&self, row: usize, column: usize) -> String {
        let run = &self.runs[row];
        match column {
            0 => run.name(),
            1 => run.state().to_owned(),
            2 => run.info.as_ref().map_or_else(String::new, |info| info.epochs.to_string()),
            _ if column < 3 + self.results.len() => {
                let (key, _, is_share) = self.results[column - 3];
                let text = |value| if *is_share { percent(value) } else { steady(value) };
                result(run, key).map_or_else(String::new, text)
            }
            _ => {
                let name = &self.differing[column - 3 - self.results.len()];
                let found = self.settings[row].iter().find(|(known, _)| known == name);
                found.map_or_else(String::new, |(_, value)| value.clone())
            }
        }
    }
}

fn result(run: &StoredRun, key: &str) -> Option<f64> {
    run.results.iter().find(|(known, _)| known == key).map(|(_, value)| *value)
}

fn menu_ui(ui: &mut Ui, run: &StoredRun, cx: &mut Cx<'_>) {
    if ui.button("Open").on_hover_text("Puts its project, its network and its curves on the screen.").clicked() {
        cx.act(Request::Dropped(run.folder.clone()));
    }
    ui.separator();
    let told = difference(&run.project, cx.project);
    if told.is_empty() {
        caption_ui(ui, "Its settings and layers are those on the screen.");
        return;
    }
    caption_ui(ui, "From this run to the project on the screen:");
    told.iter().take(TOLD).for_each(|line| {
        ui.label(line);
    });
    if told.len() > TOLD {
        caption_ui(ui, &format!("and {} more", told.len() - TOLD));
    }
}
