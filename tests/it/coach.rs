//! The coach: runs that are made to show a fault are told of it, and healthy ones are left alone.

use std::fs;
use std::sync::Arc;

use backprop_nn::Shape;
use backprop_nn::loss::LossSum;
use backprop_nn::optim::StepNorms;
use backprop_studio::data::{Dataset, Samples, handwriting, numbered_classes};
use backprop_studio::explain::coach::{Case, DeadUnits, Finding, History, RULES, findings};
use backprop_studio::project::Project;
use backprop_studio::train::metrics::{Figure, LOSS, StepProbe, StepSum};
use backprop_studio::train::{EpochStat, Event, Outcome, Reports, Run, Start, StepStat};

use crate::support::{project, small_digits};

/// Trains a project to its end and asks the coach.
fn coached(project: &Project, dataset: &Arc<Dataset>) -> Vec<Finding> {
    let job = Arc::new(project.job(Arc::clone(dataset), 2).unwrap());
    let run = Run::start(Arc::clone(&job), Start::Running, Reports::default(), || {}).unwrap();
    let (mut history, mut validation, mut weights) = (History::default(), None, None);
    let outcome = loop {
        match run.event() {
            Event::Steps(steps) => history.absorb_steps(&steps),
            Event::Epoch(epoch) => {
                history.absorb_epoch(&epoch);
                validation = epoch.validation;
            }
            Event::Weights(snapshot) => weights = Some(snapshot),
            Event::Done(outcome) => break outcome,
            _ => {}
        }
    };
    let divergence = if let Outcome::Diverged(divergence) = &outcome { Some(divergence) } else { None };
    let (leaks, is_finished) = (project.leaks(dataset), matches!(outcome, Outcome::Finished(_)));
    let validation = validation.as_deref();
    let dead = weights.and_then(|last| DeadUnits::count(&project.model, &job, &last.weights));
    let case = Case {
        project,
        job: &job,
        history: &history,
        validation,
        dead: dead.as_ref(),
        divergence,
        is_finished,
        leaks: &leaks,
    };
    findings(&case)
}

fn points(source: &str) -> Arc<Dataset> {
    Arc::new(Dataset::read(&format!("points:{source}")).unwrap())
}

/// So many samples of each digit.
fn digits(counts: [usize; 10]) -> Arc<Dataset> {
    let (pixels, labels) = handwriting::generate(counts.iter().sum::<usize>() * 10, 3);
    let mut left = counts;
    let chosen: Vec<usize> = (0..labels.len())
        .filter(|at| {
            let room = &mut left[usize::from(labels[*at])];
            let is_chosen = *room > 0;
            *room = room.saturating_sub(1);
            is_chosen
        })
        .collect();
    let pixels = chosen.iter().flat_map(|at| pixels[at * 784..(at + 1) * 784].to_vec()).collect();
    let samples = Samples::images(pixels, chosen.iter().map(|at| labels[*at]).collect::<Vec<_>>());
    let (shape, classes) = (Shape::image(28, 28, 1), numbered_classes(10));
    Arc::new(Dataset::images("some digits", shape, classes, samples, Samples::default()))
}

/// A table in which one column names the class, and another says nothing.
fn leaking() -> (Project, Arc<Dataset>, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leak.csv");
    let row = |at: usize| format!("{},{},{}\n", at * 7 % 31, at * 13 % 3 * 10 + at % 2, ["a", "b", "c"][at * 13 % 3]);
    fs::write(&path, format!("size,code,kind\n{}", (0..300).map(row).collect::<String>())).unwrap();
    let source = format!("csv:{}", path.display());
    let dataset = Arc::new(Dataset::read(&source).unwrap());
    let project = project("iris", &[("data.source", &source), ("training.epochs", "10")]);
    (project, dataset, folder)
}

/// A stack of layers with this activation, in place of the preset's hidden layers.
fn deep(preset: &str, activation: &str, depth: usize, settings: &[(&str, &str)]) -> Project {
    let mut project = project(preset, settings);
    let hidden = project.model.layers.iter().rposition(|layer| layer.about().key == "dense").unwrap();
    let layer = serde_json::json!({ "kind": "dense", "units": 32, "activation": activation });
    let output = project.model.layers.split_off(hidden);
    project.model.layers.retain(|layer| layer.about().key == "flatten");
    let layers = (0..depth).map(|_| serde_json::from_value(layer.clone()).unwrap());
    project.model.layers.extend(layers.chain(output));
    project
}

