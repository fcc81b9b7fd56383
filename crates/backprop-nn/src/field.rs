//! One description of a setting: what it is called, what it does, which values it takes. The editor, the range check of
//! a file that was read, the command line and the documentation read the same description.
//!
//! A struct of settings derives [`Settings`], an enum of plain options derives [`Choice`]:
//!
//! ```
//! use backprop_nn::field::{Choice, Settings, Value};
//!
//! /// How the ends of a sequence are padded.
//! #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Choice)]
//! enum Padding {
//!     /// No padding: the sequence gets shorter.
//!     #[default]
//!     Valid,
//!     /// Zeros keep the length.
//!     Same,
//! }
//!
//! /// Averages neighboring steps.
//! #[derive(Clone, Debug, PartialEq, Settings)]
//! struct Smooth {
//!     /// Number of steps that are averaged. A large window hides short events.
//!     #[field(default = 3, range = 1..=99)]
//!     window: usize,
//!     /// What happens at the ends.
//!     #[field(default = Padding::Valid)]
//!     padding: Padding,
//! }
//!
//! let mut smooth = Smooth::default();
//! assert_eq!(Smooth::fields()[0].label, "Window");
//! smooth.set("window", Value::Whole(5)).unwrap();
//! assert_eq!(smooth.set("window", Value::Whole(0)).unwrap_err().to_string(), "window is 0; it goes from 1 to 99");
//! ```

use std::fmt;
use std::ops::RangeInclusive;

pub use backprop_nn_derive::{Choice, Settings};

/// One setting, independent of any instance.
#[derive(Clone, Debug)]
pub struct Field {
    /// Name in files and on the command line, `label_smoothing`.
    pub key: &'static str,
    /// Name on the screen, "Label smoothing".
    pub label: &'static str,
    /// What it does, and what goes wrong when it is too large or too small.
    pub help: &'static str,
    /// Which values it takes.
    pub kind: Kind,
}

/// Which values a setting takes. Ranges include both ends; a slider may cover the usual part of one, beyond which a value
/// can be typed.
#[derive(Clone, Debug)]
pub enum Kind {
    /// A whole number.
    #[expect(missing_docs, reason = "the names say it")]
    Whole { range: RangeInclusive<usize>, slider: RangeInclusive<usize>, default: usize, scale: Scale },
    /// A real number.
    #[expect(missing_docs, reason = "the names say it")]
    Real { range: RangeInclusive<f32>, slider: RangeInclusive<f32>, default: f32, scale: Scale },
    /// On or off.
    #[expect(missing_docs, reason = "the names say it")]
    Switch { default: bool },
    /// One of several options.
    #[expect(missing_docs, reason = "the names say it")]
    Choice { options: fn() -> &'static [About], default: fn() -> usize },
    /// One of these words, or none of them.
    Word(&'static [&'static str]),
    /// Any text.
    Text,
    /// The name of a column of a table.
    Column,
    /// Names of columns of a table.
    Columns,
}

/// How a slider divides its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// In equal steps.
    Linear,
    /// In equal factors, for quantities such as a learning rate.
    Logarithmic,
}

/// The value of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of [`Kind::Whole`].
    Whole(usize),
    /// Of [`Kind::Real`].
    Real(f32),
    /// Of [`Kind::Switch`].
    Switch(bool),
    /// The position of an option of [`Kind::Choice`].
    Choice(usize),
}

/// What an option, or a thing of a registry, is called and what it computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// Name in files and on the command line, `leaky_relu`.
    pub key: &'static str,
    /// Name on the screen, "Leaky ReLU".
    pub label: &'static str,
    /// What it is for, as the heading over its kind in a menu, "Convolution"; empty where the list is short.
    pub group: &'static str,
    /// In the field's notation; empty where there is no formula.
    pub formula: &'static str,
    /// One or two sentences for the person who chooses; may be empty.
    pub help: &'static str,
}

/// Why a value was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FieldError {
    /// There is no such setting.
    #[error("there is no {key}; there is {known}")]
    Unknown {
        /// The key that was asked for.
        key: String,
        /// The keys that there are.
        known: String,
    },
    /// A number outside its range, or NaN.
    #[error("{key} is {found}; it {}", allowed(low, high.as_deref()))]
    OutOfRange {
        /// The setting.
        key: &'static str,
        /// The value that was found.
        found: String,
        /// The smallest value that is allowed.
        low: String,
        /// The largest value that is allowed; none where nobody reaches it.
        high: Option<String>,
    },
    /// A value of another kind.
    #[error("{key} is {expected}")]
    Kind {
        /// The setting.
        key: &'static str,
        /// What it takes.
        expected: &'static str,
    },
}

fn allowed(low: &str, high: Option<&str>) -> String {
    high.map_or_else(|| format!("is at least {low}"), |high| format!("goes from {low} to {high}"))
}

