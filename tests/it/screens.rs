//! Pictures of the real program after real training, held against the ones in `screenshots/`, which the README shows.
//!
//! `UPDATE_SNAPSHOTS=force cargo test --release --test it screens` draws them anew. They need a Vulkan driver; Mesa's in
//! software is the reference. On a machine without one they are skipped, and say so.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use backprop_nn::layers::Residual;
use backprop_nn::{LayerSpec, Shape};
use backprop_studio::data::Dataset;
use backprop_studio::lesson::board::{LessonStanding, Score, Standing};
use backprop_studio::lesson::progress::now;
use backprop_studio::project::Project;
use backprop_studio::runs::RunState;
use backprop_studio::train::{Event, Job, LiveChange, Reports, Run, RunCommand, Start};
use backprop_studio::ui::commands::Action;
use backprop_studio::ui::commands::board::BoardAction;
use backprop_studio::ui::state::window_state::Theme;
use backprop_studio::ui::{self, Document, Request, Studio};
use eframe::egui::{Role, Vec2, vec2};
use egui_kittest::kittest::Queryable as _;
use egui_kittest::{Harness, SnapshotOptions};

use crate::studio::{PATIENCE, type_into};
use crate::support::project;

const SMALL: Vec2 = vec2(1280.0, 800.0);
const SMALLEST: Vec2 = vec2(1024.0, 700.0);
const LARGE: Vec2 = vec2(1920.0, 1080.0);

/// Another processor adds in another order, and the driver's next version may round an edge differently: one pixel in a
/// hundred may differ. A part that moved, vanished or changed its colour differs in more.
const SHARE_OF_PIXELS: f32 = 0.01;

/// The training of a GAN amplifies such rounding from step to step, until curves and samples differ: the share of a
/// screenshot that they take, for images and for points.
const SHARE_OF_IMAGES: f32 = 0.15;
const SHARE_OF_POINTS: f32 = 0.04;

fn digits() -> Arc<Dataset> {
    static DIGITS: OnceLock<Arc<Dataset>> = OnceLock::new();
    Arc::clone(DIGITS.get_or_init(|| Arc::new(Dataset::read("digits").unwrap())))
}

struct Screen {
    harness: Harness<'static, Studio>,
}

impl Screen {
    /// The studio with a project, as it stands when its data has arrived and the built-in digit classifier is unpacked.
    fn open(project: &Project, size: Vec2, theme: Theme) -> Self {
        let document = Document::new(project.clone());
        let builder = Harness::builder().with_size(size).with_max_steps(200);
        let mut harness = builder.build_eframe(move |cc| Studio::new(cc, Some(document)));
        harness.state_mut().window_mut().theme = theme;
        let started = Instant::now();
        while harness.state().session().dataset().is_none() || harness.state().networks().built_in.is_none() {
            assert!(started.elapsed() < PATIENCE, "the data did not arrive");
            harness.step();
            std::thread::yield_now();
        }
        Self { harness }
    }

    fn act(&mut self, action: impl Into<Action>) -> &mut Self {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().act(&ctx, action);
        self
    }

    /// Shows what a run has told.
    fn watch(&mut self, project: &Project, job: &Arc<Job>, events: &[Event]) -> &mut Self {
        let session = self.harness.state_mut().session_mut();
        session.begin(Arc::clone(job), project);
        events.iter().for_each(|event| session.absorb(event.clone()));
        // As the button Train does, let the network of the run read the drawing.
        self.harness.run_steps(2);
        if job.adversary.is_none() && job.dataset.shape.as_image().is_some() {
            self.harness.get_by_label("This network").click();
            self.harness.run_steps(2);
        }
        self
    }

    fn click(&mut self, label: &str) -> &mut Self {
        // What stands in a tab may have to be worked out first.
        let started = Instant::now();
        while self.harness.query_by_label(label).is_none() {
            assert!(started.elapsed() < PATIENCE, "there is no {label}");
            self.harness.step();
            std::thread::yield_now();
        }
        self.harness.get_by_label(label).click();
        self.harness.run_steps(2);
        self
    }

    /// Waits until something is to be read.
    fn wait_for(&mut self, text: &str) -> &mut Self {
        let started = Instant::now();
        while self.harness.query_by_label_contains(text).is_none() {
            assert!(started.elapsed() < PATIENCE, "there is no {text}");
            self.harness.step();
            std::thread::yield_now();
        }
        self
    }

    fn compare(&mut self, name: &str) {
        self.compare_but(SHARE_OF_PIXELS, name);
    }

