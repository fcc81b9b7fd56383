//! No text of the window is cut, covered or broken: in every view, with every preset, at three sizes, in both themes, with
//! class names of forty letters, before a run, after one, and after one that went wrong.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use backprop_nn::Shape;
use backprop_nn::loss::LossSum;
use backprop_studio::data::sources::digits;
use backprop_studio::data::split::Order;
use backprop_studio::data::{Dataset, Feature, Inputs, Samples, TargetData, Task, handwriting};
use backprop_studio::language::{self, Language, tr};
use backprop_studio::project::{Project, presets};
use backprop_studio::train::metrics::{StepProbe, StepSum};
use backprop_studio::train::{DivergedAt, Divergence, Event, Job, Outcome, Reports, Run, Start, StepStat};
use backprop_studio::ui::commands::Action;
use backprop_studio::ui::state::window_state::Theme;
use backprop_studio::ui::{Command, Document, Report, Request, Studio};
use eframe::egui::{Role, Vec2, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

use crate::ink::{faults, texts};
use crate::studio::PATIENCE;

const SIZES: [Vec2; 3] = [vec2(1024.0, 700.0), vec2(1280.0, 800.0), vec2(1920.0, 1080.0)];

const VIEWS: [&str; 7] = ["learn", "draw", "data", "inside", "mistakes", "metrics", "runs"];

/// What a view may show in place of something else.
const CHOICES: [&str; 21] = [
    "This network",
    "Matrix",
    "Classes",
    "ROC",
    "Points",
    "Lines",
    "Plane",
    "Paint",
    "Columns",
    "Rows",
    "Augmented",
    "Calibration",
    "Activations",
    "Weights",
    "Hidden space",
    "Layers",
    "Landscape",
    "Step",
    "Neighbors",
    "What if",
    "Diagram",
];

/// A source that no loader knows, with a name as long as a path.
const SOURCE: &str = "csv:no/such/folder/of/measurements-that-were-taken/in-the-laboratory.csv";

/// Forty letters: in one word, in several, and with numbers.
fn class_name(class: usize) -> String {
    let name = match class % 3 {
        0 => "Unverwechselbarkeitsmerkmalserkennung",
        1 => "iris versicolor of the northern shore",
        _ => "scratch of 0.125 mm on rolled steel 1",
    };
    format!("{name} {class:02}")
}

fn column_name(column: usize) -> String {
    let name = match column % 3 {
        0 => "Sum_of_Luminosity_of_the_rolled_plate",
        1 => "length of the sepal, in centimeters, ",
        _ => "x",
    };
    format!("{name}{column}")
}

/// Numbers of all sizes and both signs, which are never twice the same.
fn number(at: usize) -> f64 {
    let size = [1.0, 0.001, 1000.0, 0.1, 250_000.0][at % 5];
    let part = (at as f64 * 0.618_034).fract() - 0.4;
    part * size
}

/// A table of so many columns.
fn table(columns: usize, task: Task) -> Dataset {
    let samples = |count: usize| {
        let inputs = (0..count * columns).map(|at| number(at % columns * 7 + at / columns * 5 * 13 + at % columns));
        let targets = match &task {
            Task::Regression { targets, .. } => {
                let values = (0..count * targets.len()).map(|at| number(at * 3)).collect();
                TargetData::Numbers { width: targets.len(), values }
            }
            _ => TargetData::Classes((0..count).map(|at| (at % task.outputs()) as u16).collect()),
        };
        Samples { inputs: Inputs::Numbers(inputs.collect()), targets }
    };
    Dataset {
        name: "measurements of the laboratory".to_owned(),
        shape: Shape::flat(columns),
        train: samples(120),
        test: samples(30),
        target: None,
        features: (0..columns).map(|column| Feature::number(column_name(column))).collect(),
        notes: vec!["2 rows were left out, because their number of cells is another.".into()],
        order: Order::Free,
        task,
    }
}

fn classes(count: usize) -> Task {
    Task::Classification { classes: (0..count).map(class_name).collect() }
}

fn one_number() -> Task {
    Task::numbers(vec!["price of the parcel, in thousands of dollars".to_owned()])
}

fn images(side: usize, classes: usize) -> Dataset {
    let samples = |count: usize, seed| match side {
        28 => {
            let (pixels, labels) = handwriting::generate(count, seed);
            Samples::images(pixels, labels)
        }
        _ => {
            let pixels = (0..count * side * side).map(|at| (at % 251) as u8).collect();
            Samples::images(pixels, (0..count).map(|at| (at % classes) as u16))
        }
    };
    let names = (0..classes).map(class_name).collect();
    Dataset::images("images", Shape::image(side, side, 1), names, samples(60, 1), samples(20, 2))
}

fn series(folder: &Path, window: usize) -> Dataset {
    let path = folder.join("series.csv");
    let rows: String = (0..150).map(|row| format!("{row},{}\n", 1234.5 + 300.0 * (row as f32 * 0.5).sin())).collect();
    fs::write(&path, format!("month,passengers of all airlines in thousands\n{rows}")).unwrap();
    Dataset::read(&format!("series:{}?window={window}", path.display())).unwrap()
}

/// Data of the kind that a preset asks for, a little of it.
fn dataset_of(project: &Project, folder: &Path) -> Dataset {
    let source = project.data.source.to_string();
    let dataset = match project.name.as_str() {
        "iris" => table(4, classes(3)),
        "wine" => table(11, classes(6)),
        "steel-plates" => table(27, classes(7)),
        "machine-failure" => table(6, classes(2)),
        "fuel" => table(8, one_number()),
        "remaining-life" => Dataset { shape: Shape::steps(10, 3), ..table(30, one_number()) },
        "airline" => series(folder, 24),
        "temperatures" => series(folder, 30),
        "steel-surface" => images(64, 6),
        _ if source == digits::SOURCE.name => images(28, 10),
        _ => {
            let mut points = Dataset::read(&format!("{}?count=150", source.split('?').next().unwrap())).unwrap();
            if let Task::Classification { classes } = &mut points.task {
                *classes = (0..classes.len()).map(class_name).collect();
            }
            points
        }
    };
    if project.data.reconstruct { dataset.of_itself().unwrap() } else { dataset }
}

struct Window {
    harness: Harness<'static, Studio>,
    preset: String,
    faults: Vec<String>,
}

impl Window {
    fn open(preset: &str, folder: &Path) -> (Self, Arc<Job>) {
        let mut project = presets::find(preset).unwrap().unwrap();
        let dataset = Arc::new(dataset_of(&project, folder));
        project.data.source = SOURCE.parse().unwrap();
        project.training.batch = project.training.batch.min(32);
        project.training.epochs = 1;
        let document = Document::new(project.clone());
        let builder = Harness::builder().with_size(SIZES[1]).with_max_steps(60);
        let harness = builder.build_eframe(|cc| Studio::new(cc, Some(document)));
        let mut window = Self { harness, preset: preset.to_owned(), faults: Vec::new() };
        // A scroll bar that fades in is not there yet when one looks.
        window.harness.state_mut().window_mut().is_still = true;
        window.step_until("the classifier is there", |studio| studio.networks().built_in.is_some());
        let report = Report::DataLoaded { source: SOURCE.parse().unwrap(), result: Ok(Arc::clone(&dataset)) };
        let ctx = window.harness.ctx.clone();
        window.step_until("the loader gives up", |studio| {
            use backprop_studio::ui::state::session::DataState;
            !matches!(studio.session().data, DataState::Loading { .. })
        });
        window.harness.state_mut().take(&ctx, report);
        (window, Arc::new(project.job(dataset, 1).unwrap()))
    }

    fn step_until(&mut self, what: &str, is_done: impl Fn(&Studio) -> bool) {
        let started = Instant::now();
        while !is_done(self.harness.state()) {
            assert!(started.elapsed() < PATIENCE, "waited {PATIENCE:?} until {what}");
            self.harness.step();
            std::thread::yield_now();
        }
    }

    fn act(&mut self, action: impl Into<Action>) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().act(&ctx, action);
    }

    /// Looks at every view and what there is to choose in it, at every size.
    fn look(&mut self, state: &str) {
        for view in VIEWS {
            self.act(Request::Show(view));
            self.harness.run_steps(2);
            let ctx = self.harness.ctx.clone();
            self.step_until("it is worked out", |studio| studio.derived().is_settled(&ctx));
            self.sizes(&format!("{state}, {view}"));
            for choice in CHOICES {
                let choice = tr(choice);
                let found = self.harness.query_all_by_role_and_label(Role::Button, &choice).next();
                if let Some(button) = found {
                    button.click();
                    self.harness.run_steps(2);
                    self.sizes(&format!("{state}, {view}, {choice}"));
                }
            }
        }
    }

    fn sizes(&mut self, what: &str) {
        for size in SIZES {
            self.harness.set_size(size / self.harness.ctx.zoom_factor());
            self.themes(what, &format!("{}×{}", size.x, size.y));
        }
    }

    fn themes(&mut self, what: &str, size: &str) {
        for theme in [Theme::Dark, Theme::Light] {
            self.harness.state_mut().window_mut().theme = theme;
            self.check(&format!("{what}, {theme:?}, {size}"));
        }
    }

    /// The same on a projector, whose tabs a teacher shows.
    fn present(&mut self, state: &str) {
        self.act(Command::Presenter);
        self.harness.run_steps(3);
        for view in VIEWS {
            self.act(Request::Show(view));
            self.sizes(&format!("{state}, {view}, presented"));
        }
        self.act(Command::LeavePresenter);
        self.harness.set_size(SIZES[1]);
        self.harness.run_steps(3);
    }

    fn check(&mut self, what: &str) {
        self.harness.run_steps(2);
        let mut faults = faults(&self.harness);
        if language::current().code != "en" {
            // What the data are called is in their own language.
            let names = [
                "rolled steel",
                "iris versicolor",
                "of the sepal",
                "of the petal",
                "of the laboratory",
                "were left out",
            ];
            let is_name = |text: &String| names.iter().any(|name| text.contains(name));
            let english = texts(&self.harness).into_iter().filter(|text| is_english(text) && !is_name(text));
            faults.extend(english.map(|text| format!("not translated: {text:?}")));
        }
        self.faults.extend(faults.into_iter().map(|fault| format!("{}, {what}: {fault}", self.preset)));
    }
}