/// An enum, or a registry, of which one option is chosen. Derived by [`Choice`] for an enum of plain options.
pub trait Choose {
    /// Every option, in the order of the menu.
    fn options() -> &'static [About]
    where
        Self: Sized;

    /// The position of the option that is chosen.
    fn chosen(&self) -> usize;

    /// Chooses the option at this position; does nothing where there is none. What belongs to an option starts with its
    /// defaults.
    fn choose(&mut self, option: usize);
}

/// What a struct of settings is called, what it computes and what it is for. Implemented by the derive macro
/// [`Settings`].
pub trait Described {
    /// Name on the screen.
    const LABEL: &'static str;
    /// What it is for, as the heading over its kind in a menu.
    const GROUP: &'static str = "";
    /// In the field's notation.
    const FORMULA: &'static str;
    /// One or two sentences for a beginner.
    const HELP: &'static str;
}

/// A struct whose fields can be read, set and described by their keys. The derive macro of the same name implements it;
/// without it, a struct has no settings.
pub trait Settings {
    /// The description of every field, without an instance.
    fn fields() -> Vec<&'static Field>
    where
        Self: Sized,
    {
        Vec::new()
    }

    /// The same of an instance whose type is not known.
    fn describe(&self) -> Vec<&'static Field> {
        Vec::new()
    }

    /// The value of a field.
    fn get(&self, _key: &str) -> Option<Value> {
        None
    }

    /// Writes a value that was checked before; false if there is no such field, or the value is of another kind.
    #[doc(hidden)]
    fn put(&mut self, _key: &str, _value: Value) -> bool {
        false
    }

    /// Whether a field has an effect with the other fields as they are.
    fn is_used(&self, _key: &str) -> bool {
        true
    }

    /// Sets a field to a value within its range.
    fn set(&mut self, key: &str, value: Value) -> Result<(), FieldError> {
        let fields = self.describe();
        let Some(field) = fields.iter().find(|field| field.key == key) else {
            let known = fields.iter().map(|field| field.key).collect::<Vec<_>>().join(", ");
            return Err(FieldError::Unknown { key: key.to_owned(), known });
        };
        field.check(&value)?;
        match self.put(key, value) {
            true => Ok(()),
            false => Err(FieldError::Kind { key: field.key, expected: field.kind.expected() }),
        }
    }

    /// The first field that is used and lies outside its range. Values that were set one by one never do; those of a
    /// file may.
    fn out_of_range(&self) -> Option<FieldError> {
        let used = self.describe().into_iter().filter(|field| self.is_used(field.key));
        used.filter_map(|field| field.check(&self.get(field.key)?).err()).next()
    }
}

impl Field {
    /// A whole number, for a list of fields that is written by hand.
    pub const fn whole(
        key: &'static str,
        label: &'static str,
        range: RangeInclusive<usize>,
        default: usize,
        help: &'static str,
    ) -> Self {
        let slider = *range.start()..=*range.end();
        Self { key, label, help, kind: Kind::Whole { range, slider, default, scale: Scale::Linear } }
    }

    /// A number, for a list of fields that is written by hand.
    pub const fn real(
        key: &'static str,
        label: &'static str,
        range: RangeInclusive<f32>,
        default: f32,
        help: &'static str,
    ) -> Self {
        let slider = *range.start()..=*range.end();
        Self { key, label, help, kind: Kind::Real { range, slider, default, scale: Scale::Linear } }
    }

    /// A setting of another kind, for a list of fields that is written by hand.
    pub const fn of(key: &'static str, label: &'static str, kind: Kind, help: &'static str) -> Self {
        Self { key, label, help, kind }
    }

    /// Holds a value against the range; NaN lies in none.
    pub fn check(&self, value: &Value) -> Result<(), FieldError> {
        let out = |found: &dyn fmt::Display, low: &dyn fmt::Display, high: &dyn fmt::Display| {
            let [found, low, high] = [found, low, high].map(ToString::to_string);
            let high = Some(high).filter(|_| !self.is_open_ended());
            Err(FieldError::OutOfRange { key: self.key, found, low, high })
        };
        match (&self.kind, value) {
            (Kind::Whole { range, .. }, Value::Whole(value)) if !range.contains(value) => {
                out(value, range.start(), range.end())
            }
            (Kind::Real { range, .. }, Value::Real(value)) if !range.contains(value) => {
                out(value, range.start(), range.end())
            }
            (Kind::Choice { options, .. }, Value::Choice(option)) if *option >= options().len() => {
                out(option, &0, &(options().len() - 1))
            }
            _ => Ok(()),
        }
    }

    /// Whether its largest value is one that nobody reaches.
    fn is_open_ended(&self) -> bool {
        matches!(&self.kind, Kind::Whole { range, .. } if *range.end() >= u32::MAX as usize)
    }

