//! A condition of a goal: `validation_accuracy >= 0.97`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::project::Project;
use crate::train::Metric;
use crate::train::metrics::Unit;

/// What a number of a run or a setting has to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Condition {
    /// The result, or the path of the setting.
    pub name: String,
    /// How the value stands to the number.
    pub relation: Relation,
    /// The number.
    pub number: f64,
}

/// How a value stands to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relation {
    /// Below it.
    Less,
    /// Not above it.
    AtMost,
    /// Above it.
    More,
    /// Not below it.
    AtLeast,
    /// Equal to it.
    Equal,
}

/// Each relation as it is written and as it is shown; those of two letters first, because the others begin them.
pub const RELATIONS: [(&str, Relation, &str); 5] = [
    ("<=", Relation::AtMost, "≤"),
    (">=", Relation::AtLeast, "≥"),
    ("<", Relation::Less, "<"),
    (">", Relation::More, ">"),
    ("=", Relation::Equal, "="),
];

impl Relation {
    /// As it is shown.
    pub fn sign(self) -> &'static str {
        RELATIONS.iter().find(|(_, relation, _)| *relation == self).map_or("", |(_, _, sign)| sign)
    }

    fn text(self) -> &'static str {
        RELATIONS.iter().find(|(_, relation, _)| *relation == self).map_or("", |(text, _, _)| text)
    }
}

/// The numbers of a run that are no metric.
pub const COUNTS: [&str; 5] = ["parameters", "seconds", "epochs", "steps", "runs"];

/// What a condition is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A metric of a run, on one of its subsets.
    Result,
    /// How long it was, or how many there were.
    Count,
    /// The number of weights, which needs no run.
    Parameters,
    /// A setting of the project, which needs no run.
    Setting,
}

impl Condition {
    /// Reads `NAME OP NUMBER`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no condition; it is a name, one of < <= > >= =, and a number");
        let (at, (sign, relation, _)) = RELATIONS
            .iter()
            .filter_map(|found| Some((text.find(found.0)?, found)))
            .min_by_key(|(at, (sign, ..))| (*at, std::cmp::Reverse(sign.len())))
            .ok_or_else(wrong)?;
        let number = text[at + sign.len()..].trim().parse().map_err(|_| wrong())?;
        Ok(Self { name: text[..at].trim().to_owned(), relation: *relation, number })
    }

    /// What it is about, if there is such a thing.
    pub fn subject(&self) -> Option<Subject> {
        let name = self.name.as_str();
        match name {
            "parameters" => Some(Subject::Parameters),
            _ if COUNTS.contains(&name) => Some(Subject::Count),
            _ if name.contains('.') => Some(Subject::Setting),
            _ => self.metric().map(|_| Subject::Result),
        }
    }

    /// The metric of a run that it is about.
    fn metric(&self) -> Option<&'static Metric> {
        let name = self.name.strip_prefix("best_").unwrap_or(&self.name);
        let (_, key) = name.split_once('_').filter(|(part, _)| ["train", "validation", "test"].contains(part))?;
        Metric::named(key)
    }

    /// Whether its value is a share, from 0 to 1, which the window shows in percent.
    pub fn is_share(&self) -> bool {
        self.subject() == Some(Subject::Result) && self.metric().is_some_and(|metric| metric.unit == Unit::Percent)
    }

    /// Whether somebody has to train for it.
    pub fn needs_run(&self) -> bool {
        matches!(self.subject(), Some(Subject::Result | Subject::Count))
    }

    /// Whether a value is as it has to be.
    pub fn holds(&self, value: f64) -> bool {
        match self.relation {
            Relation::Less => value < self.number,
            Relation::AtMost => value <= self.number,
            Relation::More => value > self.number,
            Relation::AtLeast => value >= self.number,
            Relation::Equal => (value - self.number).abs() <= 1e-9 * self.number.abs().max(1.0),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.relation.text(), self.number)
    }
}

impl TryFrom<String> for Condition {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Condition> for String {
    fn from(condition: Condition) -> Self {
        condition.to_string()
    }
}

/// The numbers that conditions are about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Metrics of the run, by their keys: `validation_loss`.
    pub results: BTreeMap<String, f64>,
    /// Weights of the network.
    pub parameters: Option<usize>,
    /// Seconds of training.
    pub seconds: Option<f64>,
    /// Epochs that are done.
    pub epochs: Option<u32>,
    /// Steps that are done.
    pub steps: Option<u64>,
    /// Runs that have ended in this step of the lesson.
    pub runs: u32,
}

impl Figures {
    /// The value that a condition is about; nothing while it is not known.
    pub fn value(&self, condition: &Condition, project: &Project) -> Option<f64> {
        match condition.name.as_str() {
            "parameters" => self.parameters.map(|count| count as f64),
            "seconds" => self.seconds,
            "epochs" => self.epochs.map(f64::from),
            "steps" => self.steps.map(|steps| steps as f64),
            "runs" => Some(f64::from(self.runs)),
            path if path.contains('.') => setting(project, path),
            key => self.results.get(key).copied(),
        }
    }

    /// Whether all conditions hold.
    pub fn reach(&self, goal: &[Condition], project: &Project) -> bool {
        goal.iter().all(|condition| self.value(condition, project).is_some_and(|value| condition.holds(value)))
    }
}

/// The value at a path of a project.
pub fn value_at<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').filter(|name| !name.is_empty()).try_fold(root, |place, name| match place {
        Value::Object(fields) => fields.get(name),
        Value::Array(items) => items.get(name.parse::<usize>().ok()?),
        _ => None,
    })
}

/// A numeric setting by its path.
fn setting(project: &Project, path: &str) -> Option<f64> {
    let number = value_at(&serde_json::to_value(project).ok()?, path)?.as_f64()?;
    // 0.1 of 32 bits is a little more than 0.1.
    if number.fract() == 0.0 { Some(number) } else { (number as f32).to_string().parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read_and_judged() {
        let condition = Condition::parse("validation_accuracy >= 0.97").unwrap();
        assert_eq!(condition.to_string(), "validation_accuracy >= 0.97");
        assert!(condition.holds(0.97) && !condition.holds(0.9699) && condition.needs_run());
        let project = Project::find("spiral").unwrap();
        let mut figures = Figures { runs: 2, ..Figures::default() };
        let value = |figures: &Figures, text: &str| figures.value(&Condition::parse(text).unwrap(), &project);
        assert_eq!(value(&figures, "runs = 2"), Some(2.0));
        assert_eq!(value(&figures, "seconds < 60"), None);
        assert_eq!(value(&figures, "data.validation < 1"), Some(0.2));
        figures.results.insert("train_loss".to_owned(), 0.25);
        assert!(figures.reach(&[Condition::parse("train_loss<0.3").unwrap()], &project));
        assert!(!figures.reach(&[condition], &project));
        for wrong in ["accuracy", "runs > many", "> 3 4"] {
            assert!(Condition::parse(wrong).is_err(), "{wrong}");
        }
        for unknown in ["accuracy > 1", "validation_fun > 1", "speed > 1", "update_ratio < 1"] {
            assert_eq!(Condition::parse(unknown).unwrap().subject(), None, "{unknown}");
        }
        assert!(Condition::parse("best_validation_accuracy >= 0.9").unwrap().is_share());
        assert!(!Condition::parse("train_loss < 0.9").unwrap().is_share());
        assert_eq!(Condition::parse("best_validation_loss < 1").unwrap().subject(), Some(Subject::Result));
    }
}