/// Whether four words of English follow each other, which are no names.
fn is_english(text: &str) -> bool {
    let is_plain = |word: &str| word.len() > 1 && word.bytes().all(|letter| letter.is_ascii_lowercase());
    let words: Vec<bool> =
        text.split([' ', '\n']).map(|word| is_plain(word.trim_end_matches([',', '.', ':']))).collect();
    words.windows(4).any(|words| words.iter().all(|is_plain| *is_plain))
}

fn trained(job: &Arc<Job>) -> Vec<Event> {
    let run =
        Run::start(Arc::clone(job), Start::Running, Reports { snapshots: true, ..Reports::default() }, || {}).unwrap();
    let mut events = Vec::new();
    loop {
        events.push(run.event());
        if matches!(events.last(), Some(Event::Done(_))) {
            return events;
        }
    }
}

/// A run whose loss grew beyond all bounds.
fn diverged() -> Vec<Event> {
    let loss = |step: u64| if step < 8 { 10f64.powi(5 * step as i32) } else { f64::NAN };
    let stat = |step| {
        let sum = StepSum::Classes(LossSum { loss: loss(step), weight: 1.0, correct: 1, samples: 10 });
        StepStat::new(step, 1, &StepProbe { sum, learning_rate: 0.1, norms: None })
    };
    let place = Some(DivergedAt { layer: 1, name: "Dense".to_owned(), tensor: "outputs".to_owned() });
    vec![Event::Steps((1..=9).map(stat).collect()), Event::Done(Outcome::Diverged(Divergence { step: 9, place }))]
}

