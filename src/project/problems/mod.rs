//! Everything that would make a run of a project fail or mislead, known before it starts. THE LIST of checks is
//! `CHECKS`; the window's cards and buttons, `backprop check`, `backprop train` and [`Project::job`] all read what they
//! find.

pub(super) mod data;
mod layers;
pub(super) mod leak;
pub(super) mod memory;
mod training;

pub use memory::in_words;
pub(super) use training::of_loss;

use super::{Project, ProjectError, Side};
use crate::data::{Dataset, Split};
use crate::train::{Head, default_threads};
use backprop_nn::{Network, Shape, spec};

/// THE LIST of checks, in the order in which one repairs a project.
const CHECKS: &[fn(&Case<'_>) -> Vec<Problem>] = &[data::check, layers::check, training::check, memory::check];

/// A problem that would make a run fail or its result misleading.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct Problem {
    /// Path of the setting or layer, as `--set` takes it: `training.batch`, `model.2`.
    pub place: String,
    /// Whether a run can start despite the problem.
    pub severity: Severity,
    /// A message that names the remedy; it begins in lower case and has no period.
    pub message: String,
    /// An edit of the project that solves the problem.
    pub fix: Option<Fix>,
}

/// How serious a problem is for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The run would fail, so it is refused.
    Error,
    /// The run would start, but its result would be misleading.
    Warning,
}

/// An edit of a project.
#[derive(Clone, Debug, PartialEq)]
pub enum Fix {
    /// Settings with their new values, as for `--set`.
    Set {
        /// Label of its button.
        label: String,
        /// Paths and values, in this order.
        values: Vec<(String, String)>,
    },
    /// An edit at a layer of a stack.
    Layer {
        /// Which stack.
        side: Side,
        /// Position of the layer, from zero.
        index: usize,
        /// What is done there.
        edit: spec::Fix,
    },
}

/// A project with the data that it is to be trained on.
pub(super) struct Case<'a> {
    project: &'a Project,
    dataset: &'a Dataset,
    split: &'a Split,
    head: &'static dyn Head,
    /// If the layers fit.
    network: Option<Network>,
    threads: usize,
}

impl Project {
    /// All problems of a run on this data, errors first.
    pub fn problems(&self, dataset: &Dataset) -> Vec<Problem> {
        self.problems_on(dataset, &dataset.split(self.held_back(), self.training.seed), default_threads())
    }

    /// The same with a split that is given, and for so many threads.
    pub(super) fn problems_on(&self, dataset: &Dataset, split: &Split, threads: usize) -> Vec<Problem> {
        let mut problems = self.own_problems();
        // What is out of its range would make nonsense of what follows.
        if problems.is_empty() {
            let case = self.case(dataset, split, threads);
            problems.extend(CHECKS.iter().flat_map(|check| check(&case)));
        }
        problems.sort_by_key(|problem| problem.severity == Severity::Warning);
        problems
    }

    /// What the checks look at.
    pub(super) fn case<'a>(&'a self, dataset: &'a Dataset, split: &'a Split, threads: usize) -> Case<'a> {
        let network = self.network(dataset.shape, dataset.task.output()).ok();
        Case { project: self, dataset, split, head: self.head(Some(dataset)), network, threads }
    }

    /// The columns of the data that alone tell the target, with what leaves each out.
    pub fn leaks(&self, dataset: &Dataset) -> Vec<Problem> {
        let split = dataset.split(self.held_back(), self.training.seed);
        let head = self.head(Some(dataset));
        leak::check(&Case { project: self, dataset, split: &split, head, network: None, threads: 1 })
    }

    /// What can be told without data: names, ranges, blocks that are nested too deep.
    pub(super) fn own_problems(&self) -> Vec<Problem> {
        training::of_project(self)
    }

    /// The layers that do not fit, for samples of this shape and outputs of that.
    pub fn misfits(&self, sample: Shape, outputs: Shape) -> Vec<Problem> {
        layers::misfits(self, sample, outputs)
    }
}

