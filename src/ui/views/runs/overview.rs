//! All runs that are shown at once: parallel coordinates over settings and results, and a setting against a result.

use eframe::egui::{ComboBox, Sense, Ui};

use crate::language::tr;
use crate::ui::state::run_axes::RunAxis;
use crate::ui::state::run_table::RunTable;
use crate::ui::theme::{GRID, Palette, ROW};
use crate::ui::widgets::numbers::thousands;
use crate::ui::widgets::parallel_coordinates::{Brushes, ParallelAxis, parallel_coordinates_ui};
use crate::ui::widgets::plane::{Dot, Plane, Tone};
use crate::ui::widgets::text::{caption_ui, placeholder_ui};

/// Runs that are drawn at most, the first of the table.
const DRAWN: usize = 500;

/// How near the pointer has to be to a dot.
const REACH: f32 = 10.0;

/// The runs that are shown: their table, the rows in their order, and a number that is another one when these are.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    /// The table.
    pub table: &'a RunTable,
    /// The rows.
    pub rows: &'a [usize],
    /// Another number means other rows.
    pub version: u64,
}

/// What is chosen of the pictures.
#[derive(Default)]
pub struct Overview {
    /// The names of the columns that are the setting and the result.
    setting: Option<String>,
    result: Option<String>,
    /// The columns in which the shown runs differ, as axes: settings, then results.
    axes: Vec<(usize, RunAxis)>,
    version: Option<u64>,
    /// Which part of which axis is kept, and the names of the axes.
    brushes: Brushes,
    brushed: Vec<String>,
}

impl Overview {
    /// A line for each run through all settings that differ and the chosen result; the rows that are to be selected, if somebody asks.
    pub fn lines_ui(&mut self, ui: &mut Ui, shown: Rows<'_>) -> Option<Vec<usize>> {
        let drawn = self.update(shown);
        let mut select = false;
        ui.horizontal(|ui| {
            self.result_ui(ui, shown.table);
            let help = "Selects the runs whose lines are kept, the best first, up to as many as there are colors.";
            select = ui.button(tr("Select those kept")).on_hover_text(tr(help)).clicked();
            told_ui(ui, drawn.len(), shown.rows.len());
        });
        let settings = shown.table.settings_columns();
        let is_chosen = |axis: &RunAxis| Some(axis.column.as_str()) == self.result.as_deref();
        let axes: Vec<&(usize, RunAxis)> =
            self.axes.iter().filter(|(column, axis)| settings.contains(column) || is_chosen(axis)).collect();
        let Some((result, _)) = axes.last().filter(|(column, _)| axes.len() > 1 && !settings.contains(column)) else {
            placeholder_ui(ui, "These runs do not differ in a setting and in a result.");
            return None;
        };
        let names: Vec<String> = axes.iter().map(|(_, axis)| axis.column.clone()).collect();
        if self.brushed != names {
            (self.brushed, self.brushes) = (names, Brushes::new());
        }
        // A run without a value somewhere has no line.
        let whole = |at: usize| axes.iter().map(|(_, axis)| axis.places[at]).collect::<Option<Vec<f32>>>();
        let (at, lines): (Vec<usize>, Vec<Vec<f32>>) = (0..drawn.len()).filter_map(|at| Some((at, whole(at)?))).unzip();
        let about = |(_, axis): &&(usize, RunAxis)| ParallelAxis {
            name: axis.column.clone(),
            low: axis.low.clone(),
            high: axis.high.clone(),
        };
        let about: Vec<_> = axes.iter().map(about).collect();
        let height = ui.available_height() - GRID;
        parallel_coordinates_ui(ui, &about, &lines, &mut self.brushes, height);
        let is_kept = |line: &Vec<f32>| {
            line.iter().zip(&self.brushes).all(|(at, brush)| brush.is_none_or(|[low, high]| (low..=high).contains(at)))
        };
        select.then(|| {
            let kept = at.iter().zip(&lines).filter(|(_, line)| is_kept(line));
            let mut kept: Vec<(usize, f32)> =
                kept.map(|(at, line)| (drawn[*at], line.last().copied().unwrap_or_default())).collect();
            let is_higher = shown.table.is_higher_better(*result);
            kept.sort_by(|a, b| if is_higher { b.1.total_cmp(&a.1) } else { a.1.total_cmp(&b.1) });
            kept.into_iter().map(|(row, _)| row).collect()
        })
    }

