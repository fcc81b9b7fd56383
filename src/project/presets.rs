//! The built-in projects, `assets/presets/*.json`, inside the binary.

use super::{Project, ProjectError};
use crate::data::sources::digits;

struct Preset {
    name: &'static str,
    help: &'static str,
    text: &'static str,
}

macro_rules! presets {
    ($($name:literal: $help:literal),+ $(,)?) => {
        &[$(Preset { name: $name, help: $help, text: include_str!(concat!("../../assets/presets/", $name, ".json")) }),+]
    };
}

const PRESETS: &[Preset] = presets![
    "mlp": "Two Dense layers: the smallest network that reads digits well, and by far the fastest.",
    "cnn-small": "One convolution and a pooling: sees strokes instead of pixels.",
    "cnn-5x5": "A wide convolution with a hidden Dense layer behind it.",
    "cnn-deep": "Three convolutions: slow to train, and the best reader of these.",
    "lenet": "LeNet-5 of 1998, the network that made convolutions known: tanh, and means for maxima.",
    "resnet-mini": "Blocks that add to what entered them: what made very deep networks trainable, in small.",
    "best-mnist": "All that helps at once, normalisation, dropout, changed images, one cycle, averaged weights: minutes, for 99.6 %.",
    "rnn": "Reads the image row by row, and remembers the last few: recurrence in its plainest form.",
    "lstm": "Reads row by row with a memory that lasts: gates decide what to forget, add and tell.",
    "gru": "Reads row by row with two gates instead of three: lighter than an LSTM, and as good here.",
    "autoencoder": "Says each digit in 32 numbers and draws it again from them: compression, learnt from nothing but the digits.",
    "iris": "Four measures of a flower tell three species apart: the classic of 1936.",
    "wine": "How tasters marked red wines, from eleven measures of the laboratory: a hard one.",
    "fuel": "How far a car of the seventies goes on a gallon, from what it is: a number instead of a class.",
    "steel-plates": "Seven faults of steel plates told apart by 27 measures of their images.",
    "steel-surface": "Six kinds of defects on hot-rolled steel told apart by a camera: quality control.",
    "machine-failure": "Ten thousand readings of a milling machine, of which three in a hundred precede a failure.",
    "airline": "How many passengers will fly next month, from the last two years: a trend and its seasons.",
    "temperatures": "The lowest temperature of tomorrow, from the last thirty days, read by a GRU.",
    "remaining-life": "How many flights a turbofan engine has left, from its last thirty readings, read by a GRU.",
    "spiral": "Two arms wound around each other, in a plane: hard for a straight mind, easy for two hidden layers.",
    "xor": "Opposite quarters of a plane: what no network without a hidden layer learns.",
    "regression-2d": "Three hills and three hollows over a plane, drawn from points of known height.",
    "gan-points": "Two networks play against each other until one of them scatters points along two moons.",
    "gan-digits": "Two networks play against each other until one of them writes digits that nobody has written.",
];

/// The preset that the studio opens at its first start, and that trains where there is no display: it sees strokes,
/// and takes long enough to be watched.
pub const DEFAULT: &str = "cnn-small";

pub fn names() -> Vec<&'static str> {
    PRESETS.iter().map(|preset| preset.name).collect()
}

/// The presets that tell what the images of the default source show; the others ask for something else.
pub fn image_readers() -> Vec<&'static str> {
    let reads_images = |project: Project| {
        let reads = project.adversary.is_none() && !project.data.reconstruct;
        reads && project.data.source.is(&digits::SOURCE)
    };
    names().into_iter().filter(|name| find(name).and_then(Result::ok).is_some_and(reads_images)).collect()
}

/// One sentence about a preset.
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
    find(DEFAULT).and_then(Result::ok).unwrap_or_else(|| Project {
        version: super::VERSION,
        name: "untitled".to_owned(),
        data: Default::default(),
        model: Default::default(),
        adversary: None,
        training: Default::default(),
    })
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
