//! The runs that are kept: what became of each, in what they differ, and the curves of those that are selected beside each other.

mod details;
mod overview;
mod plots;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use eframe::egui::{Align, Layout, Rect, Response, TextEdit, Ui, UiBuilder, vec2};

use crate::language::tr;
use crate::runs::store::StoredRun;
use crate::ui::commands::Request;
use crate::ui::jobs::stored_runs::StoredRunsQuery;
use crate::ui::state::run_table::RunTable;
use crate::ui::state::subject::Subject;
use crate::ui::state::window_state::Place;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::views::cx::Cx;
use crate::ui::views::landmarks;
use crate::ui::views::view::View;
use crate::ui::widgets::button::segmented_ui;
use crate::ui::widgets::data_table::{DataTable, Head, TableEvents};
use crate::ui::widgets::landmark::Landmark;
use crate::ui::widgets::text::{caption_ui, placeholder_ui};
use details::Details;
use overview::{Overview, Rows};
use plots::Plots;

/// Seconds after which the folder is read again.
const READ_AGAIN: f64 = 2.0;

/// Runs whose curves are shown at once: as many as there are colors that can be told apart.
const SELECTED: usize = 8;

/// Runs that cannot be read, of which so many are named.
const UNREAD: usize = 5;

/// The part of the height that the table keeps when runs are selected.
const TABLE: f32 = 0.45;

/// The tab with the table of the runs.
#[derive(Default)]
pub struct Runs {
    search: String,
    /// The name of the column by which they are sorted, and whether the largest come first.
    order: Option<(String, bool)>,
    /// The folders of those that are selected, in the order of their colors.
    selected: Vec<PathBuf>,
    plots: Plots,
    form: Form,
    overview: Overview,
    /// Whether the runs of searches and of several seeds are shown too.
    with_trials: bool,
    details: Details,
    shown: Shown,
}

/// How all runs are shown.
#[derive(Clone, Copy, Default, PartialEq)]
enum Form {
    #[default]
    Table,
    Lines,
    Dots,
}

const FORMS: [(Form, &str, &str); 3] = [
    (Form::Table, "Table", "A row for each run"),
    (
        Form::Lines,
        "Coordinates",
        "A line for each run through its settings and a result; drag along an axis to keep some",
    ),
    (Form::Dots, "Scatter", "A dot for each run: a setting against a result"),
];

/// The column by which rows are sorted, and whether the largest come first.
type Order = Option<(usize, bool)>;

/// Which rows are shown, and what that depends on.
#[derive(Default)]
struct Shown {
    of: Option<(u64, String, Order)>,
    rows: Vec<usize>,
    order: Order,
    version: u64,
}

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

    fn landmarks(&self) -> &'static [Landmark] {
        landmarks::RUNS
    }

    fn ui(&mut self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let Some(base) = cx.runs.clone() else { return placeholder_ui(ui, "No runs are kept here.") };
        // What is asked anew every two seconds, and at once when the window has changed a run.
        let round = (ui.input(|input| input.time) / READ_AGAIN) as u64 + (cx.changed_runs << 32);
        let asked = StoredRunsQuery { base: base.clone(), with_trials: self.with_trials, round };
        ui.request_repaint_after(Duration::from_secs_f64(READ_AGAIN));
        let Some(stored) = cx.derived.stored_runs.ask(ui, asked) else { return };
        let (table, unread) = &stored.answer;
        self.selected.retain(|folder| table.runs.iter().any(|run| run.folder == *folder));
        if table.runs.is_empty() && table.hidden == 0 {
            self.bring_back_ui(ui, cx);
            return placeholder_ui(ui, "Every run is kept in a folder of its own. Train, and it stands here.");
        }
        // Columns come and go with what the runs have.
        let column = |name: &String| table.heads().iter().position(|head| head.name == *name);
        let order = self.order.as_ref().and_then(|(name, is_descending)| Some((column(name)?, *is_descending)));
        let of = Some((stored.version, self.search.clone(), order));
        if self.shown.of != of {
            let version = self.shown.version + 1;
            self.shown = Shown { of, rows: table.rows(&self.search, order), order, version };
        }
        self.tools_ui(ui, table, cx);
        let mut caption = format!("{} of {} in {}", self.shown.rows.len(), table.runs.len(), base.display());
        if table.hidden > 0 {
            caption += &format!("; {} trials are not shown", table.hidden);
        }
        if !unread.is_empty() {
            caption += &format!("; {} cannot be read", unread.len());
        }
        caption_ui(ui, &format!("{caption}. Click runs to see their curves.")).on_hover_ui(|ui| {
            unread.iter().take(UNREAD).for_each(|error| drop(ui.label(tr(error.to_string()))));
        });
        let area = ui.available_rect_before_wrap();
        let (top, bottom) = match self.selected.is_empty() {
            true => (area, None),
            false => {
                let (top, bottom) = area.split_top_bottom_at_fraction(TABLE);
                (top, Some(bottom.with_min_y(bottom.top() + 2.0 * GRID)))
            }
        };
        let mut place = |rect: Rect, name: &str, contents: &mut dyn FnMut(&mut Ui)| {
            let mut inner = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect));
            inner.set_clip_rect(rect.intersect(ui.clip_rect()));
            contents(&mut inner);
        };
        place(top, "table", &mut |ui| match self.form {
            Form::Table => self.table_ui(ui, table),
            Form::Lines => self.lines_ui(ui, table),
            Form::Dots => self.dots_ui(ui, table),
        });
        if let Some(bottom) = bottom {
            let selected = self.selected_of(table);
            place(bottom, "selected", &mut |ui| self.selected_ui(ui, &selected, round, cx));
        }
        ui.advance_cursor_after_rect(area);
    }
}