impl Problem {
    /// Something for which a run is refused.
    fn error(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: place.into(), severity: Severity::Error, message: message.into(), fix: None }
    }

    /// Something for which a result misleads.
    fn warning(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(place, message) }
    }

    /// With settings that repair it.
    #[must_use]
    fn set(mut self, label: impl Into<String>, values: &[(&str, &str)]) -> Self {
        let values = values.iter().map(|(path, value)| ((*path).to_owned(), (*value).to_owned())).collect();
        self.fix = Some(Fix::Set { label: label.into(), values });
        self
    }

    /// Whether a run is refused because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The stack and the index of the layer that has the problem, if it is in a layer.
    pub fn layer(&self) -> Option<(Side, usize)> {
        Side::BOTH.into_iter().find_map(|side| {
            let below = self.place.strip_prefix(side.place())?.strip_prefix('.')?;
            Some((side, below.split('.').next()?.parse().ok()?))
        })
    }

    /// The message as a sentence that stands alone.
    pub fn sentence(&self) -> String {
        let mut letters = self.message.chars();
        let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
        let end = if self.message.ends_with('.') { "" } else { "." };
        format!("{first}{}{end}", letters.as_str())
    }
}

impl Fix {
    /// Label of its button.
    pub fn label(&self) -> String {
        match self {
            Self::Set { label, .. } => label.clone(),
            Self::Layer { edit, .. } => edit.label(),
        }
    }