    /// As [`Self::compare`], with this share of the pixels free to differ.
    fn compare_but(&mut self, share: f32, name: &str) {
        // A few more frames than one, since textures arrive with the first and animations end with the last.
        self.harness.run_steps(3);
        let started = Instant::now();
        while !self.harness.state().derived().is_settled(&self.harness.ctx) {
            assert!(started.elapsed() < PATIENCE, "something of {name} was not worked out");
            self.harness.step();
            std::thread::yield_now();
        }
        self.harness.run_steps(30);
        let picture = catch_unwind(AssertUnwindSafe(|| self.harness.render()));
        let Ok(Ok(picture)) = picture else {
            assert!(std::env::var_os("BACKPROP_STRICT").is_none(), "there is no Vulkan driver to draw {name} with");
            return eprintln!("skipped: {name} cannot be drawn without a Vulkan driver");
        };
        let allowed = (picture.width() * picture.height()) as f32 * share;
        let options = SnapshotOptions::new().output_path("screenshots").max_failed_pixels(allowed as usize);
        egui_kittest::try_image_snapshot_options(&picture, name, &options).unwrap_or_else(|error| panic!("{error}"));
    }
}

/// A real run, with the clock's figures replaced, since they are never twice the same. It begins with the first group
/// of commands, gets the next whenever it pauses, and is left where there is none; without any it runs to its end.
fn trained(project: &Project, groups: &[&[RunCommand]]) -> (Arc<Job>, Vec<Event>) {
    let dataset = match project.data.source.to_string().as_str() {
        "digits" => digits(),
        source => Arc::new(Dataset::read(source).unwrap()),
    };
    let dataset = match project.data.reconstruct {
        true => Arc::new(Dataset::clone(&dataset).of_itself().unwrap()),
        false => dataset,
    };
    let job = Arc::new(project.job(dataset, 2).unwrap());
    let start = if groups.is_empty() { Start::Running } else { Start::Paused };
    let run = Run::start(Arc::clone(&job), start, Reports { snapshots: true, ..Reports::default() }, || {}).unwrap();
    let send = |group: &[RunCommand]| group.iter().for_each(|command| run.send(command.clone()));
    let mut groups = groups.iter();
    groups.next().into_iter().for_each(|group| send(group));
    let mut events = Vec::new();
    loop {
        let mut event = run.event();
        if let Event::Epoch(stat) = &mut event {
            (stat.seconds, stat.samples_per_s) = (0.5, 100_000.0);
            let pace = stat.figures.iter_mut().find(|figure| figure.metric.key == "samples_per_s");
            pace.into_iter().for_each(|figure| figure.value = Some(100_000.0));
        }
        let is_paused = matches!(event, Event::Paused);
        let is_over = matches!(event, Event::Done(_));
        events.push(event);
        match (is_paused, is_over) {
            (true, _) => match groups.next() {
                Some(group) => send(group),
                None => return (job, events),
            },
            (_, true) => return (job, events),
            _ => {}
        }
    }
}

#[test]
fn the_first_look_in_both_themes() {
    let project = Project::default();
    Screen::open(&project, SMALL, Theme::Dark).compare("start-dark");
    Screen::open(&project, SMALL, Theme::Light).compare("start-light");
}

#[test]
fn a_run_that_has_ended() {
    let project = project("cnn-small", &[("training.epochs", "6")]);
    let (job, events) = trained(&project, &[]);
    Screen::open(&project, SMALL, Theme::Dark).watch(&project, &job, &events).compare("learn-dark");
    Screen::open(&project, LARGE, Theme::Light).watch(&project, &job, &events).compare("learn-light-large");
    Screen::open(&project, SMALL, Theme::Dark)
        .watch(&project, &job, &events)
        .act(Request::Show("draw"))
        .compare("draw-dark");
    Screen::open(&project, SMALL, Theme::Dark)
        .watch(&project, &job, &events)
        .act(Request::Show("inside"))
        .click("Activations")
        .compare("inside-dark");
    Screen::open(&project, LARGE, Theme::Light)
        .watch(&project, &job, &events)
        .act(Request::Show("metrics"))
        .compare("metrics-light-large");
    let mut screen = Screen::open(&project, LARGE, Theme::Dark);
    screen
        .watch(&project, &job, &events)
        .act(Request::ShowCell { truth: 4, predicted: 9 })
        .compare("mistakes-dark-large");
    let mut screen = Screen::open(&project, SMALL, Theme::Light);
    screen.watch(&project, &job, &events).act(Request::Show("mistakes"));
    screen.harness.run_steps(2);
    screen.harness.get_by_role_and_label(Role::Button, "Calibration").click();
    screen.compare("calibration-light");
}

