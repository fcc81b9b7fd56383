//! The checks before a run: each fails on a project that has the fault, and none fails where there is none.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use backprop_nn::field::Settings;
use backprop_nn::layer::{Backward, Forward, Layer};
use backprop_nn::layers::{Dense, Function};
use backprop_nn::spec::ShapeError;
use backprop_nn::{LayerSpec, ModelSpec, Plan, Shape, Spec};
use backprop_studio::data::{Dataset, Feature, Inputs, Order, Samples, Scaling, TargetData, Task};
use backprop_studio::project::Project;
use backprop_studio::project::checks::{COUNT, Outcome, Verdict, check};
use backprop_studio::train::Job;

use crate::support::{backprop, lines, project, small_digits};

/// So much that nothing is cut short, however busy the machine is.
const TIME: Duration = Duration::from_secs(600);

/// What all checks find, by their names.
fn found(project: &Project, job: &Job) -> BTreeMap<&'static str, Outcome> {
    let mut found = BTreeMap::new();
    check(project, job, TIME, |outcome| found.insert(outcome.name, outcome).is_none());
    assert_eq!(found.len(), COUNT);
    found
}

fn on(project: &Project, dataset: Dataset) -> BTreeMap<&'static str, Outcome> {
    found(project, &project.job(Arc::new(dataset), 2).unwrap())
}

fn failed(outcomes: &BTreeMap<&'static str, Outcome>) -> Vec<&'static str> {
    outcomes.values().filter(|outcome| outcome.verdict == Verdict::Failed).map(|outcome| outcome.name).collect()
}

#[track_caller]
fn assert_failed(outcomes: &BTreeMap<&'static str, Outcome>, name: &str, reason: &str) {
    let outcome = &outcomes[name];
    assert!(outcome.verdict == Verdict::Failed && outcome.reason.contains(reason), "{outcome:?}");
}

/// Rows of two numbers and a class, which follows from the first.
fn table(rows: usize) -> Dataset {
    let numbers = (0..rows).flat_map(|row| [(row * 37 % 101) as f64, (row * 53 % 97) as f64 / 10.0]);
    let classes = (0..rows).map(|row| u16::from(row * 37 % 101 > 50));
    Dataset {
        name: "rows".to_owned(),
        shape: Shape::flat(2),
        task: Task::Classification { classes: ["low", "high"].map(str::to_owned).to_vec() },
        target: None,
        features: ["a", "b"].map(Feature::number).to_vec(),
        train: Samples { inputs: Inputs::Numbers(numbers.collect()), targets: TargetData::Classes(classes.collect()) },
        test: Samples::default(),
        notes: Vec::new(),
        order: Order::Free,
    }
}

/// Two hidden units and more, and two classes.
fn small() -> Project {
    project("xor", &[("data.source", "csv:rows.csv?target=class")])
}

#[test]
fn nothing_fails_where_nothing_is_wrong() {
    let digits = Dataset::clone(&small_digits());
    for (preset, dataset) in [
        ("mlp", digits.clone()),
        ("cnn-small", digits.clone()),
        ("xor", Dataset::read("points:xor").unwrap()),
        ("spiral", Dataset::read("points:spiral?noise=0.02&count=1000").unwrap()),
        ("regression-2d", Dataset::read("points:hills?noise=0.05&count=1000").unwrap()),
        ("iris", Dataset::read("example:iris").unwrap()),
    ] {
        let outcomes = on(&project(preset, &[]), dataset);
        assert_eq!(failed(&outcomes), [""; 0], "{preset}: {outcomes:#?}");
        for name in ["Scale of the inputs", "Initial loss", "Dead units", "Gradient check", "One batch is overfitted"] {
            assert_eq!(outcomes[name].verdict, Verdict::Passed, "{preset}: {outcomes:#?}");
        }
    }
    let outcomes = on(&project("gan-points", &[]), Dataset::read("points:moons?count=200").unwrap());
    assert_eq!(failed(&outcomes), [""; 0], "{outcomes:#?}");
    assert_eq!(outcomes["Initial loss"].verdict, Verdict::NotApplicable);
    assert_eq!((outcomes["Time"].verdict, outcomes["Memory"].verdict), (Verdict::Passed, Verdict::Passed));
}

#[test]
fn the_initial_loss_is_ln_k_without_a_preference_and_more_with_one() {
    let digits = small_digits();
    let even = project("mlp", &[("model.2.init", "zeros")]);
    let job = |project: &Project| project.job(Arc::clone(&digits), 2).unwrap();
    let outcome = found(&even, &job(&even))["Initial loss"].clone();
    // ln 10 = 2.302585
    let golden = "The loss of the initial weights is 2.30, and ln 10 = 2.30 without a preference.";
    assert_eq!((outcome.verdict, outcome.reason.as_str()), (Verdict::Passed, golden));

    // Weights that are far too large, and a bias for one class.
    let mlp = project("mlp", &[]);
    let with = |change: &dyn Fn(&Job, &mut [f32])| {
        let mut job = job(&mlp);
        let mut weights = job.initial_weights();
        change(&job, weights.values_mut());
        job.weights = Some(weights);
        found(&mlp, &job)
    };
    let large = with(&|_, values| values.iter_mut().for_each(|value| *value *= 20.0));
    assert_failed(&large, "Initial loss", "begins with large outputs");
    let biased = with(&|job, values| {
        let bias = job.network.params().last().unwrap().range.start;
        values[bias] = 30.0;
    });
    assert_failed(&biased, "Initial loss", "begins with large outputs");

    // A network that was given the answer.
    let classes = (0..60).map(|at| at % 3);
    let inputs = classes.clone().flat_map(|class| (0..3).map(move |at| if at == class { 255u8 } else { 0 }));
    let train = Samples::images(inputs.collect(), classes.map(|class| class as u16));
    let names = ["a", "b", "c"].map(str::to_owned).to_vec();
    let mut known = small();
    known.model = ModelSpec { layers: vec![Dense::new(3, Function::Linear).into()] };
    let dataset = Dataset::images("corners", Shape::flat(3), names, train, Samples::default());
    let mut job = known.job(Arc::new(dataset), 1).unwrap();
    let mut weights = job.initial_weights();
    weights.values_mut().copy_from_slice(&[9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0, 0.0, 0.0]);
    job.weights = Some(weights);
    assert_failed(&found(&known, &job), "Initial loss", "knows the answer before it has learned");
}

#[test]
fn a_network_that_cannot_learn_is_told() {
    let digits = Dataset::clone(&small_digits());
    let slow = on(&project("mlp", &[("training.learning_rate", "0.000001")]), digits.clone());
    assert_failed(&slow, "One batch is overfitted", "in 300 steps at the learning rate 0.000001");
    assert_eq!(failed(&slow), ["One batch is overfitted"]);
    let wild =
        on(&project("mlp", &[("training.learning_rate", "10"), ("training.optimizer.kind", "sgd")]), digits.clone());
    assert_eq!(wild["One batch is overfitted"].verdict, Verdict::Failed);
    // A layer whose weights are all zero gives zero, and no gradient comes back through the next one.
    let dead = on(&project("mlp", &[("model.1.init", "zeros"), ("model.2.init", "zeros")]), digits);
    assert_failed(&dead, "Dead units", "128 of 128 units of layer 2 (Dense) give 0 for all of 32 samples, 100.0 %");
    assert_failed(&dead, "One batch is overfitted", "look at the learning rate and at dead units");
}

/// A square whose backward pass lacks the factor 2.
#[derive(Clone, Settings)]
struct Wrong {
    /// The factor of the derivative.
    #[field(default = 1.0, range = 0.0..=2.0)]
    factor: f32,
}

impl Spec for Wrong {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        Ok(Plan::free(input))
    }

    fn build(&self, _: Shape) -> Box<dyn Layer> {
        Box::new(self.clone())
    }
}

