//! A class at a glance: the order of its board, how it stands as a whole, and its lines in words.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::board::{Pupil, Score};
use crate::runs::RunState;
use crate::train::Metric;
use crate::train::metrics::{Unit, named, significant};

/// A line that was not written for so many seconds is shown as such.
pub const QUIET: u64 = 5 * 60;

/// By what the lines are sorted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// By the names of the pupils.
    #[default]
    Name,
    /// The best value first.
    Value,
}

/// How a class stands by the metric that most of it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// The metric: `validation_accuracy`.
    pub key: String,
    /// How many have a value of it.
    pub count: usize,
    /// Mean of the newest values.
    pub mean: f64,
    /// Median of the newest values.
    pub median: f64,
    /// The best value that one of them has had.
    pub best: f64,
    /// Which pupil that was.
    pub who: usize,
}

/// The metric that most of a class has.
fn main_key(pupils: &[Pupil]) -> Option<String> {
    let mut counts = BTreeMap::<&str, usize>::new();
    for score in pupils.iter().filter_map(|pupil| pupil.standing.score()) {
        *counts.entry(&score.key).or_default() += 1;
    }
    counts.into_iter().rev().max_by_key(|(_, count)| *count).map(|(key, _)| key.to_owned())
}

/// Which of two values is better by a metric; the better one is `Less`, so that it comes first.
fn better(key: &str, a: f64, b: f64) -> Ordering {
    match parts(key).1.and_then(|metric| metric.higher_is_better) {
        Some(true) => b.total_cmp(&a),
        Some(false) | None => a.total_cmp(&b),
    }
}

/// Sorts the lines. Those with another metric, or none, come after those that can be compared.
pub fn sort(pupils: &mut [Pupil], order: Order) {
    let by_name = |a: &Pupil, b: &Pupil| {
        let folded = |pupil: &Pupil| pupil.standing.name.to_lowercase();
        folded(a).cmp(&folded(b)).then_with(|| a.file.cmp(&b.file))
    };
    let key = main_key(pupils).unwrap_or_default();
    let value = |pupil: &Pupil| pupil.standing.score().filter(|score| score.key == key).map(|score| score.value);
    pupils.sort_by(|a, b| match (order, value(a), value(b)) {
        (Order::Value, Some(x), Some(y)) => better(&key, x, y).then_with(|| by_name(a, b)),
        (Order::Value, Some(_), None) => Ordering::Less,
        (Order::Value, None, Some(_)) => Ordering::Greater,
        _ => by_name(a, b),
    });
}

/// How the class stands; nothing before the first value.
pub fn summary(pupils: &[Pupil]) -> Option<Summary> {
    let key = main_key(pupils)?;
    let scores = || {
        let scored = pupils.iter().enumerate().filter_map(|(at, pupil)| Some((at, pupil.standing.score()?)));
        scored.filter(|(_, score)| score.key == key)
    };
    let mut values: Vec<f64> = scores().map(|(_, score)| score.value).collect();
    values.sort_by(f64::total_cmp);
    let (count, half) = (values.len(), values.len() / 2);
    let upper = *values.get(half)?;
    let median = if count.is_multiple_of(2) { values[half - 1].midpoint(upper) } else { upper };
    let mean = values.iter().sum::<f64>() / count as f64;
    let best_of = |score: &Score| score.best.unwrap_or(score.value);
    let (who, best) = scores().map(|(at, score)| (at, best_of(score))).min_by(|a, b| better(&key, a.1, b.1))?;
    Some(Summary { count, mean, median, best, who, key })
}

/// The subset that a key begins with, if it does, and the metric.
fn parts(key: &str) -> (&str, Option<&'static Metric>) {
    let of_subset = || key.split_once('_').and_then(|(part, name)| Some((part, Some(Metric::named(name)?))));
    Metric::named(key).map(|metric| ("", Some(metric))).or_else(of_subset).unwrap_or(("", None))
}

/// Whether the values of a metric are shares.
pub fn is_share(key: &str) -> bool {
    parts(key).1.is_some_and(|metric| metric.unit == Unit::Percent)
}

/// What a metric is called: "validation accuracy".
pub fn key_text(key: &str) -> String {
    let (part, metric) = parts(key);
    let part = if part == "train" { "training" } else { part };
    format!("{part} {}", metric.map_or_else(|| key.replace('_', " "), named)).trim().to_owned()
}