    /// The value that the setting begins with; none for text, which begins empty.
    pub fn default(&self) -> Option<Value> {
        match &self.kind {
            Kind::Whole { default, .. } => Some(Value::Whole(*default)),
            Kind::Real { default, .. } => Some(Value::Real(*default)),
            Kind::Switch { default } => Some(Value::Switch(*default)),
            Kind::Choice { default, .. } => Some(Value::Choice(default())),
            Kind::Word(_) | Kind::Text | Kind::Column | Kind::Columns => None,
        }
    }
}

impl Kind {
    fn expected(&self) -> &'static str {
        match self {
            Self::Whole { .. } => "a whole number",
            Self::Real { .. } => "a number",
            Self::Switch { .. } => "true or false",
            Self::Choice { .. } | Self::Word(_) => "one of its options",
            Self::Text | Self::Column | Self::Columns => "a text",
        }
    }
}

/// The value in words: numbers as they are, an option by its key.
impl Field {
    /// How a value is written in a file or on the command line.
    pub fn written(&self, value: &Value) -> String {
        match (value, &self.kind) {
            (Value::Whole(value), _) => value.to_string(),
            (Value::Real(value), _) => value.to_string(),
            (Value::Switch(value), _) => value.to_string(),
            (Value::Choice(option), Kind::Choice { options, .. }) => {
                options().get(*option).map_or_else(String::new, |about| about.key.to_owned())
            }
            (Value::Choice(option), _) => option.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Some options.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Choice)]
    enum Mode {
        /// The first.
        #[default]
        Off,
        /// The second.
        ///
        /// What only the documentation says.
        #[option(label = "Full speed", formula = "v = c")]
        FullSpeed,
    }

    /// A part
    /// of settings.
    #[derive(Clone, Debug, PartialEq, Settings)]
    #[settings(formula = "y = x")]
    struct Part {
        /// How strong.
        #[field(key = "part.strength", default = 0.5, range = 0.0..=1.0, logarithmic)]
        strength: f32,
    }

    #[derive(Clone, Debug, PartialEq, Settings)]
    #[settings(label = "All of it")]
    struct Whole<const N: usize> {
        /// How many.
        #[field(default = N, range = 1..=9)]
        how_many: usize,
        /// Whether it runs.
        #[field(default = true)]
        is_on: bool,
        /// How it runs.
        #[field(label = "Kind", default = Mode::FullSpeed, when = self.is_on)]
        mode: Mode,
        #[group]
        part: Part,
        untold: Vec<u8>,
    }

    #[test]
    fn a_struct_is_described_without_an_instance() {
        let fields = Whole::<4>::fields();
        let keys: Vec<_> = fields.iter().map(|field| (field.key, field.label, field.help)).collect();
        assert_eq!(
            keys,
            [
                ("how_many", "How many", "How many."),
                ("is_on", "Is on", "Whether it runs."),
                ("mode", "Kind", "How it runs."),
                ("part.strength", "Strength", "How strong."),
            ]
        );
        assert_eq!(fields[0].default(), Some(Value::Whole(4)));
        assert_eq!(fields[2].default(), Some(Value::Choice(1)));
        assert!(matches!(fields[3].kind, Kind::Real { scale: Scale::Logarithmic, .. }));
        assert_eq!((Part::LABEL, Part::FORMULA, Part::HELP), ("Part", "y = x", "A part of settings."));
        assert_eq!(Whole::<4>::LABEL, "All of it");
        let expected =
            About { key: "full_speed", label: "Full speed", group: "", formula: "v = c", help: "The second." };
        assert_eq!(*Mode::FullSpeed.about(), expected);
    }

    #[test]
    fn values_are_read_and_set_by_their_keys() {
        let mut whole = Whole::<4>::default();
        assert_eq!(whole.get("part.strength"), Some(Value::Real(0.5)));
        whole.set("part.strength", Value::Real(0.25)).unwrap();
        whole.set("mode", Value::Choice(0)).unwrap();
        whole.set("is_on", Value::Switch(false)).unwrap();
        assert_eq!((whole.part.strength, whole.mode, whole.is_on), (0.25, Mode::Off, false));
        assert!(!whole.is_used("mode") && whole.is_used("how_many"));
        for (key, value, expected) in [
            ("how_many", Value::Whole(10), "how_many is 10; it goes from 1 to 9"),
            ("part.strength", Value::Real(f32::NAN), "part.strength is NaN; it goes from 0 to 1"),
            ("mode", Value::Choice(7), "mode is 7; it goes from 0 to 1"),
            ("is_on", Value::Whole(1), "is_on is true or false"),
            ("speed", Value::Whole(1), "there is no speed; there is how_many, is_on, mode, part.strength"),
        ] {
            assert_eq!(whole.set(key, value).unwrap_err().to_string(), expected);
        }
        whole.how_many = 0;
        assert_eq!(whole.out_of_range().unwrap().to_string(), "how_many is 0; it goes from 1 to 9");
    }
}
