//! The curves of a run, as the window shows them: metrics of the epochs.

use serde_json::Value;

use super::Material;
use super::svg::{Plot, range_of};
use crate::export::escaped;
use crate::project::run_log::key_of;
use crate::train::heads::Line;
use crate::train::metrics::Unit;
use crate::train::{Head, Metric, Subset};

/// More points than a screen has columns show nothing more.
const MOST_POINTS: usize = 1000;

/// A curve: what it is called, the class of its color, and its points over the epochs.
struct Curve {
    name: String,
    class: &'static str,
    points: Vec<(f64, f64)>,
}

/// The plots that belong to the task, each with a legend; empty if no epoch has ended.
pub fn plots(material: &Material, head: &dyn Head) -> String {
    let epochs: Vec<&Value> = material.events("epoch").collect();
    let plots = head.plots().into_iter().filter_map(|plot| {
        let curves: Vec<Curve> = plot.lines.iter().filter_map(|line| curve(line, &epochs)).collect();
        let is_share = |line: &Line| match line {
            Line::Training(metric) | Line::Validation(metric) | Line::Network(metric, ..) => {
                metric.unit == Unit::Percent
            }
        };
        figure(plot.title, &curves, plot.lines.iter().all(is_share))
    });
    plots.collect()
}

fn curve(line: &Line, epochs: &[&Value]) -> Option<Curve> {
    let (key, name, class, metric): (String, String, &str, &Metric) = match *line {
        Line::Training(metric) => (key_of(Subset::Train, metric), "training".to_owned(), "train", metric),
        Line::Validation(metric) => (key_of(Subset::Validation, metric), "validation".to_owned(), "validation", metric),
        Line::Network(metric, part, is_second) => {
            let class = if is_second { "validation" } else { "train" };
            (key_of(Subset::Train, metric), part.to_owned(), class, metric)
        }
    };
    let factor = if metric.unit == Unit::Percent { 100.0 } else { 1.0 };
    let point = |line: &&Value| Some((line["epoch"].as_f64()?, line[&key].as_f64().map_or(f64::NAN, |y| y * factor)));
    let points: Vec<_> = epochs.iter().filter_map(point).collect();
    let step = points.len().div_ceil(MOST_POINTS).max(1);
    let last = points.last().copied();
    let mut points: Vec<_> = points.into_iter().step_by(step).collect();
    points.extend(last.filter(|last| points.last() != Some(last)));
    points.iter().any(|(_, y)| y.is_finite()).then_some(Curve { name, class, points })
}

fn figure(title: &str, curves: &[Curve], is_share: bool) -> Option<String> {
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let (low, high) = range_of(points().map(|point| point.0))?.into_inner();
    let y = range_of(points().map(|point| point.1))?;
    let mut plot =
        Plot::new(title, low.max(1.0).min(high)..=high, y, ["epoch", if is_share { "%" } else { "" }]).counting();
    curves.iter().for_each(|curve| plot.line(curve.class, &curve.points));
    let legend: String = curves
        .iter()
        .map(|Curve { name, class, .. }| format!("<span class=\"key {class}\">{}</span>", escaped(name)))
        .collect();
    Some(format!("<figure><figcaption><b>{}</b> {legend}</figcaption>{}</figure>", escaped(title), plot.svg()))
}
