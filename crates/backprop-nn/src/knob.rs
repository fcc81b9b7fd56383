//! Named, ranged, editable hyper-parameters: how a specification is shown without knowing what shows it.
//!
//! A knob's `key` is the name of the field in the project file, so the editor, the range check of a file that was read
//! and `--set` on the command line all speak of the same number.

use std::ops::RangeInclusive;

/// One thing a person may change, with its range and one sentence of help.
pub struct Knob<'a> {
    /// Name of the field in the project file, `units`.
    pub key: &'static str,
    /// Name on the screen, "Units".
    pub label: &'static str,
    /// One sentence: what it does, and the failure that a bad value causes.
    pub help: &'static str,
    pub value: Value<'a>,
}

/// What is behind a knob. Ranges include both ends.
pub enum Value<'a> {
    Whole { value: &'a mut usize, range: RangeInclusive<usize>, default: usize },
    Real { value: &'a mut f32, range: RangeInclusive<f32>, default: f32, scale: Scale },
    Switch { value: &'a mut bool, default: bool },
    Choice(&'a mut dyn Choice),
}

/// How a slider divides its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    Linear,
    Logarithmic,
}

/// A closed list of options, of which one is chosen.
pub trait Choice {
    /// What each option is called on the screen.
    fn options(&self) -> &'static [&'static str];
    fn chosen(&self) -> usize;
    fn choose(&mut self, option: usize);

    /// What an option computes, if the options are formulas.
    fn about(&self, _option: usize) -> Option<About> {
        None
    }
}

/// What an option computes and what it is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// In the field's notation.
    pub formula: &'static str,
    /// One sentence for the person who chooses.
    pub help: &'static str,
}

impl<'a> Knob<'a> {
    pub fn whole(
        key: &'static str,
        label: &'static str,
        value: &'a mut usize,
        range: RangeInclusive<usize>,
        default: usize,
        help: &'static str,
    ) -> Self {
        Self { key, label, help, value: Value::Whole { value, range, default } }
    }

    pub fn real(
        key: &'static str,
        label: &'static str,
        value: &'a mut f32,
        range: RangeInclusive<f32>,
        default: f32,
        help: &'static str,
    ) -> Self {
        Self { key, label, help, value: Value::Real { value, range, default, scale: Scale::Linear } }
    }

    pub fn switch(
        key: &'static str,
        label: &'static str,
        value: &'a mut bool,
        default: bool,
        help: &'static str,
    ) -> Self {
        Self { key, label, help, value: Value::Switch { value, default } }
    }

    pub fn choice(key: &'static str, label: &'static str, value: &'a mut dyn Choice, help: &'static str) -> Self {
        Self { key, label, help, value: Value::Choice(value) }
    }

    /// Divide the slider logarithmically, for quantities like a learning rate.
    #[must_use]
    pub fn logarithmic(mut self) -> Self {
        if let Value::Real { scale, .. } = &mut self.value {
            *scale = Scale::Logarithmic;
        }
        self
    }

    /// What is wrong with the value, if it lies outside the knob's range; also catches NaN.
    pub fn out_of_range(&self) -> Option<String> {
        let (value, low, high) = match &self.value {
            Value::Whole { value, range, .. } if !range.contains(value) => {
                (value.to_string(), range.start().to_string(), range.end().to_string())
            }
            Value::Real { value, range, .. } if !range.contains(value) => {
                (value.to_string(), range.start().to_string(), range.end().to_string())
            }
            _ => return None,
        };
        Some(format!("{} is {value}; it goes from {low} to {high}", self.key))
    }
}

/// Gives an enum of plain options its names on the screen and makes it a [`Choice`]; a method may tell about each option.
#[macro_export]
macro_rules! choice {
    ($kind:ident { $($option:ident => $name:literal),+ $(,)? } $($about:ident)?) => {
        impl $kind {
            pub const ALL: &[Self] = &[$(Self::$option),+];

            /// What the option is called on the screen.
            pub fn name(self) -> &'static str {
                match self { $(Self::$option => $name),+ }
            }
        }

        impl $crate::knob::Choice for $kind {
            fn options(&self) -> &'static [&'static str] {
                &[$($name),+]
            }

            fn chosen(&self) -> usize {
                Self::ALL.iter().position(|option| option == self).unwrap_or(0)
            }

            fn choose(&mut self, option: usize) {
                if let Some(chosen) = Self::ALL.get(option) {
                    *self = *chosen;
                }
            }

            $(fn about(&self, option: usize) -> Option<$crate::knob::About> {
                Self::ALL.get(option).map(|option| Self::$about(*option))
            })?
        }
    };
}
pub use crate::choice;