const SMALL: [(&str, &str); 2] = [("training.batch", "32"), ("training.schedule", "constant")];

fn small(preset: &str, settings: &[(&str, &str)]) -> Project {
    project(preset, &[&SMALL, settings].concat())
}

/// Each fault: what is done wrong, the rule that has to find it, the project and its data.
fn faults() -> Vec<(&'static str, &'static str, Project, Arc<Dataset>)> {
    let digits_600 = small_digits();
    let sgd = ("training.optimizer", "sgd");
    let wide = ("model.1.units", "512");
    vec![
        (
            "Adam, rate 10",
            "learning rate too high",
            small("mlp", &[("training.learning_rate", "10"), ("training.epochs", "3")]),
            Arc::clone(&digits_600),
        ),
        (
            "SGD, rate 10",
            "learning rate too high",
            small("mlp", &[sgd, ("training.learning_rate", "10"), ("training.epochs", "3")]),
            Arc::clone(&digits_600),
        ),
        (
            "Adam, rate 3, points",
            "learning rate too high",
            small("xor", &[("training.learning_rate", "3"), ("training.epochs", "30")]),
            points("xor"),
        ),
        (
            "SGD diverges on numbers",
            "learning rate too high",
            small("regression-2d", &[sgd, ("training.learning_rate", "10"), ("training.epochs", "20")]),
            points("hills?count=500"),
        ),
        (
            "Adam, rate 1e-6",
            "learning rate too low",
            small("mlp", &[("training.learning_rate", "0.000001"), ("training.epochs", "4")]),
            Arc::clone(&digits_600),
        ),
        (
            "SGD, rate 1e-4",
            "learning rate too low",
            small("mlp", &[sgd, ("training.learning_rate", "0.0001"), ("training.epochs", "4")]),
            Arc::clone(&digits_600),
        ),
        (
            "Adam, rate 1e-6, numbers",
            "learning rate too low",
            small("regression-2d", &[("training.learning_rate", "0.000001"), ("training.epochs", "20")]),
            points("hills?count=500"),
        ),
        (
            "512 units for 100 overlapping points",
            "overfitting",
            small(
                "spiral",
                &[("model.0.units", "512"), ("training.learning_rate", "0.01"), ("training.epochs", "300")],
            ),
            points("moons?noise=0.5&count=125"),
        ),
        (
            "128 units for 60 noisy heights",
            "overfitting",
            small(
                "regression-2d",
                &[
                    ("model.0.units", "128"),
                    ("training.learning_rate", "0.01"),
                    ("training.epochs", "400"),
                    ("data.validation", "0.3"),
                ],
            ),
            points("hills?noise=0.5&count=75"),
        ),
        (
            "six sigmoid layers, SGD",
            "vanishing gradient",
            deep(
                "mlp",
                "sigmoid",
                6,
                &[&SMALL[..], &[sgd, ("training.learning_rate", "0.1"), ("training.epochs", "5")]].concat(),
            ),
            Arc::clone(&digits_600),
        ),
        (
            "eight sigmoid layers, momentum",
            "vanishing gradient",
            deep(
                "spiral",
                "sigmoid",
                8,
                &[
                    &SMALL[..],
                    &[
                        ("training.optimizer", "momentum"),
                        ("training.learning_rate", "0.01"),
                        ("training.epochs", "20"),
                    ],
                ]
                .concat(),
            ),
            points("spiral?count=500"),
        ),
        (
            "momentum, rate 0.5",
            "dead units",
            small(
                "mlp",
                &[("training.optimizer", "momentum"), ("training.learning_rate", "0.5"), ("training.epochs", "1")],
            ),
            Arc::clone(&digits_600),
        ),
        (
            "a class with one sample in a hundred",
            "class never predicted",
            small("mlp", &[("training.learning_rate", "0.0003"), ("training.epochs", "4"), ("data.validation", "0.5")]),
            digits([200, 200, 200, 200, 12, 200, 200, 200, 200, 200]),
        ),
        (
            "two rare classes",
            "class never predicted",
            small(
                "mlp",
                &[sgd, ("training.learning_rate", "0.03"), ("training.epochs", "4"), ("data.validation", "0.5")],
            ),
            digits([300, 300, 300, 12, 300, 12, 300, 300, 300, 300]),
        ),
        (
            "60 digits for 400,000 weights",
            "too little data",
            small(
                "mlp",
                &[
                    wide,
                    ("training.batch", "8"),
                    ("training.learning_rate", "0.001"),
                    ("training.epochs", "30"),
                    ("data.validation", "0.5"),
                ],
            ),
            digits([12; 10]),
        ),
        (
            "SGD stops after four epochs",
            "too few epochs",
            small("mlp", &[sgd, ("training.learning_rate", "0.02"), ("training.epochs", "6")]),
            Arc::clone(&digits_600),
        ),
        (
            "classes that overlap, for 60 epochs",
            "plateau",
            small("xor", &[("training.learning_rate", "0.03"), ("training.epochs", "60")]),
            points("moons?noise=0.6&count=1000"),
        ),
    ]
}