/// A value of a metric as it is read from afar.
pub fn value_text(key: &str, value: f64) -> String {
    if is_share(key) { format!("{:.1} %", 100.0 * value) } else { significant(value) }
}

/// The value of a line; with the name of its metric where most have another.
pub fn score_text(score: &Score, main: &str) -> String {
    let value = value_text(&score.key, score.value);
    if score.key == main { value } else { format!("{} {value}", key_text(&score.key)) }
}

/// How a run stands, in a word.
pub fn state_text(state: Option<RunState>) -> &'static str {
    match state {
        None => "ready",
        Some(RunState::Running) => "training",
        Some(RunState::Finished) => "finished",
        Some(RunState::Stopped) => "stopped",
        Some(RunState::Diverged) => "diverged",
        Some(RunState::Failed) => "failed",
    }
}

/// How long ago something was.
pub fn age_text(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..86_400 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// How the class stands, in a sentence. `name` is what the best is called.
pub fn sentence(pupils: &[Pupil], name: impl Fn(&Pupil) -> String) -> String {
    let of = pupils.len();
    let Some(Summary { key, count, mean, median, best, who }) = summary(pupils) else {
        return format!("{of} on the board, and no value yet.");
    };
    let [mean, median, best] = [mean, median, best].map(|value| value_text(&key, value));
    let (what, who) = (key_text(&key), pupils.get(who).map(name).unwrap_or_default());
    format!("{count} of {of} with a {what}: mean {mean}, median {median}, best {best} ({who}).")
}

#[cfg(test)]
mod tests {
    use super::super::board::Standing;
    use super::*;

    fn pupil(name: &str, score: Option<(&str, f64, f64)>) -> Pupil {
        let validation = score.map(|(key, value, best)| Score { key: key.to_owned(), value, best: Some(best) });
        let standing = Standing { name: name.to_owned(), validation, ..Standing::default() };
        Pupil { file: name.to_owned(), standing, age: 0 }
    }

    fn names(pupils: &[Pupil]) -> Vec<&str> {
        pupils.iter().map(|pupil| pupil.standing.name.as_str()).collect()
    }

    #[test]
    fn a_class_is_sorted_and_summed_up_by_what_most_of_it_measure() {
        let accuracy = |value, best| Some(("validation_accuracy", value, best));
        let mut class = [
            pupil("Cy", accuracy(0.5, 0.95)),
            pupil("ada", accuracy(0.9, 0.9)),
            pupil("Bo", Some(("validation_rmse", 3.0, 2.0))),
            pupil("Di", None),
            pupil("Ed", accuracy(0.7, 0.7)),
        ];
        sort(&mut class, Order::Name);
        assert_eq!(names(&class), ["ada", "Bo", "Cy", "Di", "Ed"]);
        sort(&mut class, Order::Value);
        assert_eq!(names(&class), ["ada", "Ed", "Cy", "Bo", "Di"]);
        let told = sentence(&class, |pupil| pupil.standing.name.clone());
        assert_eq!(told, "3 of 5 with a validation accuracy: mean 70.0 %, median 70.0 %, best 95.0 % (Cy).");
        assert_eq!(score_text(class[3].standing.score().unwrap(), "validation_accuracy"), "validation RMSE 3.000");
        assert_eq!(sentence(&class[4..], |_| String::new()), "1 on the board, and no value yet.");
    }

    #[test]
    fn the_smallest_error_is_the_best() {
        let error = |name, value| pupil(name, Some(("validation_rmse", value, value)));
        let mut class = [error("Ada", 3.0), error("Bo", 1.0), error("Cy", 2.0), error("Di", 4.0)];
        sort(&mut class, Order::Value);
        assert_eq!(names(&class), ["Bo", "Cy", "Ada", "Di"]);
        let found = summary(&class).unwrap();
        assert_eq!((found.mean, found.median, found.best, found.who), (2.5, 2.5, 1.0, 0));
    }

    #[test]
    fn metrics_are_called_by_their_names() {
        let texts = ["validation_accuracy", "train_rmse", "generator_loss", "validation_of_tomorrow"].map(key_text);
        assert_eq!(texts, ["validation accuracy", "training RMSE", "generator loss", "validation of tomorrow"]);
    }

    #[test]
    fn times_are_told_in_one_unit() {
        assert_eq!([5, 60, 7300, 200_000].map(age_text), ["5 s ago", "1 min ago", "2 h ago", "2 days ago"]);
    }
}
