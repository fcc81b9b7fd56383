//! Points that a person has painted in a plane, `painted:x,y;blue=X Y X Y;orange=X Y`. They stand in the text of the
//! source itself, so that the project holds them: what undoes a change of the project undoes a stroke, and no other
//! file is needed.
//!
//! First stand the names of the axes, then every class with its points; where the points have a number instead of a
//! class, its name and a tilde stand before triples, `painted:x,y;height~X Y HEIGHT X Y HEIGHT`.

use crate::data::dataset::{Dataset, Feature, Task};
use crate::data::error::DataError;
use crate::data::samples::{Inputs, Samples, TargetData};
use crate::data::source::{Argument, Request, Source, SourceSpec};
use crate::data::split::Order;
use backprop_nn::Shape;

/// The source `painted`: points in the plane that the project itself holds.
pub const SOURCE: Source = Source {
    name: "painted",
    usage: "painted[:x,y;CLASS=X Y X Y;CLASS=X Y]",
    argument: Argument::Nothing,
    options: &[],
    reading: &[],
    help: "Points in the plane, painted with the mouse in the Data tab; the project holds them.",
    load,
};

/// The most points: more are not painted by hand and would make the project file hard to read.
pub const MOST: usize = 2000;

/// A point in the plane with its target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Coordinates on the two axes.
    pub at: [f32; 2],
    /// The class index, or the target number.
    pub value: f32,
}

/// Painted points and their task.
#[derive(Clone, Debug, PartialEq)]
pub struct Painted {
    /// Names of the two axes.
    pub axes: [String; 2],
    /// A classification, or a regression with one target.
    pub task: Task,
    /// The points, in no particular order.
    pub points: Vec<Point>,
}

impl Default for Painted {
    /// An empty plane with two classes.
    fn default() -> Self {
        let classes = ["blue", "orange"].map(str::to_owned).into();
        Self { axes: ["x", "y"].map(str::to_owned), task: Task::Classification { classes }, points: Vec::new() }
    }
}

fn load(request: &Request<'_>) -> Result<Dataset, DataError> {
    Painted::parse(request.argument()).map(|painted| painted.dataset()).map_err(|what| request.wrong(what))
}

impl Painted {
    /// The points of a source; nothing if they are not painted, or cannot be read.
    pub fn of_source(source: &SourceSpec) -> Option<Self> {
        let part = source.single().filter(|part| part.name == SOURCE.name)?;
        Self::parse(&part.argument).ok()
    }

    /// The training samples of a data set, thinned out evenly if there are more than [`MOST`]; nothing if they do not
    /// have two features, or have more than one target.
    pub fn of(dataset: &Dataset) -> Option<Self> {
        let samples = &dataset.train;
        let is_plane = matches!(samples.inputs, Inputs::Numbers(_)) && dataset.shape == Shape::flat(2);
        if !is_plane || !dataset.task.is_classification() && dataset.task.outputs() != 1 {
            return None;
        }
        let axis =
            |at: usize, unnamed: &str| dataset.features.get(at).map_or(unnamed.to_owned(), |it| plain(&it.to_string()));
        let task = match &dataset.task {
            Task::Classification { classes } => {
                Task::Classification { classes: classes.iter().map(|it| plain(it)).collect() }
            }
            Task::Regression { targets, .. } => Task::numbers(targets.iter().map(|it| plain(it)).collect()),
            Task::Reconstruction { .. } | Task::NextToken { .. } => return None,
        };
        let step = samples.len().div_ceil(MOST).max(1);
        let point = |at: usize| {
            let [x, y] = *samples.numbers_of(at) else { return None };
            let [x, y] = [x as f32, y as f32];
            let value = match &samples.targets {
                TargetData::Classes(classes) => f32::from(*classes.get(at)?),
                TargetData::Numbers { values, .. } => *values.get(at)? as f32,
                TargetData::Itself { .. } | TargetData::Steps { .. } => return None,
            };
            [x, y, value].iter().all(|number| number.is_finite()).then_some(Point { at: [x, y], value })
        };
        let points = (0..samples.len()).step_by(step).filter_map(point).collect();
        Some(Self { axes: [axis(0, "x"), axis(1, "y")], task, points })
    }

    /// The source that holds the points.
    pub fn to_source(&self) -> SourceSpec {
        let [x, y] = &self.axes;
        let numbers = |numbers: &mut dyn Iterator<Item = f32>| numbers.map(rounded).collect::<Vec<_>>().join(" ");
        let mut text = format!("{x},{y}");
        match &self.task {
            Task::Classification { classes } => {
                for (class, name) in classes.iter().enumerate() {
                    let own = self.points.iter().filter(|point| point.value == class as f32);
                    text += &format!(";{name}={}", numbers(&mut own.flat_map(|point| point.at)));
                }
            }
            Task::Regression { targets, .. } => {
                let name = targets.first().map_or("value", String::as_str);
                let all = self.points.iter().flat_map(|point| [point.at[0], point.at[1], point.value]);
                text += &format!(";{name}~{}", numbers(&mut all.into_iter()));
            }
            Task::Reconstruction { .. } | Task::NextToken { .. } => {}
        }
        SourceSpec::new(SOURCE.name, text)
    }