/// What is wrong with the texts of some presets, each before a run, after one, and after one that went wrong.
fn check(presets: impl IntoIterator<Item = &'static str>) {
    let folder = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    for preset in presets {
        let started = Instant::now();
        let (mut window, job) = Window::open(preset, folder.path());
        let project = window.harness.state().project().clone();
        window.look("before a run");
        for (state, events) in [("after a run", trained(&job)), ("diverged", diverged())] {
            let session = window.harness.state_mut().session_mut();
            session.begin(Arc::clone(&job), &project);
            events.into_iter().for_each(|event| session.absorb(event));
            window.look(state);
            window.present(state);
        }
        eprintln!("{preset}: {:.1} s", started.elapsed().as_secs_f64());
        found.append(&mut window.faults);
    }
    for fault in &found {
        eprintln!("{fault}");
    }
    assert!(found.is_empty(), "{} faults", found.len());
}

/// Every fourth preset from the one at `first`, so that the four tests share all of them.
fn quarter(first: usize) -> impl Iterator<Item = &'static str> {
    presets::names().into_iter().skip(first).step_by(4)
}

#[test]
fn every_text_is_whole_with_a_quarter_of_the_presets() {
    check(quarter(0));
}

#[test]
fn every_text_is_whole_with_a_second_quarter() {
    check(quarter(1));
}