impl Runs {
    /// Search, copy, and what was deleted.
    fn tools_ui(&mut self, ui: &mut Ui, table: &RunTable, cx: &mut Cx<'_>) {
        let row = vec2(ui.available_width(), ROW);
        ui.allocate_ui_with_layout(row, Layout::right_to_left(Align::Center), |ui| {
            ui.menu_button(tr("Copy"), |ui| {
                let as_markdown = RunTable::to_markdown as fn(&RunTable, &[usize]) -> String;
                for (name, text) in [("As Markdown", as_markdown), ("As CSV", RunTable::to_csv)] {
                    if ui.button(tr(name)).on_hover_text(tr("Copies the runs that are shown as a table.")).clicked() {
                        ui.copy_text(text(table, &self.shown.rows));
                    }
                }
            });
            let help = "Shows the runs of searches, folds, seeds and comparisons too.";
            ui.checkbox(&mut self.with_trials, tr("Trials")).on_hover_text(tr(help));
            self.bring_back_ui(ui, cx);
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                segmented_ui(ui, &mut self.form, &FORMS);
                let field = TextEdit::singleline(&mut self.search).hint_text(tr("Search name, note, state, setting"));
                ui.add(field.desired_width(ui.available_width().min(260.0)));
            });
        });
    }

    fn bring_back_ui(&self, ui: &mut Ui, cx: &mut Cx<'_>) {
        let help = "Puts the run back that was deleted last. When the window closes, deleted runs are gone.";
        if cx.has_deleted && ui.button(tr("Undo deleting")).on_hover_text(tr(help)).clicked() {
            cx.act(Request::BringBackRun);
        }
    }

    fn lines_ui(&mut self, ui: &mut Ui, table: &RunTable) {
        let Self { overview, shown, .. } = self;
        let rows = Rows { table, rows: &shown.rows, version: shown.version };
        if let Some(rows) = overview.lines_ui(ui, rows) {
            self.selected = rows.iter().take(SELECTED).map(|row| table.runs[*row].folder.clone()).collect();
        }
    }

    fn dots_ui(&mut self, ui: &mut Ui, table: &RunTable) {
        let Self { overview, selected, shown, .. } = self;
        let color = |row: usize| {
            let run = &table.runs[row];
            Some(run.color(selected.iter().position(|folder| *folder == run.folder)?))
        };
        let rows = Rows { table, rows: &shown.rows, version: shown.version };
        if let Some(row) = overview.dots_ui(ui, rows, &color) {
            select(selected, &table.runs[row].folder);
        }
    }

    fn table_ui(&mut self, ui: &mut Ui, table: &RunTable) {
        let Self { shown: Shown { rows, order: sorted, .. }, selected, order, .. } = self;
        let heads = table.heads();
        let cell = |row: usize, column: usize| table.cell(rows[row], column);
        let colors: Vec<PathBuf> = selected.clone();
        let paint = |ui: &Ui, place: Rect, row: usize| {
            let run = &table.runs[rows[row]];
            if let Some(at) = colors.iter().position(|folder| *folder == run.folder) {
                ui.painter().circle_filled(place.center(), 5.0, Palette::of(ui).class(run.color(at)));
            } else if let Some(color) = run.info.as_ref().and_then(|info| info.color) {
                ui.painter().circle_stroke(place.center(), 4.0, (2.0, Palette::of(ui).class(color.into())));
            } else if run.info.as_ref().is_some_and(|info| info.is_pinned) {
                ui.painter().circle_stroke(place.center(), 4.0, (1.0, Palette::of(ui).muted));
            }
        };
        let mut events = Events { table, rows, heads: &heads, selected, order, sorted: *sorted };
        DataTable::new(&heads, rows.len(), &cell).pictures(&paint).ui_with(ui, "runs", &mut events);
    }

    fn selected_of(&self, table: &RunTable) -> Vec<Arc<StoredRun>> {
        let run = |folder: &PathBuf| table.runs.iter().find(|run| run.folder == *folder).map(Arc::clone);
        self.selected.iter().filter_map(run).collect()
    }

    /// The curves of the selected runs, and what can be done with them.
    fn selected_ui(&mut self, ui: &mut Ui, runs: &[Arc<StoredRun>], round: u64, cx: &mut Cx<'_>) {
        let area = ui.available_rect_before_wrap();
        let width = (area.width() * 0.36).clamp(200.0, 300.0);
        let (left, right) = area.split_left_right_at_x(area.right() - width);
        let mut part = |rect: Rect, name: &str, contents: &mut dyn FnMut(&mut Ui)| {
            let mut inner = ui.new_child(UiBuilder::new().id_salt(name).max_rect(rect));
            inner.set_clip_rect(rect.expand(2.0).intersect(ui.clip_rect()));
            contents(&mut inner);
        };
        let plots = &mut self.plots;
        part(left.with_max_x(left.right() - 4.0 * GRID), "curves", &mut |ui| plots.ui(ui, runs, round, cx));
        let details = &mut self.details;
        let mut cleared = false;
        part(right, "details", &mut |ui| cleared |= details.ui(ui, runs, cx));
        if cleared {
            self.selected.clear();
        }
    }
}

