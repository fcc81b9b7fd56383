//! The built-in projects, `assets/presets/*.json`, inside the binary.

use super::{Project, ProjectError};
use crate::data::sources::digits;

/// A built-in project to begin with.
pub struct Preset {
    /// Name by which the command line and the studio find it.
    pub name: &'static str,
    /// A description in one sentence.
    pub help: &'static str,
    /// What kind of task it is; presets of one kind follow one another.
    pub task: &'static str,
    text: &'static str,
}

macro_rules! presets {
    ($($task:literal { $($name:literal: $help:literal),+ $(,)? })+) => {
        &[$($(Preset {
            name: $name,
            help: $help,
            task: $task,
            text: include_str!(concat!("../../assets/presets/", $name, ".json")),
        }),+),+]
    };
}

const PRESETS: &[Preset] = presets![
    "Classification of handwritten digits" {
        "mlp": "Two Dense layers: the smallest network that reads digits well, and by far the fastest.",
        "cnn-small": "One convolution and a pooling layer: a first convolutional network.",
        "cnn-5x5": "A wide convolution, followed by a hidden Dense layer.",
        "cnn-deep": "Three convolutions: slow to train, and more accurate than the smaller ones.",
        "lenet": "LeNet-5 of 1998, the network that made convolutions known: tanh and average pooling.",
        "resnet-mini": "Residual blocks, which made very deep networks trainable, in a small network.",
        "best-mnist": "Normalization, dropout, augmentation, the one-cycle schedule and averaged weights: minutes, for 99.6 %.",
        "rnn": "Reads the image row by row with a hidden state: the plainest recurrent network.",
        "lstm": "Reads row by row with a long short-term memory: gates decide what to forget, add and output.",
        "gru": "Reads row by row with two gates instead of three: smaller than an LSTM, and as accurate here.",
    }
    "Classification of images" {
        "steel-surface": "Six kinds of defects on hot-rolled steel, from images of the surface: quality control.",
    }
    "Classification of tables" {
        "iris": "Three species of iris, from four measurements of the flower: the classic of 1936.",
        "wine": "The grade of red wines, from eleven laboratory measurements: a hard one.",
        "steel-plates": "Seven faults of steel plates, from 27 features of their images.",
        "machine-failure": "Ten thousand readings of a milling machine, of which three in a hundred precede a failure.",
    }
    "Regression of tables" {
        "fuel": "How far a car of the seventies goes on a gallon, from its technical data: a number instead of a class.",
    }
    "Time series" {
        "airline": "Airline passengers of the next month, from the last two years: a trend and its seasons.",
        "temperatures": "Tomorrow's lowest temperature, from the last thirty days, forecast by a GRU.",
        "remaining-life": "Flights until a turbofan engine fails, from its last thirty readings, predicted by a GRU.",
    }
    "Text" {
        "char-rnn": "An LSTM tells the next letter, and invents names: the plainest language model.",
        "tiny-gpt": "A small transformer that invents names: attention in place of a memory, learned in half a minute.",
        "sums-gpt": "A small transformer that learns to add from examples: 99 % of the sums that it has not seen.",
        "sentiment": "Whether a review praises or complains, read word by word by a GRU.",
    }
    "Points in a plane" {
        "spiral": "Two spirals wound around each other: not linearly separable, and easy for two hidden layers.",
        "xor": "Opposite quarters of the plane: what no network without a hidden layer learns.",
        "regression-2d": "Regression of a surface: three hills and three hollows over the plane.",
    }
    "Autoencoder" {
        "autoencoder": "Encodes each digit in 32 numbers and decodes it again: compression without labels.",
    }
    "Generative adversarial networks" {
        "gan-points": "A generator learns to scatter points along two moons, against a discriminator.",
        "gan-digits": "A generator learns to write digits, against a discriminator.",
    }
];

/// All presets, grouped by task.
pub fn all() -> impl Iterator<Item = &'static Preset> {
    PRESETS.iter()
}

/// The preset that the studio opens at its first start, and that trains where there is no display: a small
/// convolutional network that takes long enough to be watched.
pub const DEFAULT: &str = "cnn-small";

/// The names of all presets, in their order.
pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

/// The presets that classify the images of the default source.
pub fn image_readers() -> Vec<&'static str> {
    let reads_images = |project: Project| {
        let reads = project.adversary.is_none() && !project.data.reconstruct;
        reads && project.data.source.is(&digits::SOURCE)
    };
    names().into_iter().filter(|name| find(name).and_then(Result::ok).is_some_and(reads_images)).collect()
}

/// The description of a preset, one sentence.
pub fn help(name: &str) -> Option<&'static str> {
    PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.help)
}

/// A preset by its name.
pub fn find(name: &str) -> Option<Result<Project, ProjectError>> {
    let preset = PRESETS.iter().find(|preset| preset.name == name)?;
    Some(Project::parse(preset.text).map_err(|what| ProjectError::value(format!("preset {name}"), what)))
}

/// The default preset. Should its file be broken, which a test rules out, an empty stack stands in for it.
pub fn default_project() -> Project {
    find(DEFAULT).and_then(Result::ok).unwrap_or_else(empty)
}

/// A project without a layer.
pub fn empty() -> Project {
    Project {
        version: super::VERSION,
        name: "untitled".to_owned(),
        data: Default::default(),
        model: Default::default(),
        adversary: None,
        teacher: None,
        training: Default::default(),
        checkpoints: Default::default(),
    }
}

/// The preset whose layers and training settings a project has, so that nobody has edited them.
pub fn with_stack_of(project: &Project) -> Option<Project> {
    names().into_iter().filter_map(find).filter_map(Result::ok).find(|preset| preset.has_stack_of(project))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_preset_fits_and_is_written_as_the_program_writes_it() {
        for name in names() {
            let project = find(name).unwrap().unwrap();
            let (shape, classes) = project.default_shape();
            assert_eq!(project.name, name);
            if project.data.source.is(&digits::SOURCE) {
                let problem = project.network(shape, classes).err().map(|error| error.to_string());
                assert_eq!(problem, None, "{name}");
            }
            let text = PRESETS.iter().find(|preset| preset.name == name).unwrap().text;
            assert_eq!(project.to_text().unwrap(), text, "{name}");
        }
    }
}
