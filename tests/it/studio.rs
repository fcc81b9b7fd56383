//! The window, driven as a person does it: by what one reads on it, with clicks, drags and keys.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backprop_nn::Shape;
use backprop_nn::layers::{Dense, Function};
use backprop_nn::loss::LossSum;
use backprop_studio::data::{Dataset, Drawing, Samples, handwriting, numbered_classes};
use backprop_studio::project::{Project, presets};
use backprop_studio::train::metrics::{
    ACCURACY, ClassPredictions, Figure, LOSS, Prediction as ClassPrediction, Predictions, StepProbe, StepSum,
};
use backprop_studio::train::{
    Change, DivergedAt, Divergence, EpochStat, Evaluation, Event, LiveChange, Outcome, Snapshot, StepStat,
};
use backprop_studio::ui::commands::{Action, PathFor};
use backprop_studio::ui::jobs::predictor::DrawingOutput;
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::{Command, Document, Report, Request, Studio};
use eframe::egui::{Key, Modifiers, Pos2, Role, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT as _, Queryable as _};

/// A source that no loader knows, so that nothing is read behind a test's back.
const SOURCE: &str = "test";

/// 300 samples for training and validation and 50 for the test, of the digits that the program writes itself.
pub fn dataset() -> Arc<Dataset> {
    let samples = |count, seed| {
        let (pixels, labels) = handwriting::generate(count, seed);
        Samples::images(pixels, labels)
    };
    let (shape, classes) = (Shape::image(28, 28, 1), numbered_classes(10));
    Arc::new(Dataset::images(SOURCE, shape, classes, samples(300, 1), samples(50, 2)))
}

pub fn project() -> Project {
    let mut project = presets::find("mlp").unwrap().unwrap();
    project.data.source = SOURCE.parse().unwrap();
    project.training.batch = 32;
    project.training.epochs = 3;
    project
}

pub fn open(project: Project) -> Harness<'static, Studio> {
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(60);
    let mut harness = builder.build_eframe(|cc| Studio::new(cc, Some(Document::new(project))));
    // The loader knows no such source, and says so; then the samples arrive all the same.
    step_until(&mut harness, "the loader gives up", |studio| !is_loading(studio));
    report(&mut harness, Report::DataLoaded { source: SOURCE.parse().unwrap(), result: Ok(dataset()) });
    harness
}

pub fn is_loading(studio: &Studio) -> bool {
    use backprop_studio::ui::state::session::DataState;
    matches!(studio.session().data, DataState::Loading { .. }) || studio.networks().built_in.is_none()
}

pub fn act(harness: &mut Harness<'_, Studio>, action: impl Into<Action>) {
    let ctx = harness.ctx.clone();
    harness.state_mut().act(&ctx, action);
    harness.run_ok();
}

/// Tells the studio what a task would.
pub fn report(harness: &mut Harness<'_, Studio>, report: Report) {
    let ctx = harness.ctx.clone();
    harness.state_mut().take(&ctx, report);
    harness.run_ok();
}

/// What the chosen network makes of the drawing that is shown, if it has been worked out.
fn prediction(studio: &Studio) -> Option<&DrawingOutput> {
    studio.derived().drawing.current().map(|answered| &answered.answer.prediction)
}

/// How long a condition may take to come true.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Draws frames until something has happened; what does not happen in all that time is a failure.
#[track_caller]
pub fn step_until(harness: &mut Harness<'_, Studio>, what: &str, is_done: impl Fn(&Studio) -> bool) {
    let started = Instant::now();
    while !is_done(harness.state()) {
        // A disk that is busy with something else lets what is written wait for minutes.
        if started.elapsed() > PATIENCE {
            let says: Vec<_> =
                harness.query_all_by_label_contains(". ").filter_map(|it| it.accesskit_node().label()).collect();
            panic!("waited {PATIENCE:?} until {what}; the window says {says:?}");
        }
        harness.step();
        std::thread::yield_now();
    }
    harness.run_ok();
}

pub fn has_ended(studio: &Studio) -> bool {
    matches!(studio.session().status, Status::Ended(_))
}

pub fn click(harness: &mut Harness<'_, Studio>, label: &str) {
    harness.get_by_label(label).click();
    harness.run_ok();
}