#[test]
fn faults_are_found() {
    let mut made = faults();
    let (project, dataset, _folder) = leaking();
    made.push(("a column that names the class", "leakage", project, dataset));
    let mut missed = Vec::new();
    for (what, rule, project, dataset) in &made {
        assert!(RULES.iter().any(|known| known.name == *rule), "{rule}");
        let found = coached(project, dataset);
        for Finding { sentence, experiment, step, epoch, .. } in &found {
            assert!(sentence.ends_with('.') && !sentence.contains("NaN"), "{sentence}");
            assert!(experiment.project != *project && experiment.project.check().is_ok(), "{what}: {experiment:?}");
            assert!(*step > 0 && *epoch > 0 && experiment.from.is_none_or(|from| from > 0), "{what}");
        }
        if !found.iter().any(|finding| finding.name == *rule) {
            let found: Vec<_> = found.iter().map(|finding| (finding.name, &finding.sentence)).collect();
            missed.push(format!("{what}: {rule} is missed; found {found:?}"));
        }
    }
    eprintln!("{} of {} faults found", made.len() - missed.len(), made.len());
    assert!(missed.len() * 10 <= made.len(), "{missed:#?}");
}

#[test]
fn healthy_runs_are_left_alone() {
    for (preset, source) in [
        ("iris", "example:iris"),
        ("xor", "points:xor"),
        ("spiral", "points:spiral?noise=0.02&count=1000"),
        ("regression-2d", "points:hills?noise=0.05&count=1000"),
        ("mlp", "digits"),
        ("autoencoder", "digits?count=2000"),
    ] {
        let project = project(preset, &[]);
        let dataset = project.data.asked_of(Dataset::read(source).unwrap()).unwrap();
        let found = coached(&project, &Arc::new(dataset));
        assert!(found.is_empty(), "{preset}: {found:?}");
    }
}

/// Steps that are told and not taken, since a run does not explode when it is asked to.
#[test]
fn a_gradient_that_explodes_in_a_run_that_went_well_is_found() {
    let project = project("xor", &[("training.optimizer", "momentum"), ("training.learning_rate", "0.01")]);
    let job = project.job(points("xor"), 1).unwrap();
    let told = |jump: f64, losses: [f64; 4]| {
        let mut history = History::default();
        for (epoch, loss) in (1..).zip(losses) {
            let steps = (0..10).map(|at| {
                let gradient = if epoch == 4 && at == 7 { jump } else { 1.0 };
                let norms = Some(StepNorms { gradient, update: 0.01, weights: 10.0 });
                let sum = StepSum::Numbers(LossSum { loss, weight: 1.0, correct: 0, samples: 1 });
                StepStat::new(u64::from(epoch - 1) * 10 + at + 1, epoch, &StepProbe { sum, learning_rate: 0.01, norms })
            });
            history.absorb_steps(&steps.collect::<Vec<_>>());
            history.absorb_epoch(&EpochStat {
                epoch,
                step: u64::from(epoch) * 10,
                figures: vec![Figure { metric: &LOSS, value: Some(loss) }],
                validation: None,
                learning_rate: 0.01,
                seconds: 1.0,
                samples_per_s: 1.0,
            });
        }
        findings(&Case {
            project: &project,
            job: &job,
            history: &history,
            validation: None,
            dead: None,
            divergence: None,
            is_finished: false,
            leaks: &[],
        })
    };
    let found = told(400.0, [1.0, 0.8, 0.5, 0.9]);
    let [Finding { name: "exploding gradient", step: 40, sentence, experiment, .. }] = found.as_slice() else {
        panic!("{found:?}")
    };
    assert_eq!(
        sentence,
        "The gradient norm jumped to 400, 400 times its usual 1 in epoch 4, and the training loss rose from 0.5 to 0.9."
    );
    assert_eq!((experiment.label.as_str(), experiment.from), ("Try clipping the gradient at a norm of 2", Some(30)));
    assert_eq!(told(400.0, [1.0, 0.8, 0.5, 0.52]), [], "the loss hardly rises");
    assert_eq!(told(20.0, [1.0, 0.8, 0.5, 0.9]), [], "the gradient is not much longer");
}

