//! What the tab Data shows of a series: its targets over the rows of the table, before anything is trained.

use eframe::egui::Ui;

use crate::data::{Dataset, Order, Samples, TargetData, Task};
use crate::ui::widgets::line_plot::{Line, LineLook, LinePlot, Quantity};
use crate::ui::widgets::plane::range_of;
use crate::ui::widgets::text::caption_ui;

/// Points of a line; of more, so many are taken at equal distances.
const POINTS: usize = 3000;

/// Draws the first target of a series; nothing if the samples do not follow one another in time.
pub fn series_ui(ui: &mut Ui, dataset: &Dataset) -> bool {
    let (Order::Time(timeline), Task::Regression { targets, .. }) = (&dataset.order, &dataset.task) else {
        return false;
    };
    let Some(name) = targets.first() else { return false };
    let train = line(&dataset.train, &timeline.train_rows);
    let test = line(&dataset.test, &timeline.test_rows);
    let ends = train.iter().chain(&test).map(|point| point[0]);
    let rows = ends.clone().fold(f64::INFINITY, f64::min)..=ends.fold(f64::NEG_INFINITY, f64::max);
    let heights = range_of(train.iter().chain(&test).map(|point| point[1]));
    caption_ui(
        ui,
        "The targets, row by row. The last windows are the test set, the last ones before them the validation set.",
    );
    let x = Quantity { name: "row", range: rows, is_logarithmic: false };
    let y = Quantity { name, range: heights, is_logarithmic: false };
    let others = [Line { name: "test", points: &test, look: LineLook::Thin }];
    let plot = LinePlot::new("Series plot: train, test", x, y, &train).id("series");
    plot.beside("train", &others).height(ui.available_height().max(100.0)).show(ui);
    true
}

/// The first target of samples over their rows.
fn line(samples: &Samples, rows: &[u32]) -> Vec<[f64; 2]> {
    let TargetData::Numbers { values, width } = &samples.targets else { return Vec::new() };
    let step = rows.len().div_ceil(POINTS).max(1);
    let targets = rows.iter().zip(values.iter().step_by(*width)).step_by(step);
    let mut points: Vec<[f64; 2]> = targets.map(|(row, value)| [f64::from(*row), *value]).collect();
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    points
}