impl Layer for Wrong {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.iter_mut().zip(pass.input).for_each(|(y, x)| *y = x * x);
    }

    fn backward(&self, pass: Backward<'_>) {
        let slopes = pass.grad_output.iter().zip(pass.input).map(|(dy, x)| dy * self.factor * x);
        pass.grad_input.into_iter().flatten().zip(slopes).for_each(|(grad_input, slope)| *grad_input = slope);
    }
}

#[test]
fn a_wrong_backward_pass_is_told_and_a_right_one_is_not() {
    for (factor, verdict) in [(1.0, Verdict::Failed), (2.0, Verdict::Passed)] {
        let mut project = small();
        project.model.layers.insert(1, LayerSpec::custom(Wrong { factor }));
        let outcome = &on(&project, table(200))["Gradient check"];
        assert_eq!(outcome.verdict, verdict, "{outcome:?}");
        // The layer before it gets half of its gradient: |1/2 - 1| / 1.
        assert!(
            verdict == Verdict::Passed || ["0.499", "0.500", "0.501"].iter().any(|half| outcome.reason.contains(half)),
            "{outcome:?}"
        );
        assert!(outcome.reason.contains("in 4 of 4 tensors"), "{outcome:?}");
    }
}

#[test]
fn what_is_wrong_with_the_data_is_told() {
    let project = small();
    assert_failed(
        &on(&project, {
            let mut rare = table(202);
            classes(&mut rare, |row| row % 101 == 0);
            rare
        }),
        "Balance of the classes",
        "balance the class weights",
    );

    let mut constant = table(200);
    let Inputs::Numbers(numbers) = &mut constant.train.inputs else { panic!() };
    numbers.iter_mut().skip(1).step_by(2).for_each(|number| *number = 7.0);
    assert_failed(&on(&project, constant), "Scale of the inputs", "\"b\" never changes and says nothing");

    let mut job = project.job(Arc::new(table(200)), 1).unwrap();
    job.scaling = Scaling::default();
    assert_failed(&found(&project, &job), "Scale of the inputs", "\"a\" has mean");

    // Half of the test samples are training samples, too.
    let mut copied = table(200);
    let at: Vec<u32> = (0..20).collect();
    copied.test = table(400).train.select(&[at, (360..380).collect()].concat(), copied.shape);
    let outcome = on(&project, copied)["Duplicates across the splits"].clone();
    assert!(outcome.verdict == Verdict::Failed && outcome.reason.contains("of 40 test samples"), "{outcome:?}");
    // Two of 80 are less than chance moves, as in a small table of rounded measurements.
    let mut few = table(200);
    let at: Vec<u32> = (0..4).collect();
    few.test = table(400).train.select(&[at, (364..400).collect()].concat(), few.shape);
    let outcome = on(&project, few)["Duplicates across the splits"].clone();
    let told =
        "2 of 40 test samples have the same inputs as a training sample. So few change a result less than chance does.";
    assert!(outcome.verdict == Verdict::Passed && outcome.reason.ends_with(told), "{outcome:?}");
    let outcome = on(&project, table(90))["Duplicates across the splits"].clone();
    assert!(outcome.reason.starts_with("0 of 18 validation samples have the same inputs"), "{outcome:?}");
}