/// Takes a layer from the list that is open, as somebody does who knows its name.
pub fn pick(harness: &mut Harness<'_, Studio>, layer: &str) {
    harness.get_by_label("Search layers").type_text(layer);
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
}

/// Clicks an entry of a menu, whose name may stand on a card as well.
pub fn choose(harness: &mut Harness<'_, Studio>, label: &str) {
    harness.get_by_role_and_label(Role::Button, label).click();
    harness.run_ok();
}

pub fn layers(harness: &Harness<'_, Studio>) -> Vec<String> {
    harness.state().project().model.layers.iter().map(ToString::to_string).collect()
}

pub fn drag(harness: &mut Harness<'_, Studio>, path: &[Pos2]) {
    harness.drag_at(path[0]);
    harness.run_ok();
    for point in path {
        harness.hover_at(*point);
        harness.run_ok();
    }
    harness.drop_at(path[path.len() - 1]);
    harness.run_ok();
}

/// Opens a preset of points, its data in place.
fn open_points(preset: &str, source: &str) -> Harness<'static, Studio> {
    let mut project = presets::find(preset).unwrap().unwrap();
    project.data.source = SOURCE.parse().unwrap();
    project.training.epochs = 40;
    let mut harness = open(project);
    let points = Arc::new(Dataset::read(source).unwrap());
    report(&mut harness, Report::DataLoaded { source: SOURCE.parse().unwrap(), result: Ok(points) });
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    harness
}

#[test]
fn views_show_points_and_numbers_as_what_they_are() {
    let show = |harness: &mut Harness<'_, Studio>, view: &'static str| act(harness, Request::Show(view));
    let mut harness = open_points("regression-2d", "points:hills");
    harness.get_by_label("Finished. Test result");
    let marks = &harness.state().session().marks;
    assert!(marks.iter().any(|mark| mark.is_end() && mark.text.starts_with("finished, test R² 0.")), "{marks:?}");
    harness.get_by_label_contains("RMSE plot: validation 0.");
    harness.get_by_label("Predicted over true");
    show(&mut harness, "mistakes");
    harness.get_by_label("80 validation samples");
    show(&mut harness, "data");
    harness.get_by_label("Samples in the plane");
    harness.get_by_label("all: 320, 80, 100");

    let mut harness = open_points("xor", "points:xor");
    harness.get_by_label("Finished. Test accuracy");
    show(&mut harness, "mistakes");
    harness.get_by_label_contains("validation samples are misclassified");
}

#[test]
fn a_seven_is_drawn_and_read_and_taken_back_stroke_by_stroke() {
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    click(&mut harness, "Draw for it");
    assert_eq!(harness.state().playground().drawing.strokes.len(), 2, "the example");
    let paper = harness.get_by_label("Digit canvas").rect();
    let at = |x: f32, y: f32| paper.min + paper.size() * vec2(x, y);
    drag(&mut harness, &[at(0.25, 0.25), at(0.5, 0.24), at(0.75, 0.23), at(0.6, 0.5), at(0.45, 0.8)]);
    assert_eq!(harness.state().playground().drawing.strokes.len(), 1, "the example gives way");
    let has_answer = |studio: &Studio| matches!(prediction(studio), Some(DrawingOutput::Probabilities(_)));
    step_until(&mut harness, "the drawing is read", has_answer);
    let Some(DrawingOutput::Probabilities(shares)) = prediction(harness.state()) else { panic!("no answer") };
    assert_eq!(shares.len(), 10);
    assert!((shares.iter().sum::<f32>() - 1.0).abs() < 1e-4);
    let bars = harness.get_by_label_contains("Probabilities: ").accesskit_node().label().unwrap_or_default();
    assert!(!bars.contains("no answer"), "{bars}");
    harness.get_by_label("The network has to choose one of its 10 classes, whatever is drawn.");
    drag(&mut harness, &[at(0.4, 0.5), at(0.5, 0.5), at(0.65, 0.49)]);
    assert_eq!(harness.state().playground().drawing.strokes.len(), 2);
    click(&mut harness, "Undo stroke");
    click(&mut harness, "Undo stroke");
    step_until(&mut harness, "nothing is read", |studio| prediction(studio) == Some(&DrawingOutput::Empty));
}