#[test]
fn an_experiment_repairs_what_it_is_for() {
    let project = small("mlp", &[("training.learning_rate", "3"), ("training.epochs", "4")]);
    let mut remedied = project;
    for _ in 0..4 {
        let found = coached(&remedied, &small_digits());
        let Some(finding) = found.into_iter().find(|finding| finding.name == "learning rate too high") else { break };
        remedied = finding.experiment.project;
    }
    assert!(remedied.training.learning_rate < 0.1, "{:?}", remedied.training.learning_rate);
    assert!(coached(&remedied, &small_digits()).iter().all(|finding| finding.name != "learning rate too high"));
}

#[cfg(feature = "gui")]
mod window {
    use backprop_studio::project::Project;
    use backprop_studio::ui::{Command, Document, Studio};
    use eframe::egui::vec2;
    use egui_kittest::Harness;
    use egui_kittest::kittest::Queryable as _;

    use crate::ink::faults;
    use crate::studio::{act, click, has_ended, step_until};
    use crate::support::project;

    /// The smallest window, with a run to its end.
    fn trained(project: Project) -> Harness<'static, Studio> {
        let builder = Harness::builder().with_size(vec2(1024.0, 700.0)).with_max_steps(60);
        let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
        step_until(&mut harness, "the points are there", |studio| studio.session().dataset().is_some());
        act(&mut harness, Command::Train);
        step_until(&mut harness, "the run ends", has_ended);
        harness
    }

    #[test]
    fn a_finding_is_told_and_its_experiment_is_a_branch_that_one_undo_takes_back() {
        let settings =
            [("training.learning_rate", "0.000001"), ("training.epochs", "20"), ("training.schedule", "constant")];
        let mut harness = trained(project("xor", &settings));
        assert_eq!(faults(&harness), Vec::<String>::new());
        click(&mut harness, "Coach, 1 finding");
        harness.run_steps(3);
        harness.get_by_label_contains("Learning rate too low, epoch");
        harness.get_by_label_contains("The training loss was ");
        let (label, rate) = {
            let [finding] = harness.state().session().coach.findings.as_slice() else { panic!("one finding") };
            let experiment = finding.experiment.clone();
            assert_eq!(experiment.from, Some(harness.state().session().progress.step));
            (experiment.label, experiment.project.training.learning_rate)
        };
        let marks = harness.state().session().all_marks();
        assert!(marks.iter().any(|mark| mark.text == "1"), "{marks:?}");
        click(&mut harness, &label);
        step_until(&mut harness, "the branch ends", |studio| {
            studio.session().progress.epochs_done == 30 && has_ended(studio)
        });
        assert_eq!(harness.state().project().training.learning_rate, rate);
        let session = harness.state().session();
        assert!(session.coach.history.epochs.len() == 30, "the first epochs are those of the run");
        act(&mut harness, Command::Undo);
        assert_eq!(harness.state().project().training.learning_rate, 0.000_001);
    }

    #[test]
    fn an_experiment_with_other_layers_trains_anew_and_a_run_that_is_on_ends_first() {
        let mut harness = trained(project("xor", &[("training.learning_rate", "10"), ("training.epochs", "30")]));
        assert_eq!(faults(&harness), Vec::<String>::new());
        let experiment = harness.state().session().coach.findings[0].experiment.clone();
        act(&mut harness, Command::TrainAnew);
        let mut other = experiment.clone();
        other.project.model.layers.remove(0);
        other.from = Some(1);
        act(&mut harness, backprop_studio::ui::Request::TryOut(Box::new(other.clone())));
        step_until(&mut harness, "the experiment ends", |studio| {
            has_ended(studio)
                && studio.session().trained.as_ref().is_some_and(|trained| trained.model == other.project.model)
        });
        assert_eq!(harness.state().session().progress.epochs_done, 30);
    }
}
