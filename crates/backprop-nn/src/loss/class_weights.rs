use serde::{Deserialize, Serialize};

use crate::field::{About, Choose};

/// How much the samples of each class count. The loss of a batch is the sum of the weighted losses over the sum of the
/// weights, as in PyTorch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(into = "Written", try_from = "Written")]
pub enum ClassWeights {
    /// Every class weighs 1.
    #[default]
    Equal,
    /// Samples over classes over samples of the class, as in scikit-learn: all classes count the same together.
    Balanced,
    /// One number per class.
    Listed(Vec<f32>),
}

/// How weights stand in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "class_weights is \"equal\", \"balanced\" or a list of a number per class")]
enum Written {
    Word(String),
    List(Vec<f32>),
}

impl From<ClassWeights> for Written {
    fn from(weights: ClassWeights) -> Self {
        match weights {
            ClassWeights::Equal => Self::Word("equal".to_owned()),
            ClassWeights::Balanced => Self::Word("balanced".to_owned()),
            ClassWeights::Listed(list) => Self::List(list),
        }
    }
}

impl TryFrom<Written> for ClassWeights {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        match written {
            Written::List(list) => Ok(Self::Listed(list)),
            Written::Word(word) if word == "equal" => Ok(Self::Equal),
            Written::Word(word) if word == "balanced" => Ok(Self::Balanced),
            Written::Word(word) => {
                Err(format!("class_weights is {word:?}; it is \"equal\", \"balanced\" or a list of a number per class"))
            }
        }
    }
}

impl ClassWeights {
    /// Balanced weights of classes of which there are so many samples; a class without any weighs 1.
    pub fn balanced(counts: &[usize]) -> Self {
        let present = counts.iter().filter(|count| **count > 0).count();
        let samples: usize = counts.iter().sum();
        let weight = |count: usize| if count == 0 { 1.0 } else { samples as f32 / (present * count) as f32 };
        Self::Listed(counts.iter().map(|count| weight(*count)).collect())
    }

    /// The weight of a class. Balanced weights are numbers by the time that anything is weighed.
    pub fn of(&self, class: usize) -> f32 {
        match self {
            Self::Equal | Self::Balanced => 1.0,
            Self::Listed(list) => list.get(class).copied().unwrap_or(1.0),
        }
    }

    /// What is wrong with a list, if something is.
    pub fn problem(&self) -> Option<String> {
        let Self::Listed(list) = self else { return None };
        let sound = list.iter().all(|weight| (0.0..=MAX).contains(weight)) && list.iter().any(|weight| *weight > 0.0);
        (!sound).then(|| format!("class_weights go from 0 to {MAX}, and one at least is above 0"))
    }
}

const MAX: f32 = 1e4;

impl Choose for ClassWeights {
    fn options() -> &'static [About] {
        const fn option(key: &'static str, label: &'static str, help: &'static str) -> About {
            About { key, label, group: "", formula: "", help }
        }
        const {
            &[
                option("equal", "Equal", "Every sample counts the same."),
                option("balanced", "Balanced", "Every class counts the same, however many samples it has."),
                option("listed", "As listed", "A number for each class, as the project file has them."),
            ]
        }
    }

    fn chosen(&self) -> usize {
        match self {
            Self::Equal => 0,
            Self::Balanced => 1,
            Self::Listed(_) => 2,
        }
    }

    fn choose(&mut self, option: usize) {
        match option {
            0 => *self = Self::Equal,
            1 => *self = Self::Balanced,
            // Numbers for the classes are written in the project file; there are none to choose here.
            _ => {}
        }
    }
}