#[test]
fn a_network_that_reads_no_square_grey_image_says_so() {
    let mut harness = open(project());
    let classes = vec!["left".to_owned(), "right".to_owned()];
    let train = Samples::images(vec![9; 72 * 40], (0..40u16).map(|i| i % 2));
    let colour = Dataset::images("colour", Shape::image(4, 6, 3), classes, train, Samples::default());
    report(&mut harness, Report::DataLoaded { source: SOURCE.parse().unwrap(), result: Ok(Arc::new(colour)) });
    click(&mut harness, "Change to Dense 2");
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    step_until(
        &mut harness,
        "it says so",
        |studio| matches!(prediction(studio), Some(DrawingOutput::Cannot(why)) if why.contains("4×6×3")),
    );
    harness.get_by_label("Finished. There are no test samples.");
}

#[test]
fn events_alone_draw_the_window() {
    let mut harness = open(project());
    let job = Arc::new(harness.state().project().job(dataset(), 1).unwrap());
    let weights = job.network.init_weights(1);
    let project = project();
    let before = project.training.learning_rate;
    harness.state_mut().session_mut().begin(Arc::clone(&job), &project);
    let mut absorb = |event| harness.state_mut().session_mut().absorb(event);
    let steps = (1..=9_u32).map(|step| {
        let sum = StepSum::Classes(LossSum { loss: 2.0 / f64::from(step), weight: 1.0, correct: 1, samples: 2 });
        StepStat::new(step.into(), 1, &StepProbe { sum, learning_rate: 0.001, norms: None })
    });
    absorb(Event::Steps(steps.collect()));
    let answers = ClassPredictions {
        confusion: ndarray::Array2::from_shape_fn((10, 10), |(truth, class)| u32::from(truth == 4 && class == 9)),
        predictions: vec![ClassPrediction { sample: 3, truth: 4, class: 9, confidence: 0.75 }],
        probabilities: (0..10).map(|class| if class == 9 { 0.75 } else { 0.25 / 9.0 }).collect(),
    };
    let validation = Arc::new(Evaluation { loss: 0.5, predictions: Predictions::Classes(answers) });
    absorb(Event::Epoch(EpochStat {
        epoch: 1,
        step: 9,
        figures: [(&LOSS, 1.0), (&ACCURACY, 0.5)].map(|(metric, value)| Figure { metric, value: Some(value) }).into(),
        validation: Some(validation),
        learning_rate: 0.001,
        seconds: 1.0,
        samples_per_s: 270.0,
    }));
    absorb(Event::Weights(Arc::new(Snapshot { step: 9, weights })));
    let change = LiveChange { learning_rate: 0.1, ..LiveChange::of(&job.training) };
    absorb(Event::Changed(Change { step: 9, change }));
    let place = Some(DivergedAt { layer: 2, name: "Dense".to_owned(), tensor: "kernel".to_owned() });
    absorb(Event::Done(Outcome::Diverged(Divergence { step: 10, place })));
    harness.run_ok();
    let texts: Vec<_> = harness.state().session().marks.iter().map(|mark| mark.text.clone()).collect();
    assert_eq!(texts, ["learning rate 0.1", "no longer a number"]);
    harness.get_by_label_contains("first in the kernel of layer 2 (Dense)");

    act(&mut harness, Request::ShowCell { truth: 4, predicted: 9 });
    harness.get_by_label("1 validation samples of 4 are classified as 9");
    click(&mut harness, "Show all mistakes");
    harness.get_by_label("1 of 1 validation samples are misclassified");

    click(&mut harness, "Reset with a third of the learning rate");
    let rate = harness.state().project().training.learning_rate;
    assert!((rate - before / 3.0).abs() < 0.05 * before, "{rate}");
    assert!(matches!(harness.state().session().status, Status::Idle));
}

