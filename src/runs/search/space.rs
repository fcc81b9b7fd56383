//! The settings that are searched: by their keys, with a range or a list of values each.

use crate::project::{Project, ProjectError};
use backprop_nn::field::{Field, Kind, Scale, Value};

/// Values of a range in a grid, unless somebody asks for another number.
const POINTS: usize = 3;

/// A setting and the values that it may take.
#[derive(Clone, Debug, PartialEq)]
pub struct Dimension {
    /// Its path in the project file, `training.learning_rate`.
    pub key: String,
    /// Its values.
    pub values: Values,
}

/// The values of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// One of these.
    Options(Vec<String>),
    /// A number in a range, both ends included.
    Numbers {
        /// The smallest.
        low: f64,
        /// The largest.
        high: f64,
        /// Whether it is a whole number.
        is_whole: bool,
        /// Whether equal factors count the same, instead of equal differences.
        is_logarithmic: bool,
        /// How many of them a grid has.
        points: usize,
    },
}

impl Dimension {
    /// Reads `KEY=LOW..HIGH`, `KEY=LOW..HIGH:POINTS`, `KEY=A,B,C`, or `KEY` alone for the range that its slider has.
    pub fn parse(project: &Project, text: &str) -> Result<Self, ProjectError> {
        let (key, values) = text.split_once('=').map_or((text, None), |(key, values)| (key, Some(values)));
        let fail = |what: String| ProjectError::Value { place: key.to_owned(), what };
        let field = field_of(project, key);
        let values = match values {
            None => field.and_then(usual).ok_or_else(|| {
                fail("has no range of its own; give its values, KEY=LOW..HIGH or KEY=A,B,C".to_owned())
            })?,
            Some(values) => match values.split_once("..") {
                Some((low, high)) => range(low, high, field).map_err(fail)?,
                None => Values::Options(values.split(',').map(|value| value.trim().to_owned()).collect()),
            },
        };
        let found = Self { key: key.to_owned(), values };
        // The ends tell whether the key exists and the range is allowed.
        let ends = match &found.values {
            Values::Options(options) => options.clone(),
            Values::Numbers { .. } => vec![found.value(0.0), found.value(1.0)],
        };
        ends.iter().try_for_each(|end| project.clone().set(key, end))?;
        Ok(found)
    }

    /// A text that [`Self::parse`] reads, for the range around the value that the project has; nothing where there is no range.
    pub fn around(project: &Project, key: &str) -> Option<String> {
        let (settings, field) = project.settings().into_iter().find_map(|(place, settings)| {
            let name = key.strip_prefix(&place)?.strip_prefix('.')?;
            Some((settings, settings.describe().into_iter().find(|field| field.key == name)?))
        })?;
        let usual = usual(field)?;
        let text = |low: f64, high: f64| format!("{key}={}..{}", rounded(low), rounded(high));
        Some(match (usual, settings.get(field.key)) {
            (Values::Numbers { low, high, is_whole: true, .. }, Some(Value::Whole(now))) => {
                let now = now as f64;
                text((now / 4.0).floor().clamp(low, high), (now * 4.0).clamp(low + 1.0, high))
            }
            (Values::Numbers { low, high, is_logarithmic: true, .. }, Some(Value::Real(now))) => {
                text((f64::from(now) / 10.0).clamp(low, high), (f64::from(now) * 10.0).clamp(low, high))
            }
            (Values::Numbers { low, high, .. }, _) => text(low, high),
            (Values::Options(options), _) => format!("{key}={}", options.join(",")),
        })
    }