#[test]
fn a_network_as_a_diagram() {
    let project = project("mlp", &[("data.source", "digits"), ("training.epochs", "4")]);
    let (job, events) = trained(&project, &[]);
    let mut screen = Screen::open(&project, SMALL, Theme::Dark);
    screen.watch(&project, &job, &events).act(Request::Show("inside")).compare("diagram-dark");
    let pane = |theme, name: &str| {
        let mut screen = Screen::open(&project, LARGE, theme);
        screen.watch(&project, &job, &events).act(Request::Show("inside")).click(name);
        screen
    };
    pane(Theme::Dark, "Layers").compare("layers-dark-large");
    pane(Theme::Light, "Landscape").compare("landscape-light-large");
    pane(Theme::Dark, "Hidden space").compare("hidden-space-dark-large");
}

#[test]
fn a_step_taken_apart() {
    let project = project("iris", &[("training.epochs", "3")]);
    let (job, events) = trained(&project, &[]);
    let mut screen = Screen::open(&project, LARGE, Theme::Light);
    screen.watch(&project, &job, &events).act(Request::Show("inside")).click("Neighbors");
    screen.harness.get_by_role_and_label(Role::Button, "Step").click();
    for _ in 0..3 {
        screen.click("One piece on");
    }
    screen.compare("step-light-large");
}

#[test]
fn a_run_whose_learning_rate_was_changed_stands_paused() {
    let project = project("cnn-small", &[("training.learning_rate", "0.01")]);
    let slower = LiveChange { learning_rate: 0.001, ..LiveChange::of(&project.training) };
    let groups: [&[RunCommand]; 2] = [&[RunCommand::StepEpoch], &[RunCommand::Set(slower), RunCommand::StepEpoch]];
    let (job, events) = trained(&project, &groups);
    let mut screen = Screen::open(&project, SMALL, Theme::Light);
    screen.watch(&project, &job, &events);
    screen.harness.state_mut().project_mut().training.learning_rate = 0.001;
    screen.compare("learn-light");
}

#[test]
fn the_data_with_augmentation() {
    let settings = [("data.augment.rotate", "15"), ("data.augment.shift", "2"), ("data.augment.thickness", "1")];
    let project = project("cnn-small", &settings);
    Screen::open(&project, SMALL, Theme::Dark).act(Request::Show("data")).compare("data-dark");
    Screen::open(&project, LARGE, Theme::Light).act(Request::Show("data")).compare("data-light-large");
}

#[test]
fn points_while_they_are_learnt_and_a_table() {
    let project_of = |preset| project(preset, &[("training.epochs", "40")]);
    let spiral = project_of("spiral");
    let epoch: &[RunCommand] = &[RunCommand::StepEpoch];
    let (job, events) = trained(&spiral, &[epoch; 14]);
    Screen::open(&spiral, SMALL, Theme::Dark).watch(&spiral, &job, &events).compare("spiral-dark");
    let mut screen = Screen::open(&spiral, SMALL, Theme::Light);
    screen.watch(&spiral, &job, &events).act(Request::Show("data"));
    screen.harness.run_steps(2);
    screen.harness.get_by_role_and_label(Role::Button, "Paint").click();
    screen.compare("paint-light");
    if std::env::var_os("BACKPROP_DATA").is_none() {
        return eprintln!("skipped: BACKPROP_DATA names no folder with data");
    }
    let fuel = project_of("fuel");
    let (job, events) = trained(&fuel, &[]);
    let mut screen = Screen::open(&fuel, LARGE, Theme::Light);
    screen.watch(&fuel, &job, &events).compare("table-light-large");
    screen.act(Request::Show("data")).compare("table-data-light-large");
    let airline = project("airline", &[]);
    let (job, events) = trained(&airline, &[]);
    Screen::open(&airline, SMALL, Theme::Dark).watch(&airline, &job, &events).compare("forecast-dark");
}

#[test]
fn digits_and_their_reconstructions() {
    let project = project("autoencoder", &[]);
    let epoch: &[RunCommand] = &[RunCommand::StepEpoch];
    let (job, events) = trained(&project, &[epoch; 6]);
    let mut screen = Screen::open(&project, SMALL, Theme::Dark);
    screen.watch(&project, &job, &events).compare("autoencoder-dark");
    let mut screen = Screen::open(&project, LARGE, Theme::Light);
    screen.watch(&project, &job, &events);
    screen.act(Request::Show("draw")).compare("autoencoder-draw-light-large");
}