    /// Reads what stands behind `painted:`; the error is a sentence's end.
    fn parse(text: &str) -> Result<Self, String> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let mut parts = text.split(';');
        let axes = parts.next().and_then(|axes| axes.split_once(','));
        let (x, y) = axes.ok_or_else(|| format!("expected the names of two axes as in {}", SOURCE.usage))?;
        let (mut classes, mut targets, mut points) = (Vec::new(), Vec::new(), Vec::new());
        for part in parts {
            let (name, list, width) = match (part.split_once('='), part.split_once('~')) {
                (Some((name, list)), _) => (name, list, 2),
                (None, Some((name, list))) => (name, list, 3),
                (None, None) => return Err(format!("expected {}, and found {part:?}", SOURCE.usage)),
            };
            let numbers = numbers(list)?;
            if !numbers.len().is_multiple_of(width) {
                return Err(format!("{name} has {} numbers, and a point takes {width}", numbers.len()));
            }
            let class = classes.len() as f32;
            points.extend(
                numbers
                    .chunks_exact(width)
                    .map(|point| Point { at: [point[0], point[1]], value: point.get(2).copied().unwrap_or(class) }),
            );
            if width == 2 { &mut classes } else { &mut targets }.push(name.trim().to_owned());
        }
        let task = match (classes.len(), targets.len()) {
            (1.., 0) => Task::Classification { classes },
            (0, 1) => Task::numbers(targets),
            _ => return Err("expected classes, or one number, and found neither or both".to_owned()),
        };
        Ok(Self { axes: [x, y].map(|name| name.trim().to_owned()), task, points })
    }

    /// All points for training, since a person has painted them for that; validation samples are split off as ever.
    fn dataset(self) -> Dataset {
        let values = self.points.iter().map(|point| point.value);
        let of = |points: &[Point], values: Vec<f32>| Samples {
            inputs: Inputs::Numbers(points.iter().flat_map(|point| point.at.map(f64::from)).collect()),
            targets: match self.task.is_classification() {
                true => TargetData::Classes(values.into_iter().map(|class| class as u16).collect()),
                false => TargetData::Numbers { width: 1, values: values.into_iter().map(f64::from).collect() },
            },
        };
        Dataset {
            name: "painted points".to_owned(),
            shape: Shape::flat(2),
            train: of(&self.points, values.collect()),
            test: of(&[], Vec::new()),
            task: self.task,
            target: None,
            features: self.axes.map(Feature::number).into(),
            notes: Vec::new(),
            order: Order::Free,
        }
    }
}

fn numbers(list: &str) -> Result<Vec<f32>, String> {
    let number = |text: &str| {
        let number = text.parse().ok().filter(|number: &f32| number.is_finite());
        number.ok_or_else(|| format!("expected a number, and found {text:?}"))
    };
    list.split_whitespace().map(number).collect()
}

/// Four digits that count, which is more than a pointer can aim at.
fn rounded(number: f32) -> String {
    format!("{number:.3e}").parse::<f32>().unwrap_or(number).to_string()
}

/// A name without what has a meaning in the text of a source.
fn plain(name: &str) -> String {
    name.replace([',', ';', '=', '~', '+', '?', '&'], " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_come_back_from_the_text_that_they_stand_in() {
        let point = |x, y, value| Point { at: [x, y], value };
        let classes =
            Task::Classification { classes: vec!["blue".to_owned(), "none yet".to_owned(), "red".to_owned()] };
        let axes = ["width".to_owned(), "height".to_owned()];
        let painted = Painted {
            axes: axes.clone(),
            task: classes,
            points: vec![point(0.5, -0.25, 0.0), point(1200.0, 1e-5, 2.0)],
        };
        assert_eq!(painted.to_source().to_string(), "painted:width,height;blue=0.5 -0.25;none yet=;red=1200 0.00001");
        assert_eq!(Painted::of_source(&painted.to_source()), Some(painted.clone()));
        let dataset = Dataset::read(&painted.to_source().to_string()).unwrap();
        assert_eq!((dataset.train.class_counts(3), dataset.test.len()), (vec![1, 0, 1], 0));
        assert_eq!(Painted::of(&dataset), Some(painted));

        let heights = Task::numbers(vec!["z".to_owned()]);
        let painted = Painted { axes, task: heights, points: vec![point(0.0, 1.0, -3.5), point(2.0, 3.0, 0.125)] };
        assert_eq!(Painted::of(&Dataset::read(&painted.to_source().to_string()).unwrap()), Some(painted));

        let spiral = Painted::of(&Dataset::read("points:spiral?count=5000").unwrap()).unwrap();
        assert_eq!((spiral.points.len(), &spiral.axes[0]), (2000, &"x".to_owned()));
        assert!(Painted::of(&Dataset::read("digits?count=100").unwrap()).is_none());
        assert_eq!(Dataset::read("painted").unwrap().task.classes(), ["blue", "orange"]);
    }

    #[test]
    fn what_is_no_points_is_refused_in_one_sentence() {
        for (text, expected) in [
            ("x", "expected the names of two axes"),
            ("x,y;blue", "and found \"blue\""),
            ("x,y;blue=1 2 3", "blue has 3 numbers, and a point takes 2"),
            ("x,y;blue=1 two", "expected a number, and found \"two\""),
            ("x,y;blue=1 inf", "found \"inf\""),
            ("x,y", "found neither or both"),
            ("x,y;blue=1 2;z~1 2 3", "found neither or both"),
        ] {
            let error = Dataset::read(&format!("painted:{text}")).unwrap_err().to_string();
            assert!(error.starts_with("painted: ") && error.contains(expected), "{error}");
        }
    }
}