    /// The value at a place from 0 to 1.
    pub fn value(&self, place: f64) -> String {
        let place = place.clamp(0.0, 1.0);
        match &self.values {
            Values::Options(options) => options[option_at(place, options.len())].clone(),
            Values::Numbers { low, high, is_whole, is_logarithmic, .. } => {
                let between = |low: f64, high: f64| match is_logarithmic {
                    true => (low.ln() + (high.ln() - low.ln()) * place).exp(),
                    false => low + (high - low) * place,
                };
                if *is_whole {
                    // Every whole number has a part of the same length.
                    return between(*low, *high + 1.0).floor().clamp(*low, *high).to_string();
                }
                // Three digits are as fine as anybody searches.
                let value = format!("{:.2e}", between(*low, *high)).parse().unwrap_or(*low);
                value.clamp(*low, *high).to_string()
            }
        }
    }

    /// The places of a grid.
    pub fn grid(&self) -> Vec<f64> {
        match &self.values {
            Values::Options(options) => (0..options.len()).map(|at| (at as f64 + 0.5) / options.len() as f64).collect(),
            Values::Numbers { points: 1, .. } => vec![0.5],
            Values::Numbers { low, high, is_whole, points, .. } => {
                let all = (high - low) as usize + 1;
                let points = if *is_whole { (*points).min(all) } else { *points };
                (0..points).map(|at| at as f64 / (points - 1).max(1) as f64).collect()
            }
        }
    }

    /// How many options there are; nothing for a range.
    pub fn options(&self) -> Option<usize> {
        match &self.values {
            Values::Options(options) => Some(options.len()),
            Values::Numbers { .. } => None,
        }
    }
}

/// The option at a place from 0 to 1.
pub fn option_at(place: f64, count: usize) -> usize {
    ((place * count as f64) as usize).min(count.saturating_sub(1))
}

/// Three digits, as they are typed.
fn rounded(value: f64) -> f64 {
    if value.fract() == 0.0 { value } else { format!("{value:.2e}").parse().unwrap_or(value) }
}

fn field_of(project: &Project, key: &str) -> Option<&'static Field> {
    project.settings().into_iter().find_map(|(place, settings)| {
        let name = key.strip_prefix(&place)?.strip_prefix('.')?;
        settings.describe().into_iter().find(|field| field.key == name)
    })
}

/// What the slider or the list of a setting offers.
fn usual(field: &Field) -> Option<Values> {
    Some(match &field.kind {
        Kind::Whole { slider, scale, .. } => numbers(*slider.start() as f64, *slider.end() as f64, true, *scale),
        Kind::Real { slider, scale, .. } => {
            // The shortest decimal of the ends, not the binary digits of a float.
            let end = |end: f32| end.to_string().parse().unwrap_or(f64::from(end));
            numbers(end(*slider.start()), end(*slider.end()), false, *scale)
        }
        Kind::Switch { .. } => Values::Options(["false", "true"].map(str::to_owned).into()),
        Kind::Choice { options, .. } => Values::Options(options().iter().map(|about| about.key.to_owned()).collect()),
        Kind::Word(words) => Values::Options(words.iter().map(|word| (*word).to_owned()).collect()),
        Kind::Text | Kind::Column | Kind::Columns => return None,
    })
}

fn numbers(low: f64, high: f64, is_whole: bool, scale: Scale) -> Values {
    let is_logarithmic = scale == Scale::Logarithmic && low > 0.0;
    Values::Numbers { low, high, is_whole, is_logarithmic, points: POINTS }
}

fn range(low: &str, high: &str, field: Option<&Field>) -> Result<Values, String> {
    let (high, points) = high.split_once(':').map_or((high, None), |(high, points)| (high, Some(points)));
    let number = |text: &str| -> Result<f64, String> {
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("{text} is no number; write a range as LOW..HIGH"))
    };
    let (from, to) = (number(low)?, number(high)?);
    if from >= to {
        return Err(format!("{low}..{high} is empty; write the smaller number first"));
    }
    let scale = match field.map(|field| &field.kind) {
        Some(Kind::Whole { scale, .. } | Kind::Real { scale, .. }) => *scale,
        _ => Scale::Linear,
    };
    let is_whole = matches!(field.map(|field| &field.kind), Some(Kind::Whole { .. }));
    if is_whole && (from.fract() != 0.0 || to.fract() != 0.0) {
        return Err(format!("{low}..{high}: the setting is a whole number"));
    }
    let points = match points {
        None => POINTS,
        Some(points) => {
            let count = points.trim().parse::<usize>().ok().filter(|count| (1..=1000).contains(count));
            count.ok_or_else(|| format!("{points} points; a grid has 1 to 1000 in a range"))?
        }
    };
    match numbers(from, to, is_whole, scale) {
        Values::Numbers { low, high, is_whole, is_logarithmic, .. } => {
            Ok(Values::Numbers { low, high, is_whole, is_logarithmic, points })
        }
        options @ Values::Options(_) => Ok(options),
    }
}