#[test]
fn a_language_model_that_has_learned() {
    let project = project("tiny-gpt", &[("training.epochs", "8")]);
    let (job, events) = trained(&project, &[]);
    let mut screen = Screen::open(&project, SMALL, Theme::Dark);
    screen.watch(&project, &job, &events).act(Request::Show("draw")).compare("write-dark");
    Screen::open(&project, LARGE, Theme::Light).watch(&project, &job, &events).compare("write-learn-light-large");
}

#[test]
fn a_generator_while_it_learns() {
    let (project, points) = (project("gan-digits", &[]), project("gan-points", &[("training.epochs", "100")]));
    let epoch: &[RunCommand] = &[RunCommand::StepEpoch];
    let (job, events) = trained(&project, &[epoch; 12]);
    Screen::open(&project, SMALL, Theme::Dark)
        .watch(&project, &job, &events)
        .compare_but(SHARE_OF_IMAGES, "generator-dark");
    let project = points;
    let (job, events) = trained(&project, &[epoch; 40]);
    Screen::open(&project, LARGE, Theme::Light)
        .watch(&project, &job, &events)
        .compare_but(SHARE_OF_POINTS, "generator-light-large");
}

#[test]
fn a_stack_that_does_not_fit() {
    let mut project = project("cnn-deep", &[]);
    project.model.layers.retain(|layer| !matches!(layer, LayerSpec::Flatten(_)));
    Screen::open(&project, SMALL, Theme::Light).compare("misfit-light");
}

#[test]
fn a_block_within_the_stack() {
    let mut project = project("cnn-small", &[]);
    project.model.layers.insert(2, Residual::around(Shape::image(13, 13, 32)).into());
    Screen::open(&project, SMALL, Theme::Dark).compare("block-dark");
}

#[test]
fn lists_to_pick_from_and_a_number_that_is_refused() {
    let project = project("cnn-small", &[]);
    let mut screen = Screen::open(&project, SMALLEST, Theme::Dark);
    screen.harness.run_steps(2);
    screen.harness.get_by_label("Add layer").click();
    screen.compare("add-layer-dark");
    Screen::open(&project, LARGE, Theme::Light).act(ui::Command::New).compare("presets-light-large");
    let mut screen = Screen::open(&project, SMALL, Theme::Light);
    screen.harness.run_steps(2);
    type_into(&mut screen.harness, "Epochs value", "1/3");
    screen.compare("refused-light");
}

#[test]
fn a_class_on_its_board() {
    let folder = tempfile::tempdir().unwrap();
    let names = ["Ada", "Ben", "Chloé", "Dario", "Elif", "Fatima", "Gustav", "Hana", "Ivo", "Jürgen", "Kofi"];
    for (at, name) in names.into_iter().chain(["Lena", "Mei", "王芳"]).enumerate() {
        let value = 0.98 - 0.037 * ((at * 5) % 14) as f64;
        let score = |key: &str, value: f64, best| Some(Score { key: key.to_owned(), value, best });
        let (step, epoch) = (1 + at % 5, 4 + (at * 3) as u32 % 27);
        let lesson = LessonStanding {
            title: "Gradient descent and the learning rate".to_owned(),
            step,
            of_steps: 5,
            goals: step / 2,
            of_goals: 2,
        };
        let line = Standing {
            name: name.to_owned(),
            machine: format!("{at:016x}"),
            program: "0.1.0".to_owned(),
            // So long ago that it is told in the same words while the picture is drawn.
            written: now() - if at == 6 { 12 * 60_000 } else { 90_000 },
            project: "spiral".to_owned(),
            data: "spiral".to_owned(),
            lesson: Some(lesson),
            state: Some(match at {
                3 => RunState::Diverged,
                5 | 9 => RunState::Finished,
                _ => RunState::Running,
            }),
            epoch,
            of_epochs: 30,
            validation: score("validation_accuracy", value, Some((value + 0.02).min(1.0))),
            training: score("train_accuracy", value + 0.01, None),
            ..Standing::default()
        };
        line.write(folder.path()).unwrap();
    }
    std::fs::write(folder.path().join("Zoë.board.json"), "{\"version\": 2}").unwrap();
    let project = project("xor", &[]);
    let open = |size, theme| {
        let mut screen = Screen::open(&project, size, theme);
        screen.act(Request::Board(BoardAction::Watch(folder.path().to_owned()))).wait_for("14 of 14 with a");
        screen
    };
    open(SMALLEST, Theme::Dark).click("By value").compare("class-board-dark");
    open(LARGE, Theme::Light).compare("class-board-light-large");
}
