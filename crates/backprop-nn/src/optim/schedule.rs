//! THE LIST of schedules: how the learning rate goes from the first step of a run to the last.

use std::f32::consts::PI;
use std::{fmt, iter};

use serde::de::value::{MapAccessDeserializer, MapDeserializer};
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::knob::{About, Choice, Knob};

/// The course of a learning rate, as a share of the number that is set.
pub trait Course {
    /// One sentence that tells a beginner what it is for.
    fn help(&self) -> &'static str;

    /// The rate `ηₚ` at the share `p` of the run, of the rate `η` that is set, in the field's notation.
    fn formula(&self) -> &'static str;

    /// The share at `progress`, 0 to 1: the share of the run's steps that are done. Nothing else decides it, so that it
    /// can be drawn before the run.
    fn factor(&self, progress: f32) -> f32;

    fn knobs(&mut self) -> Vec<Knob<'_>>;
}

macro_rules! schedules {
    ($($kind:ident => $name:literal),+ $(,)?) => {
        /// Any schedule. In a project file it is an object, or its name alone where the defaults do.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(remote = "Self", tag = "kind", rename_all = "snake_case")]
        pub enum Schedule {
            $($kind($kind)),+
        }

        impl Schedule {
            /// One of each with its defaults, in the order of the menu.
            pub fn all() -> Vec<Self> {
                vec![$(Self::$kind($kind::default())),+]
            }

            pub fn as_course(&self) -> &dyn Course {
                match self { $(Self::$kind(course) => course),+ }
            }

            pub fn as_course_mut(&mut self) -> &mut dyn Course {
                match self { $(Self::$kind(course) => course),+ }
            }
        }

        impl Choice for Schedule {
            fn options(&self) -> &'static [&'static str] {
                &[$($name),+]
            }

            fn chosen(&self) -> usize {
                let same = |other: &Self| std::mem::discriminant(other) == std::mem::discriminant(self);
                Self::all().iter().position(same).unwrap_or(0)
            }

            fn choose(&mut self, option: usize) {
                if let Some(chosen) = Self::all().get(option) {
                    *self = *chosen;
                }
            }

            fn about(&self, option: usize) -> Option<About> {
                let about = |course: &dyn Course| About { formula: course.formula(), help: course.help() };
                Self::all().get(option).map(|schedule| about(schedule.as_course()))
            }
        }
    };
}

schedules![
    Constant => "Constant",
    Step => "Step",
    Exponential => "Exponential",
    Cosine => "Cosine",
    CosineRestarts => "Cosine with restarts",
    Polynomial => "Polynomial",
    OneCycle => "One-cycle",
    Plateau => "Reduce on plateau",
];

impl Default for Schedule {
    fn default() -> Self {
        Self::Constant(Constant {})
    }
}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameOrNumbers;

        impl<'de> Visitor<'de> for NameOrNumbers {
            type Value = Schedule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a schedule, or its kind and numbers")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<Schedule, E> {
                Schedule::deserialize(MapDeserializer::new(iter::once(("kind", name))))
            }

            fn visit_map<A: MapAccess<'de>>(self, numbers: A) -> Result<Schedule, A::Error> {
                Schedule::deserialize(MapAccessDeserializer::new(numbers))
            }
        }

        deserializer.deserialize_any(NameOrNumbers)
    }
}

/// `1`
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Constant {}

impl Course for Constant {
    fn help(&self) -> &'static str {
        "The same rate from the first step to the last: simple, and the weights never quite settle."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η"
    }

    fn factor(&self, _progress: f32) -> f32 {
        1.0
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        Vec::new()
    }
}

/// `γ^⌊n p⌋`: PyTorch's `StepLR` with a step of an n-th of the run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// n
    pub parts: usize,
    /// γ
    pub factor: f32,
}

impl Default for Step {
    fn default() -> Self {
        Self { parts: 3, factor: 0.1 }
    }
}

impl Course for Step {
    fn help(&self) -> &'static str {
        "Falls in stairs: fast at first, then finer and finer. Each stair shows as a sudden drop of the loss."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η γ^⌊n p⌋, n parts of the run, γ the factor"
    }

    fn factor(&self, progress: f32) -> f32 {
        // Rounding may leave the first step of a part a hair before it.
        let part = ((progress + 1e-6) * self.parts as f32).floor().min(self.parts as f32 - 1.0);
        self.factor.powf(part)
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { parts, factor } = self;
        let help = "Equal parts of the run, each with a rate of its own; too many and it soon stands still.";
        vec![Knob::whole("parts", "Parts", parts, 1..=20, 3, help), factor_knob(factor)]
    }
}

/// `e^p`, from 1 to e: PyTorch's `ExponentialLR` with `γ = e^(1/steps)`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Exponential {
    pub end: f32,
}