#[test]
fn projects_and_drawings_are_opened_saved_and_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(project());
    let saved = folder.path().join("mine.json");
    harness.state_mut().project_mut().training.seed = 7;
    assert!(harness.state().is_edited());
    act(&mut harness, Request::SaveTo(saved.clone()));
    step_until(&mut harness, "the project is saved", |studio| !studio.is_edited());
    harness.get_by_label("Saved as mine.json.");

    act(&mut harness, Request::New("cnn-deep"));
    assert_eq!(harness.state().project().name, "cnn-deep");
    act(&mut harness, Request::Dropped(saved));
    step_until(&mut harness, "the project is open", |studio| studio.project().training.seed == 7);

    let drawing = folder.path().join("drawing.json");
    let ink = vec![vec![[0.2, 0.2], [0.8, 0.8]]];
    std::fs::write(&drawing, serde_json::to_string(&Drawing { strokes: ink.clone(), label: None }).unwrap()).unwrap();
    act(&mut harness, Request::Dropped(drawing));
    step_until(&mut harness, "the drawing is open", |studio| studio.playground().drawing.strokes == ink);

    let foreign = folder.path().join("notes.txt");
    std::fs::write(&foreign, "hello").unwrap();
    act(&mut harness, Request::Dropped(foreign));
    let is_told =
        |harness: &Harness<'_, Studio>| harness.query_by_label_contains("This window takes projects").is_some();
    let started = Instant::now();
    while !is_told(&harness) {
        assert!(started.elapsed() < PATIENCE, "nobody says what was wrong with the file");
        harness.step();
    }
}

#[test]
fn data_that_cannot_be_read_is_told_in_place() {
    let mut harness = open(project());
    let source = "idx:no/such/folder".to_owned();
    harness.state_mut().project_mut().data.source = source.parse().unwrap();
    step_until(&mut harness, "the loader gives up", |studio| {
        studio.session().source().to_string() == source && !is_loading(studio)
    });
    assert!(harness.get_by_label("Train").accesskit_node().is_disabled());
    harness.get_by_label("There is no data. Choose another source.");
    harness.get_by_role_and_label(Role::Tab, "Data").click();
    harness.run_ok();
    assert!(harness.query_all_by_label_contains("no such folder").next().is_some());
    assert_eq!(harness.query_all_by_label("Choose a folder…").count(), 2);
    assert_eq!(harness.query_all_by_label("Try again").count(), 2, "here and beside the choice of the data");
}

#[test]
fn every_view_and_the_help_have_names_for_all_their_inputs() {
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    for key in [Key::Num2, Key::Num3, Key::Num4, Key::Num1, Key::F6, Key::F7, Key::F6, Key::F7] {
        harness.key_press(key);
        // `run` also checks that every input has a name.
        harness.run();
    }
    harness.key_press(Key::Questionmark);
    harness.run();
    harness.get_by_label("Train to the end of the epoch");
    harness.key_press(Key::Escape);
    harness.run();
    assert!(harness.query_by_label("Train to the end of the epoch").is_none());
    click(&mut harness, "Light theme");
    harness.get_by_label("Dark theme");
    harness.key_press(Key::F11);
    harness.run();
    assert!(harness.query_by_label("Add layer").is_none());
}

#[test]
fn where_no_dialog_answers_a_path_is_typed() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(project());
    act(&mut harness, Request::TypePath(PathFor::SaveProject));
    harness.get_by_label("Save the project");
    assert_eq!(harness.get_by_label("Path").value().as_deref(), Some("mlp.json"));
    click(&mut harness, "Cancel");
    act(&mut harness, Request::TypePath(PathFor::SaveRun));
    assert_eq!(harness.get_by_label("Path").value().as_deref(), Some("runs"));
    click(&mut harness, "Cancel");
    act(&mut harness, Request::TypePath(PathFor::OpenDrawing));
    let path = folder.path().join("three.json");
    let ink = vec![vec![[0.1, 0.2], [0.5, 0.8]]];
    std::fs::write(&path, serde_json::to_string(&Drawing { strokes: ink.clone(), label: None }).unwrap()).unwrap();
    harness.get_by_label("Path").type_text(&path.to_string_lossy());
    harness.run_ok();
    click(&mut harness, "Use this path");
    step_until(&mut harness, "the drawing is open", |studio| studio.playground().drawing.strokes == ink);
}

#[test]
fn a_run_is_saved_and_opened_again_and_reads_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut harness = open(project());
    click(&mut harness, "Train");
    step_until(&mut harness, "the run ends", has_ended);
    act(&mut harness, Request::SaveRunIn(folder.path().to_owned()));
    let run = folder.path().join("mlp-1");
    step_until(&mut harness, "the run is saved", |_| run.join("metrics.jsonl").is_file());
    let mut other = open(presets::find("cnn-small").unwrap().unwrap());
    act(&mut other, Request::Dropped(run));
    step_until(&mut other, "the run is open", |studio| studio.project().name == "mlp");
    // Either may still owe the answer of its newest weights while the machine is busy.
    let started = Instant::now();
    while prediction(other.state()).is_none() || prediction(other.state()) != prediction(harness.state()) {
        assert!(started.elapsed() < PATIENCE, "the run reads otherwise than before");
        harness.step();
        other.step();
    }
    other.state_mut().project_mut().model.layers[1] = Dense::new(7, Function::Relu).into();
    other.run_ok();
    other.get_by_label("Of the previous network: mlp as the run was saved");
}