    /// Applies the edit to the project.
    pub fn apply(&self, project: &mut Project) -> Result<(), ProjectError> {
        match self {
            Self::Set { values, .. } => values.iter().try_for_each(|(path, value)| project.set(path, value)),
            Self::Layer { side, index, edit } => {
                if let Some(layers) = project.layers_mut(*side) {
                    edit.apply(layers, *index);
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::data::Samples;
    use crate::project::presets;
    use backprop_nn::Shape;

    /// Images of ten classes, as many of each as is said.
    fn digits(counts: [usize; 10]) -> Dataset {
        let labels: Vec<u16> = counts.iter().zip(0..).flat_map(|(count, class)| vec![class; *count]).collect();
        let train = Samples::images(vec![0; labels.len() * 784], labels);
        let classes = (0..10).map(|class| class.to_string()).collect();
        Dataset::images("digits", Shape::image(28, 28, 1), classes, train, Samples::default())
    }

    fn project(preset: &str, settings: &[(&str, &str)]) -> Project {
        let mut project = presets::find(preset).unwrap().unwrap();
        settings.iter().for_each(|(path, value)| project.set(path, value).unwrap());
        project
    }

    /// Each problem, that it is gone after its fix, and that a run is refused exactly for those that are errors.
    #[test]
    fn every_problem_is_found_all_at_once_and_its_fix_repairs_it() {
        let even = digits([20; 10]);
        let rare = digits([400, 10, 400, 400, 400, 400, 400, 400, 400, 400]);
        for (preset, data, settings, places) in [
            ("mlp", &even, vec![], vec![]),
            (
                "mlp",
                &even,
                vec![("training.batch", "500"), ("training.loss.class_weights", "[1, 2]")],
                vec!["training.loss.class_weights", "training.batch"],
            ),
            (
                "mlp",
                &even,
                vec![("data.validation", "0"), ("training.early_stopping.patience", "2")],
                vec!["training.early_stopping"],
            ),
            (
                "mlp",
                &even,
                vec![("data.validation", "0"), ("training.schedule.kind", "plateau")],
                vec!["training.schedule"],
            ),
            ("mlp", &even, vec![("training.early_stopping.patience", "100")], vec!["training.early_stopping"]),
            ("mlp", &even, vec![("model.2.units", "7")], vec!["model.2"]),
            ("mlp", &even, vec![("model.2.activation", "relu")], vec!["model.2"]),
            ("mlp", &even, vec![("training.loss.class_weights", "[1, 2]")], vec!["training.loss.class_weights"]),
            ("mlp", &rare, vec![], vec!["training.loss.class_weights"]),
            ("mlp", &even, vec![("training.loss.kind", "mean_squared_error")], vec!["training.loss"]),
            ("mlp", &even, vec![("training.loss.kind", "huber")], vec!["training.loss"]),
            // Adam takes 0.0001 to 0.01, plain gradient descent 0.01 to 1.
            ("mlp", &even, vec![("training.learning_rate", "1e-5")], vec!["training.learning_rate"]),
            ("mlp", &even, vec![("training.learning_rate", "0.03")], vec!["training.learning_rate"]),
            ("mlp", &even, vec![("training.learning_rate", "0.02")], vec![]),
            (
                "mlp",
                &even,
                vec![("training.optimizer.kind", "sgd"), ("training.learning_rate", "10")],
                vec!["training.learning_rate"],
            ),
            (
                "mlp",
                &even,
                vec![("training.optimizer.kind", "sgd"), ("training.learning_rate", "0.002")],
                vec!["training.learning_rate"],
            ),
            ("gan-digits", &even, vec![("data.augment.shift", "2")], vec!["data.augment"]),
            ("gan-digits", &even, vec![("training.schedule.kind", "plateau")], vec!["training.schedule"]),
        ] {
            let mut project = project(preset, &[&[("training.batch", "32")], settings.as_slice()].concat());
            let problems = project.problems(data);
            let found: Vec<_> = problems.iter().map(|problem| problem.place.as_str()).collect();
            assert_eq!(found, places, "{settings:?}: {problems:?}");
            let refused = project.job(Arc::new(data.clone()), 1).err().map(|error| error.to_string());
            let error = problems.iter().find(|problem| problem.is_error()).map(Problem::to_string);
            assert_eq!(refused, error, "{settings:?}");
            for problem in &problems {
                problem.fix.as_ref().unwrap_or_else(|| panic!("{problem:?}")).apply(&mut project).unwrap();
            }
            assert_eq!(project.problems(data), [], "{settings:?} after all fixes");
        }
    }

    #[test]
    fn a_class_without_samples_and_a_batch_of_one_are_told() {
        let absent = digits([20, 20, 20, 20, 0, 20, 20, 20, 20, 20]);
        let problems = project("mlp", &[("training.batch", "32")]).problems(&absent);
        let [Problem { place, severity: Severity::Warning, message, fix: None }] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert!(place == "data" && message.starts_with("\"4\" has no training sample"), "{message}");
        assert_eq!(problems[0].sentence().chars().next(), Some('"'));
        let mut project = project("mlp", &[("training.batch", "1")]);
        project.model.layers.insert(2, serde_json::from_str(r#"{"kind":"batch_norm"}"#).unwrap());
        let problems = project.problems(&digits([20; 10]));
        assert!(matches!(problems.as_slice(), [problem] if problem.layer() == Some((Side::Model, 2))), "{problems:?}");
        assert_eq!(problems[0].fix.as_ref().unwrap().label(), "Set the batch size to 32");
    }

    #[test]
    fn an_activation_after_the_last_weights_and_a_normalization_in_a_block_are_found() {
        let layer = |text: &str| serde_json::from_str(text).unwrap();
        let even = digits([20; 10]);
        for (layers, name) in [
            (&[r#"{"kind":"activation","function":"sigmoid"}"#][..], "Sigmoid"),
            (&[r#"{"kind":"activation"}"#, r#"{"kind":"dropout"}"#], "ReLU"),
            (&[r#"{"kind":"softmax"}"#, r#"{"kind":"flatten"}"#], "Softmax"),
        ] {
            let mut project = project("mlp", &[("training.batch", "32")]);
            project.model.layers.extend(layers.iter().map(|text| layer(text)));
            let problems = project.problems(&even);
            let [problem] = &problems[..] else { panic!("{layers:?}: {problems:?}") };
            assert!(problem.message.contains(&format!("the outputs go through {name}")), "{problem}");
            problem.fix.as_ref().unwrap().apply(&mut project).unwrap();
            assert_eq!(project.problems(&even), []);
        }
        let mut project = project("mlp", &[("training.batch", "1")]);
        project.model.layers.insert(2, layer(r#"{"kind":"residual","layers":[{"kind":"batch_norm"}]}"#));
        let problems = project.problems(&even);
        assert!(matches!(problems.as_slice(), [problem] if problem.layer() == Some((Side::Model, 2))), "{problems:?}");
    }

    #[test]
    fn a_class_has_a_validation_sample_or_it_is_told() {
        let problems = project("mlp", &[("training.batch", "5")]).problems(&digits([1; 10]));
        let told = |text: &str| problems.iter().any(|problem| problem.message.contains(text));
        assert!(told("no class has a second sample for the validation set"), "{problems:?}");
        let problems = project("mlp", &[("training.batch", "5"), ("data.validation", "0")]).problems(&digits([1; 10]));
        assert_eq!(problems, []);
        let problems =
            project("mlp", &[("training.batch", "5")]).problems(&digits([20, 1, 1, 20, 20, 20, 20, 20, 20, 20]));
        assert!(problems[0].message.starts_with("\"1\" and 1 more class have no validation sample"), "{problems:?}");
    }

    #[test]
    fn a_column_that_is_missing_where_one_class_is_gives_it_away() {
        let problems = |row: &dyn Fn(usize) -> String| {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("a.csv");
            std::fs::write(&path, format!("a,ended,churn\n{}", (0..150).map(row).collect::<String>())).unwrap();
            let source = format!("csv:{}", path.display());
            let dataset = Dataset::read(&source).unwrap();
            let suggestion = crate::project::suggest::suggest(&source.parse().unwrap(), &dataset).unwrap();
            suggestion.project.leaks(&dataset)
        };
        let of = |at: usize, is_known: bool, churn: &str| {
            let ended = if is_known { format!("{}.5", at * 37 % 90) } else { String::new() };
            format!("{}.25,{ended},{churn}\n", at * 53 % 71)
        };
        let leaks = problems(&|at| of(at, at % 3 == 0, if at % 3 == 0 { "yes" } else { "no" }));
        let [leak] = &leaks[..] else { panic!("{leaks:?}") };
        assert!(leak.message.starts_with("whether \"ended\" is missing alone tells the target in 100.0 %"), "{leak}");
        let Some(Fix::Set { values, .. }) = &leak.fix else { panic!("{leak:?}") };
        assert!(values[0].1.contains("ignore=ended"), "{values:?}");
        assert_eq!(problems(&|at| of(at, at % 5 > 0, if at % 3 == 0 { "yes" } else { "no" })), []);
    }

    #[test]
    fn a_column_that_rises_with_the_target_along_a_curve_gives_it_away() {
        let row = |at: usize| {
            let x = (at * 37 % 200) as f64 / 20.0;
            format!("{x:.3},{:.6},{:.5}\n", at * 13 % 50, (x + (at % 3) as f64 / 50.0).exp())
        };
        let text = format!("curve,noise,y\n{}", (0..200).map(row).collect::<String>());
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        std::fs::write(&path, text).unwrap();
        let source = format!("csv:{}", path.display());
        let suggestion = crate::project::suggest::suggest(&source.parse().unwrap(), &Dataset::read(&source).unwrap());
        let problems = suggestion.unwrap().project.problems(&Dataset::read(&source).unwrap());
        assert!(problems.iter().any(|problem| problem.message.contains("\"curve\" alone tells")), "{problems:?}");
        assert!(problems.iter().all(|problem| !problem.message.contains("noise")), "{problems:?}");
    }
}