impl Default for Exponential {
    fn default() -> Self {
        Self { end: 0.01 }
    }
}

impl Course for Exponential {
    fn help(&self) -> &'static str {
        "Falls by the same share at every step: steeply at first, then ever more slowly."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η eᵖ, from η to η e"
    }

    fn factor(&self, progress: f32) -> f32 {
        self.end.powf(progress)
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![end_knob(&mut self.end, 1e-6..=1.0, 0.01)]
    }
}

/// `e + (1-e) (1 + cos πp) / 2`: half a wave from 1 to e (Loshchilov & Hutter 2017, without restarts), PyTorch's
/// `CosineAnnealingLR`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cosine {
    pub end: f32,
}

impl Course for Cosine {
    fn help(&self) -> &'static str {
        "Falls gently, then fast, then gently to the end, which settles the weights; stop early, and they are not settled yet."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η (e + (1-e) (1 + cos πp) / 2)"
    }

    fn factor(&self, progress: f32) -> f32 {
        half_wave(1.0, self.end, progress.clamp(0.0, 1.0))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        vec![end_knob(&mut self.end, 0.0..=1.0, 0.0)]
    }
}

/// The same half wave several times, each g times as long as the one before (Loshchilov & Hutter 2017), PyTorch's
/// `CosineAnnealingWarmRestarts`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CosineRestarts {
    pub cycles: usize,
    /// g
    pub growth: usize,
    pub end: f32,
}

impl Default for CosineRestarts {
    fn default() -> Self {
        Self { cycles: 3, growth: 1, end: 0.0 }
    }
}

impl Course for CosineRestarts {
    fn help(&self) -> &'static str {
        "Falls as a cosine and jumps up again, several times: each jump may lead out of a valley, and costs some steps."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η (e + (1-e) (1 + cos πc) / 2), c the share of the cycle"
    }

    fn factor(&self, progress: f32) -> f32 {
        let growth = self.growth as f32;
        let all: f32 = (0..self.cycles).map(|cycle| growth.powi(cycle as i32)).sum();
        let (mut at, mut length) = (progress.clamp(0.0, 1.0) * all, 1.0);
        for _ in 1..self.cycles {
            // Rounding may leave the first step of a cycle a hair before it.
            if at < length * (1.0 - 1e-5) {
                break;
            }
            at = (at - length).max(0.0);
            length *= growth;
        }
        half_wave(1.0, self.end, (at / length).min(1.0))
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { cycles, growth, end } = self;
        let cycles_help = "How often the rate falls; with many short ones the weights never settle.";
        let growth_help = "How much longer each cycle is than the one before; large, and the first are over at once.";
        vec![
            Knob::whole("cycles", "Cycles", cycles, 1..=10, 3, cycles_help),
            Knob::whole("growth", "Growth", growth, 1..=4, 1, growth_help),
            end_knob(end, 0.0..=1.0, 0.0),
        ]
    }
}

/// `e + (1-e) (1-p)^k`: PyTorch's `PolynomialLR` for e = 0; a straight line for k = 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Polynomial {
    /// k
    pub power: f32,
    pub end: f32,
}

impl Default for Polynomial {
    fn default() -> Self {
        Self { power: 1.0, end: 0.0 }
    }
}

impl Course for Polynomial {
    fn help(&self) -> &'static str {
        "Falls along a straight line, or with a larger power fast at first and slowly at the end."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η (e + (1-e) (1-p)ᵏ), k the power"
    }

    fn factor(&self, progress: f32) -> f32 {
        self.end + (1.0 - self.end) * (1.0 - progress.clamp(0.0, 1.0)).powf(self.power)
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { power, end } = self;
        let help = "1 is a straight line; a large power spends most of the run at a tiny rate.";
        vec![Knob::real("power", "Power", power, 0.1..=5.0, 1.0, help), end_knob(end, 0.0..=1.0, 0.0)]
    }
}

/// Half a wave up from s to 1 until r, then half a wave down to e (Smith & Topin 2018), PyTorch's `OneCycleLR` with the
/// learning rate as `max_lr`, `s = 1/div_factor` and `e = s/final_div_factor`. Momentum stays as it is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneCycle {
    /// r
    pub rise: f32,
    /// s
    pub start: f32,
    pub end: f32,
}

impl Default for OneCycle {
    fn default() -> Self {
        Self { rise: 0.3, start: 0.04, end: 4e-6 }
    }
}