/// What eframe writes to the disk, kept in memory.
#[derive(Default)]
struct Memory(HashMap<String, String>);

impl eframe::Storage for Memory {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }

    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }

    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }

    fn flush(&mut self) {}
}

#[test]
fn the_window_opens_as_it_was_left() {
    let mut harness = open(project());
    harness.state_mut().project_mut().name = "half done".to_owned();
    click(&mut harness, "Light theme");
    harness.key_press(Key::Num3);
    harness.key_press(Key::F6);
    harness.run();
    let mut memory = Memory::default();
    eframe::App::save(harness.state_mut(), &mut memory);

    let again = |memory: Memory| {
        // A harness borrows for ever what its window was made from.
        let storage: &'static Memory = Box::leak(Box::new(memory));
        let mut harness = Harness::builder().with_size(vec2(1280.0, 800.0)).build_eframe(|cc| {
            cc.storage = Some(storage);
            Studio::new(cc, None)
        });
        harness.run_ok();
        harness
    };
    let harness = again(memory);
    assert_eq!(harness.state().project().name, "half done");
    assert!(harness.query_by_label("Dark theme").is_some() && harness.query_by_label("Augmentation").is_some());
    assert!(harness.query_by_label("Add layer").is_none());

    // An older version wrote the title of the tab.
    let mut older = Memory::default();
    eframe::Storage::set_string(&mut older, eframe::APP_KEY, "(theme: Light, room: \"Mistakes\")".to_owned());
    again(older).get_by_label_contains("After the first epoch this shows the validation samples");

    // A window of another version of the program is no reason not to start.
    let mut strange = Memory::default();
    eframe::Storage::set_string(&mut strange, eframe::APP_KEY, "(theme: Sepia, room: 7)".to_owned());
    assert_eq!(again(strange).state().project(), &Project::default());
}

/// Replaces what stands in a field.
pub fn type_into(harness: &mut Harness<'_, Studio>, field: &str, text: &str) {
    harness.get_by_label(field).focus();
    harness.run_ok();
    harness.key_press_modifiers(Modifiers::COMMAND, Key::A);
    harness.get_by_label(field).type_text(text);
    harness.run_ok();
    harness.key_press(Key::Enter);
    harness.run_ok();
}

#[test]
fn a_command_is_found_by_a_few_letters_and_what_is_impossible_says_why() {
    let mut harness = open(project());
    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_ok();
    harness.get_by_label("Search commands").type_text("thm");
    harness.run_ok();
    harness.get_by_label("Light or dark theme");
    harness.key_press(Key::Enter);
    harness.run_ok();
    harness.get_by_label("Dark theme");
    assert!(harness.query_by_label("Search commands").is_none());

    // The arrow keys choose among those that are found; a tab is one of them.
    harness.key_press_modifiers(Modifiers::COMMAND | Modifiers::SHIFT, Key::P);
    harness.run_ok();
    harness.get_by_label("Search commands").type_text("show ");
    harness.run_ok();
    for key in [Key::ArrowDown, Key::ArrowDown, Key::ArrowDown, Key::ArrowUp, Key::Enter] {
        harness.key_press(key);
        harness.run_ok();
    }
    harness.get_by_label("Augmentation");

    harness.key_press_modifiers(Modifiers::COMMAND, Key::K);
    harness.run_ok();
    harness.get_by_label("Search commands").type_text("save run");
    harness.run_ok();
    assert!(harness.get_by_role_and_label(Role::Button, "Save run…").accesskit_node().is_disabled());
    harness.key_press(Key::Enter);
    harness.run_ok();
    harness.key_press(Key::Escape);
    harness.run_ok();
    assert!(harness.query_by_label("Search commands").is_none());
    act(&mut harness, Command::SaveRun);
    harness.get_by_label("There is no run to save. Train first.");
}