/// What a setting is called where people read it, "Learning rate", "Layer 2: Rate"; its key if there is none.
pub fn name_of(project: &Project, key: &str) -> String {
    let Some(field) = field_of(project, key) else { return key.to_owned() };
    let layer = key.strip_prefix("model.").and_then(|rest| rest.split('.').next()?.parse::<usize>().ok());
    layer.map_or_else(|| field.label.to_owned(), |index| format!("Layer {}: {}", index + 1, field.label))
}

/// All settings that are searched.
#[derive(Clone, Debug, PartialEq)]
pub struct Space {
    /// Settings whose key another one begins with come first: an optimizer before its momentum.
    pub dimensions: Vec<Dimension>,
}

impl Space {
    /// Reads one dimension from each text.
    pub fn parse(project: &Project, texts: &[String]) -> Result<Self, ProjectError> {
        let mut dimensions = Vec::new();
        for text in texts {
            let dimension = match Dimension::parse(project, text) {
                // A setting that only some of the options above it have.
                Err(error) => with_parent(project, texts, text).ok_or(error)?,
                Ok(dimension) => dimension,
            };
            if dimensions.iter().any(|known: &Dimension| known.key == dimension.key) {
                return Err(ProjectError::Value { place: dimension.key, what: "is searched twice".to_owned() });
            }
            dimensions.push(dimension);
        }
        let keys: Vec<String> = dimensions.iter().map(|dimension| dimension.key.clone()).collect();
        dimensions.sort_by_key(|dimension| keys.iter().filter(|key| is_parent(key, &dimension.key)).count());
        Ok(Self { dimensions })
    }

    /// The project with the values at these places, from 0 to 1, and the values by their keys. A setting that does not exist
    /// with the options above it is left out.
    pub fn apply(&self, project: &Project, places: &[f64]) -> Result<(Project, Vec<(String, String)>), ProjectError> {
        let (mut project, mut set) = (project.clone(), Vec::new());
        for (dimension, place) in self.dimensions.iter().zip(places) {
            let value = dimension.value(*place);
            match project.set(&dimension.key, &value) {
                Ok(()) => set.push((dimension.key.clone(), value)),
                Err(_) if self.has_parent(&dimension.key) => {}
                Err(error) => return Err(error),
            }
        }
        Ok((project, set))
    }

    fn has_parent(&self, key: &str) -> bool {
        self.dimensions.iter().any(|other| is_parent(&other.key, key))
    }

    /// All combinations of the values of a grid.
    pub fn grid(&self) -> Vec<Vec<f64>> {
        self.dimensions.iter().fold(vec![Vec::new()], |all, dimension| {
            let longer = |before: &Vec<f64>| {
                let before = before.clone();
                dimension.grid().into_iter().map(move |place| before.iter().copied().chain([place]).collect())
            };
            all.iter().flat_map(longer).collect()
        })
    }
}