impl Course for OneCycle {
    fn help(&self) -> &'static str {
        "Rises to the full rate and falls below where it began: bears a learning rate several times larger than others do."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η times half a cosine wave from s to 1 for p < r, then one from 1 to e"
    }

    fn factor(&self, progress: f32) -> f32 {
        let Self { rise, start, end } = *self;
        let progress = progress.clamp(0.0, 1.0);
        if progress < rise {
            half_wave(start, 1.0, progress / rise)
        } else {
            half_wave(1.0, end, (progress - rise) / (1.0 - rise))
        }
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { rise, start, end } = self;
        let rise_help = "The share of the run in which the rate rises; near the end, and little is left to settle in.";
        let start_help = "The share of the rate that it begins with; too much and there is no warm-up.";
        vec![
            Knob::real("rise", "Rise", rise, 0.0..=0.9, 0.3, rise_help),
            Knob::real("start", "Start", start, 0.0..=1.0, 0.04, start_help).logarithmic(),
            end_knob(end, 0.0..=1.0, 4e-6),
        ]
    }
}

/// γ times the rate whenever the validation loss has not fallen by a ten-thousandth for more than so many epochs: PyTorch's
/// `ReduceLROnPlateau` (its patience is 10, for longer runs than here). Nobody knows before the run when that will be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Plateau {
    pub patience: usize,
    /// γ
    pub factor: f32,
}

impl Default for Plateau {
    fn default() -> Self {
        Self { patience: 2, factor: 0.1 }
    }
}

impl Course for Plateau {
    fn help(&self) -> &'static str {
        "Takes smaller steps once the validation loss no longer falls, and only then; needs validation samples."
    }

    fn formula(&self) -> &'static str {
        "ηₚ = η γᵏ, k how often the validation loss stood still"
    }

    fn factor(&self, _progress: f32) -> f32 {
        1.0
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { patience, factor } = self;
        let help = "Epochs without progress that are borne; with none, a single bad one slows the run down.";
        vec![Knob::whole("patience", "Patience", patience, 0..=100, 2, help), factor_knob(factor)]
    }
}

fn half_wave(from: f32, to: f32, share: f32) -> f32 {
    to + (from - to) * (0.5 * (1.0 + (PI * share).cos()))
}

fn end_knob(end: &mut f32, range: std::ops::RangeInclusive<f32>, default: f32) -> Knob<'_> {
    let help = "The share of the rate that is left at the end; too much and the weights do not settle.";
    Knob::real("end", "End", end, range, default, help).logarithmic()
}

fn factor_knob(factor: &mut f32) -> Knob<'_> {
    let help = "What the rate is multiplied by each time; far below 1, and after a few times nothing moves.";
    Knob::real("factor", "Factor", factor, 0.01..=1.0, 0.1, help).logarithmic()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Schedule {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn the_rate_goes_as_drawn() {
        for (schedule, expected) in [
            (r#""constant""#, [1.0; 5]),
            (r#""cosine""#, [1.0, 0.853_553_4, 0.5, 0.146_446_6, 0.0]),
            (r#"{"kind":"step","parts":4,"factor":0.5}"#, [1.0, 0.5, 0.25, 0.125, 0.125]),
            (r#"{"kind":"exponential","end":0.0001}"#, [1.0, 0.1, 0.01, 0.001, 0.0001]),
            (r#"{"kind":"cosine_restarts","cycles":2}"#, [1.0, 0.5, 1.0, 0.5, 0.0]),
            (r#"{"kind":"cosine_restarts","cycles":2,"growth":3}"#, [1.0, 1.0, 0.75, 0.25, 0.0]),
            (r#""polynomial""#, [1.0, 0.75, 0.5, 0.25, 0.0]),
            (r#"{"kind":"one_cycle","rise":0.5,"start":0.2,"end":0.0}"#, [0.2, 0.6, 1.0, 0.5, 0.0]),
            (r#""plateau""#, [1.0; 5]),
        ] {
            let course = read(schedule);
            let got = [0.0, 0.25, 0.5, 0.75, 1.0].map(|progress| course.as_course().factor(progress));
            assert!(got.iter().zip(expected).all(|(got, want)| (got - want).abs() < 1e-5), "{schedule}: {got:?}");
        }
    }

    #[test]
    fn each_is_written_in_full_and_read_by_its_name_too() {
        for schedule in Schedule::all() {
            let text = serde_json::to_value(schedule).unwrap();
            assert_eq!(serde_json::from_value::<Schedule>(text.clone()).unwrap(), schedule);
            assert_eq!(serde_json::from_value::<Schedule>(text["kind"].clone()).unwrap(), schedule);
            let mut other = Schedule::default();
            other.choose(schedule.chosen());
            assert_eq!(other, schedule);
        }
        for (text, expected) in [
            (r#""sudden""#, "unknown variant `sudden`, expected one of `constant`"),
            (r#"{"kind":"step","size":3}"#, "unknown field `size`"),
            ("3", "expected the name of a schedule"),
        ] {
            let error = serde_json::from_str::<Schedule>(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
