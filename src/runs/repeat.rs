//! A run that was kept, trained once more with the changes that were made while it trained: does the same come of it?

use std::path::Path;

use serde_json::Value;

use super::history;
use crate::project::ProjectError;
use crate::train::{Change, LiveChange};

/// What a run told that depends on the time that it took.
const TIMES: &[&str] = &["seconds", "samples_per_s"];

/// What is to come out again.
pub struct Recording {
    /// The changes of settings while it trained.
    pub changes: Vec<Change>,
    /// The lines of its epochs.
    epochs: Vec<Value>,
}

/// The first number that is another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Deviation {
    /// The epoch.
    pub epoch: u64,
    /// The key of the metric.
    pub key: String,
    /// What the run told.
    pub was: Value,
    /// What the repetition told.
    pub is: Value,
}

impl std::fmt::Display for Deviation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { epoch, key, was, is } = self;
        write!(f, "epoch {epoch}: {key} was {was}, and is {is}")
    }
}

impl Recording {
    /// Reads it from a run folder.
    pub fn read(folder: &Path) -> Result<Self, ProjectError> {
        let lines = history::read(folder)?;
        let of = |event: &str| lines.iter().filter(|line| line["event"] == event).cloned().collect::<Vec<_>>();
        let change = |line: &Value| {
            let change = LiveChange {
                learning_rate: serde_json::from_value(line["learning_rate"].clone()).ok()?,
                optimizer: serde_json::from_value(line["optimizer"].clone()).ok()?,
            };
            Some(Change { step: line["step"].as_u64()?, change })
        };
        let unreadable = || ProjectError::file(folder, "has a change of settings that cannot be read");
        let changes = of("changed").iter().map(|line| change(line).ok_or_else(unreadable)).collect::<Result<_, _>>()?;
        let epochs = of("epoch");
        if epochs.is_empty() {
            return Err(ProjectError::file(folder, "has no epoch that could be repeated"));
        }
        Ok(Self { changes, epochs })
    }

    /// How many epochs it has.
    pub fn epochs(&self) -> usize {
        self.epochs.len()
    }

    /// The first number in which the line of an epoch is another than it was.
    pub fn deviation(&self, line: &Value) -> Option<Deviation> {
        // Read as the known lines were, since reading may round a last digit.
        let line: Value = serde_json::from_str(&line.to_string()).ok()?;
        let epoch = line["epoch"].as_u64()?;
        let known = self.epochs.iter().find(|known| known["epoch"] == epoch)?;
        let is_other = |(key, was): &(&String, &Value)| !TIMES.contains(&&***key) && line[&***key] != **was;
        let (key, was) = known.as_object()?.iter().find(is_other)?;
        Some(Deviation { epoch, key: key.clone(), was: was.clone(), is: line[&**key].clone() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_first_number_that_is_another_is_named_and_times_are_not_numbers_of_the_run() {
        let line = |loss: f64| json!({ "event": "epoch", "epoch": 2, "seconds": loss, "train_loss": loss });
        let recording = Recording { changes: Vec::new(), epochs: vec![line(0.5)] };
        assert_eq!(recording.deviation(&line(0.5)), None);
        let found = recording.deviation(&line(0.25)).unwrap();
        assert_eq!(found.to_string(), "epoch 2: train_loss was 0.5, and is 0.25");
        assert_eq!(recording.deviation(&json!({ "event": "epoch", "epoch": 3, "train_loss": 0.1 })), None);
    }
}