fn is_parent(parent: &str, key: &str) -> bool {
    key.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

/// The dimension of a setting that exists with one of the options of the setting above it.
fn with_parent(project: &Project, texts: &[String], text: &str) -> Option<Dimension> {
    let key = text.split_once('=').map_or(text, |(key, _)| key);
    let parent = texts.iter().find(|other| is_parent(other.split_once('=').map_or(other, |(key, _)| key), key))?;
    let parent = Dimension::parse(project, parent).ok()?;
    let Values::Options(options) = &parent.values else { return None };
    options.iter().find_map(|option| {
        let mut project = project.clone();
        project.set(&parent.key, option).ok()?;
        Dimension::parse(&project, text).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wine() -> Project {
        Project::find("wine").unwrap()
    }

    #[test]
    fn ranges_and_lists_are_read_and_scales_come_from_the_fields() {
        let rate = Dimension::parse(&wine(), "training.learning_rate=0.0001..0.1").unwrap();
        assert_eq!([0.0, 0.5, 1.0].map(|at| rate.value(at)), ["0.0001", "0.00316", "0.1"]);
        let batch = Dimension::parse(&wine(), "training.batch=1..3").unwrap();
        assert_eq!([0.0, 0.3, 0.34, 0.67, 1.0].map(|at| batch.value(at)), ["1", "1", "2", "3", "3"]);
        assert_eq!(batch.grid().len(), 3);
        let optimizer = Dimension::parse(&wine(), "training.optimizer=adam,lion").unwrap();
        assert_eq!([0.2, 0.9].map(|at| optimizer.value(at)), ["adam", "lion"]);
        let usual = Dimension::parse(&wine(), "training.learning_rate").unwrap();
        assert_eq!([usual.value(0.0), usual.value(1.0)], ["0.000001", "10"]);
        let around = |key: &str| Dimension::around(&wine(), key).unwrap();
        assert_eq!(around("training.learning_rate"), "training.learning_rate=0.0003..0.03");
        assert_eq!(around("training.batch"), "training.batch=8..128");
        assert_eq!(around("model.1.rate"), "model.1.rate=0..0.9");
        assert_eq!(around("training.shuffle"), "training.shuffle=false,true");
        assert_eq!(Dimension::around(&wine(), "data.source"), None);
        assert_eq!(name_of(&wine(), "training.batch"), "Batch size");
        assert_eq!(name_of(&wine(), "model.1.rate"), "Layer 2: Rate");
        assert_eq!(name_of(&wine(), "training.optimizer.momentum"), "training.optimizer.momentum");
        let switch = Dimension::parse(&wine(), "training.shuffle").unwrap();
        assert_eq!(switch.options(), Some(2));
    }

    #[test]
    fn what_cannot_be_searched_is_refused_with_the_remedy() {
        for (text, expected) in [
            ("training.speed=1..2", "there is no speed"),
            ("training.learning_rate=2..1", "write the smaller number first"),
            ("training.learning_rate=0..1", "learning_rate is 0; it goes from"),
            ("training.batch=1.5..3", "a whole number"),
            ("training.batch=1..3:0", "1 to 1000"),
            ("training.optimizer=adam,newton", "newton"),
            ("data.source", "give its values"),
        ] {
            let error = Dimension::parse(&wine(), text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let twice = ["training.batch=1..3", "training.batch=8,16"].map(str::to_owned);
        assert!(Space::parse(&wine(), &twice).unwrap_err().to_string().contains("searched twice"));
    }

    #[test]
    fn a_setting_of_some_options_is_left_out_with_the_others() {
        let texts = ["training.optimizer.momentum=0.5..0.9", "training.optimizer=adam,momentum"].map(str::to_owned);
        let space = Space::parse(&wine(), &texts).unwrap();
        assert_eq!(space.grid().len(), 6);
        let keys = |places: &[f64]| -> Vec<String> {
            space.apply(&wine(), places).unwrap().1.into_iter().map(|(key, value)| format!("{key}={value}")).collect()
        };
        assert_eq!(keys(&[0.2, 0.0]), ["training.optimizer=adam"]);
        assert_eq!(keys(&[0.8, 1.0]), ["training.optimizer=momentum", "training.optimizer.momentum=0.9"]);
    }
}