/// Selects a run, or takes it out of the selection.
fn select(selected: &mut Vec<PathBuf>, folder: &PathBuf) {
    match selected.iter().position(|selected| selected == folder) {
        Some(at) => drop(selected.remove(at)),
        None => {
            if selected.len() == SELECTED {
                selected.remove(0);
            }
            selected.push(folder.clone());
        }
    }
}

/// A click on a row selects it, one on the name of a column sorts by it.
struct Events<'a> {
    table: &'a RunTable,
    rows: &'a [usize],
    heads: &'a [Head],
    selected: &'a mut Vec<PathBuf>,
    order: &'a mut Option<(String, bool)>,
    sorted: Order,
}

impl TableEvents for Events<'_> {
    fn row(&mut self, response: &Response, row: usize) {
        if !response.clicked() {
            return;
        }
        select(self.selected, &self.table.runs[self.rows[row]].folder);
    }

    fn head(&mut self, column: usize) {
        // The best results are the largest or the smallest; a second click turns the order, a third one drops it.
        let name = self.heads[column].name.clone();
        *self.order = match self.sorted {
            Some((by, true)) if by == column => Some((name, false)),
            Some((by, false)) if by == column => None,
            _ => Some((name, true)),
        };
    }

    fn is_selected(&self, row: usize) -> bool {
        self.selected.contains(&self.table.runs[self.rows[row]].folder)
    }

    fn order(&self) -> Option<(usize, bool)> {
        self.sorted
    }
}