#[test]
fn every_text_is_whole_with_a_third_quarter() {
    check(quarter(2));
}

#[test]
fn every_text_is_whole_with_the_last_quarter() {
    check(quarter(3));
}

/// Chinese is shorter, and its lines may break between any two characters.
#[test]
fn every_text_is_whole_and_translated_in_chinese() {
    language::speak(Language::find("zh").unwrap());
    check(["mlp", "iris", "tiny-gpt", "gan-points"]);
}

/// A window with a finished run of the preset.
fn after_a_run(preset: &str) -> Window {
    let folder = tempfile::tempdir().unwrap();
    let (mut window, job) = Window::open(preset, folder.path());
    let project = window.harness.state().project().clone();
    let session = window.harness.state_mut().session_mut();
    session.begin(Arc::clone(&job), &project);
    trained(&job).into_iter().for_each(|event| session.absorb(event));
    window.harness.run_steps(10);
    window
}

#[test]
fn the_presenter_has_a_button_and_shows_rate_matrix_and_canvas_at_once() {
    let mut window = after_a_run("cnn-small");
    let harness = &mut window.harness;
    let click = |harness: &mut Harness<'static, Studio>, label| {
        harness.get_by_role_and_label(Role::Button, label).click();
        harness.run_steps(5);
    };
    click(harness, "Presenter");
    let screen = harness.ctx.content_rect();
    assert!((screen.width() * 1.5 - 1280.0).abs() < 1.0, "{screen:?}");
    for (role, label) in
        [(Role::Slider, "Learning rate"), (Role::Table, "Confusion matrix"), (Role::Canvas, "Digit canvas")]
    {
        let place = harness.get_by_role_and_label(role, label).rect();
        assert!(screen.contains_rect(place) && place.area() > 1000.0, "{label} at {place:?} of {screen:?}");
    }
    click(harness, "Leave the presenter");
    assert_eq!(harness.ctx.content_rect().width(), 1280.0);
    harness.get_by_role_and_label(Role::Button, "Add layer");
}

#[test]
fn a_message_has_a_place_of_its_own_and_moves_nothing() {
    let mut window = after_a_run("cnn-small");
    let canvas = |window: &Window| window.harness.get_by_label("Digit canvas").rect();
    let before = canvas(&window);
    window.act(Command::Pause);
    window.harness.run_steps(3);
    let message = window.harness.get_by_label("No run is on.").rect();
    let bar = window.harness.get_by_role_and_label(Role::Button, "Train").rect();
    assert!(message.top() > bar.bottom() && message.bottom() <= 800.0, "{message:?}");
    let moved = canvas(&window).min - before.min;
    assert!(moved.length() < 1.0, "{moved:?}");
}
