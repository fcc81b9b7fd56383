//! Which tabs, layers and settings the window shows: a teacher leaves out what a class does not need yet. A profile is a file of its
//! own, which is given to the class.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use backprop_nn::LayerSpec;

/// The ending of files with profiles.
pub const ENDING: &str = "profile";

/// What is left out, by the ids of [`Thing`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// In alphabetical order.
    pub hidden: BTreeSet<String>,
}

/// A file that is no profile.
#[derive(Debug, Error)]
pub enum ProfileError {
    /// It cannot be read or written.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// It is no JSON of a profile.
    #[error("is no profile: {0}")]
    Syntax(#[from] serde_json::Error),
    /// It names what the window does not have.
    #[error("hides {0:?}, which the window does not have; take it out, or use a newer program")]
    Unknown(String),
}

/// Something that can be left out: a tab by its id, settings by the place of their paths, and layers by their group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// What a profile calls it.
    pub id: String,
    /// What people call it.
    pub name: &'static str,
    /// What kind of thing it is.
    pub group: &'static str,
}

const TABS: [(&str, &str); 6] = [
    ("draw", "Draw"),
    ("data", "Data"),
    ("inside", "Inside"),
    ("mistakes", "Mistakes"),
    ("metrics", "Metrics"),
    ("runs", "Runs"),
];

const SETTINGS: [(&str, &str); 13] = [
    ("data.validation", "Validation split"),
    ("training.loss", "Loss"),
    ("training.optimizer", "Optimizer"),
    ("training.schedule", "Schedule"),
    ("training.batch", "Batch size"),
    ("training.shuffle", "Shuffle"),
    ("training.seed", "Seed"),
    ("training.regularization", "Regularization"),
    ("training.early_stopping", "Early stopping"),
    ("data.augment", "Augmentation"),
    ("checkpoints", "Checkpoints"),
    ("find_learning_rate", "Find a learning rate…"),
    ("experiments", "Cross-validation, seeds and search"),
];

/// The group of layers that is always there.
const ALWAYS: &str = "Dense layers and activations";

/// Everything that can be left out, in the order in which it is listed.
pub fn things() -> Vec<Thing> {
    let thing = |group| move |(id, name): (&str, &'static str)| Thing { id: id.to_owned(), name, group };
    let mut things: Vec<Thing> =
        TABS.into_iter().map(thing("Tabs")).chain(SETTINGS.into_iter().map(thing("Settings"))).collect();
    for group in LayerSpec::ENTRIES.iter().map(|entry| entry.about.group).filter(|group| *group != ALWAYS) {
        let id = layers_of(group);
        if things.iter().all(|thing| thing.id != id) {
            things.push(Thing { id, name: group, group: "Layers" });
        }
    }
    things
}

/// The id of the layers of a group.
pub fn layers_of(group: &str) -> String {
    format!("layers.{group}")
}

impl Profile {
    /// Everything is shown.
    pub fn everything() -> Self {
        Self::default()
    }

    /// For a first hour: a network of dense layers, the learning rate and the epochs.
    pub fn beginner() -> Self {
        let shown = ["draw", "data", "mistakes", "data.validation"];
        let things = things().into_iter().map(|thing| thing.id);
        Self { hidden: things.filter(|id| !shown.contains(&id.as_str())).collect() }
    }

    /// For a first course: what an introduction teaches, without the tools of engineers.
    pub fn course() -> Self {
        let hidden = ["checkpoints", "experiments", "training.shuffle", "training.schedule", "runs"];
        Self { hidden: hidden.map(str::to_owned).into() }
    }

    /// Whether what has this id or path, or lies below one, is left out.
    pub fn hides(&self, path: &str) -> bool {
        self.hidden.iter().any(|hidden| {
            path.strip_prefix(hidden.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, ProfileError> {
        let profile: Self = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let known = things();
        match profile.hidden.iter().find(|id| known.iter().all(|thing| thing.id != **id)) {
            Some(id) => Err(ProfileError::Unknown(id.clone())),
            None => Ok(profile),
        }
    }

    /// Writes a file.
    pub fn write(&self, path: &Path) -> Result<(), ProfileError> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_hides_what_lies_below_its_ids_and_nothing_that_only_begins_alike() {
        let profile = Profile { hidden: ["training.seed".to_owned(), "data.augment".to_owned()].into() };
        assert!(profile.hides("training.seed") && profile.hides("data.augment.rotation"));
        assert!(!profile.hides("training.seeds") && !profile.hides("data") && !profile.hides("training"));
        assert!(Profile::beginner().hides("inside") && !Profile::beginner().hides("draw"));
        assert!(!Profile::everything().hides("runs"));
    }

    #[test]
    fn a_file_with_a_name_that_the_window_does_not_have_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class.profile");
        Profile::course().write(&path).unwrap();
        assert_eq!(Profile::read(&path).unwrap(), Profile::course());
        std::fs::write(&path, r#"{"hidden": ["elephants"]}"#).unwrap();
        assert!(Profile::read(&path).unwrap_err().to_string().contains("elephants"));
        std::fs::write(&path, "hello").unwrap();
        assert!(matches!(Profile::read(&path), Err(ProfileError::Syntax(_))));
    }
}