    /// A dot for each run; the row of the one that is clicked. `color` is that of a row that is selected.
    pub fn dots_ui(&mut self, ui: &mut Ui, shown: Rows<'_>, color: &dyn Fn(usize) -> Option<usize>) -> Option<usize> {
        let drawn = self.update(shown);
        let settings = shown.table.settings_columns();
        ui.horizontal(|ui| {
            let names = self.names(|column| settings.contains(&column));
            choice_ui(ui, "Setting", &names, &mut self.setting);
            self.result_ui(ui, shown.table);
            told_ui(ui, drawn.len(), shown.rows.len());
        });
        let axis = |name: &Option<String>| {
            self.axes.iter().find(|(_, axis)| Some(&axis.column) == name.as_ref()).map(|(_, axis)| axis)
        };
        let (Some(x), Some(y)) = (axis(&self.setting), axis(&self.result)) else {
            placeholder_ui(ui, "These runs do not differ in a setting and in a result.");
            return None;
        };
        let value =
            |axis: &RunAxis, place: f32| (axis.ends[0] + (axis.ends[1] - axis.ends[0]) * f64::from(place)) as f32;
        let both = |at: usize| Some((at, [value(x, x.places[at]?), value(y, y.places[at]?)]));
        let found: Vec<(usize, [f32; 2])> = (0..drawn.len()).filter_map(both).collect();
        let is_any_selected = drawn.iter().any(|row| color(*row).is_some());
        let other = if is_any_selected { Tone::Faint } else { Tone::Plain };
        let tone = |at: usize| color(drawn[at]).map_or(other, Tone::Class);
        let dots: Vec<_> = found.iter().map(|(at, place)| Dot::new(*place, tone(*at))).collect();
        let wide = |axis: &RunAxis| {
            let margin = 0.05 * (axis.ends[1] - axis.ends[0]);
            axis.ends[0] - margin..=axis.ends[1] + margin
        };
        let name = format!("{} over {}: {} runs", y.column, x.column, dots.len());
        let plane = Plane::new(&name, [&x.name, &y.name], [wide(x), wide(y)], &dots).sense(Sense::click());
        let (response, transform) = plane.show_with_transform(ui);
        let pointer = response.hover_pos()?;
        let screen = |place: [f32; 2]| transform.position_from_point(&place.map(f64::from).into());
        let distance = |place: [f32; 2]| screen(place).distance(pointer);
        let nearest = found.iter().min_by(|a, b| distance(a.1).total_cmp(&distance(b.1)))?;
        if distance(nearest.1) > REACH {
            return None;
        }
        ui.painter().circle_stroke(screen(nearest.1), REACH, (1.5, Palette::of(ui).text));
        let row = drawn[nearest.0];
        let is_clicked = response.clicked();
        response.on_hover_ui_at_pointer(|ui| {
            for (column, head) in shown.table.heads().iter().enumerate().skip(1) {
                let cell = shown.table.cell(row, column);
                if !cell.is_empty() {
                    ui.label(tr(format!("{}: {cell}", head.name)));
                }
            }
        });
        is_clicked.then_some(row)
    }

    /// Works the axes out where the rows are others; the rows that are drawn.
    fn update<'a>(&mut self, shown: Rows<'a>) -> &'a [usize] {
        let drawn = &shown.rows[..shown.rows.len().min(DRAWN)];
        if self.version != Some(shown.version) {
            let columns = shown.table.settings_columns().chain(shown.table.results_columns());
            self.axes = columns.filter_map(|column| Some((column, shown.table.axis(column, drawn)?))).collect();
            self.version = Some(shown.version);
        }
        drawn
    }

    fn names(&self, is_wanted: impl Fn(usize) -> bool) -> Vec<String> {
        self.axes.iter().filter(|(column, _)| is_wanted(*column)).map(|(_, axis)| axis.column.clone()).collect()
    }

    fn result_ui(&mut self, ui: &mut Ui, table: &RunTable) {
        let names = self.names(|column| table.results_columns().contains(&column));
        choice_ui(ui, "Result", &names, &mut self.result);
    }
}

/// A choice among names; the first where none is chosen.
fn choice_ui(ui: &mut Ui, label: &str, names: &[String], chosen: &mut Option<String>) {
    if chosen.as_ref().is_none_or(|chosen| !names.contains(chosen)) {
        *chosen = names.first().cloned();
    }
    ui.spacing_mut().interact_size.y = ROW;
    let combo =
        ComboBox::from_id_salt(label).width(150.0).truncate().selected_text(tr(chosen.clone().unwrap_or_default()));
    let shown = combo.show_ui(ui, |ui| {
        for name in names {
            ui.selectable_value(chosen, Some(name.clone()), tr(name));
        }
    });
    shown.response.accessible_name(tr(label)).on_hover_text(tr(label));
}

fn told_ui(ui: &mut Ui, drawn: usize, of: usize) {
    if drawn < of {
        caption_ui(ui, &format!("the first {} of {}", thousands(drawn as f64), thousands(of as f64)));
    }
}