fn classes(dataset: &mut Dataset, is_high: impl Fn(usize) -> bool) {
    let TargetData::Classes(classes) = &mut dataset.train.targets else { panic!() };
    classes.iter_mut().enumerate().for_each(|(row, class)| *class = u16::from(is_high(row)));
}

#[test]
fn the_command_line_lists_the_checks_after_the_problems() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let done = backprop(folder, &["check", "xor"]);
    assert_eq!((done.code, done.err.as_str()), (0, ""));
    let told: Vec<_> = done.out.lines().collect();
    assert_eq!((told.len(), told[0]), (1 + COUNT, "xor has no problems"));
    assert!(
        told[1..].iter().all(|line| ["✓ ", "– "].iter().any(|sign| line.starts_with(sign)) && line.ends_with('.')),
        "{}",
        done.out
    );

    let row = |at: usize| {
        format!(
            "{},{},{}\n",
            at * 13 % 17,
            if at.is_multiple_of(3) { 900 } else { at % 7 },
            if at.is_multiple_of(3) { "yes" } else { "no" }
        )
    };
    fs::write(folder.join("plant.csv"), format!("load,cost,failure\n{}", (0..200).map(row).collect::<String>()))
        .unwrap();
    assert_eq!(backprop(folder, &["new", "plant.csv", "--out", "plant.json"]).code, 0);
    let done = backprop(folder, &["check", "plant.json", "--json"]);
    let told = lines(&done.out);
    let leak = told.iter().find(|line| line["check"] == "Columns that give the answer away").unwrap();
    assert!(done.code == 0 && leak["verdict"] == "failed", "{leak}");
    assert!(leak["reason"].as_str().unwrap().contains("\"cost\" alone tells the target"), "{leak}");
    let done = backprop(folder, &["check", "xor", "--set", "model.1.units=3"]);
    assert!(done.code == 1 && !done.out.contains("✓"), "what would be refused is not tried: {}", done.out);
}

#[cfg(feature = "gui")]
mod window {
    use backprop_studio::project::checks::COUNT;
    use backprop_studio::ui::state::window_state::Theme;
    use backprop_studio::ui::views::dialogs::checks::Checks;
    use eframe::egui::{Key, vec2};
    use egui_kittest::kittest::Queryable as _;

    use crate::ink::faults;
    use crate::studio::{click, open, project, step_until};

    #[test]
    fn the_checks_are_seen_line_by_line_and_closed() {
        let mut harness = open(project());
        let before = harness.state().project().clone();
        click(&mut harness, "Check before the run…");
        step_until(&mut harness, "all is checked", |studio| {
            studio.dialogs().get::<Checks>().is_some_and(|checks| !checks.is_running())
        });
        let outcomes = harness.state().dialogs().get::<Checks>().unwrap().outcomes();
        assert_eq!(outcomes.len(), COUNT);
        let told: String = outcomes.iter().map(|outcome| format!("{}\n{}\n", outcome.name, outcome.reason)).collect();
        harness.get_by_label("Initial loss: passed");
        harness.get_by_label("Columns that give the answer away: does not apply");
        harness.get_by_label_contains("and ln 10 = 2.30 without a preference");
        harness.get_by_label("No check has failed.");
        for theme in [Theme::Dark, Theme::Light] {
            harness.state_mut().window_mut().theme = theme;
            for size in [vec2(1024.0, 700.0), vec2(1920.0, 1080.0)] {
                harness.set_size(size);
                harness.run_ok();
                // What the dialog covers of the window is no fault.
                let is_told = |fault: &String| fault.split('"').nth(1).is_some_and(|text| told.contains(text));
                let faults: Vec<_> = faults(&harness).into_iter().filter(is_told).collect();
                assert_eq!(faults, [""; 0], "{theme:?} {size}");
            }
        }
        harness.key_press(Key::Escape);
        harness.run_ok();
        assert!(harness.state().dialogs().get::<Checks>().is_none());
        assert_eq!(*harness.state().project(), before, "the project stays as it is");
    }
}
