//! What the program bears, and what its care costs.
//!
//! - `cargo bench --bench endurance -- presses 50000` lets a seeded random user press, drag, type and resize over every view while networks
//!   train, and asks after each sitting whether undo leads back to the first project. With a folder behind the seed, runs and the working
//!   copy are kept in it, for somebody who kills the process.
//! - `-- soak 5000000` trains so many steps of a small network with the views open, and tells memory and speed along the way.
//! - `-- moments [PRESET]` trains a preset, or each, and looks at earlier moments in every view meanwhile: how long it takes until one is shown,
//!   and what the training loses.
//! - `-- checkpoints 7 [PRESET]` trains presets with and without a run folder in turn, so many pairs, and tells the median of the ratios of time.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use backprop_studio::data::Lookup;
use backprop_studio::project::run_log::epoch_line;
use backprop_studio::project::{Output, Project, presets};
use backprop_studio::runs::{Recorder, store};
use backprop_studio::train::{Event as TrainEvent, Job, Reports, Run, Start, default_threads};
use backprop_studio::ui::state::session::Status;
use backprop_studio::ui::{Command, Document, Request, Studio};
use eframe::egui::{self, Event, Key, Modifiers, PointerButton, Pos2, Vec2, pos2, vec2};
use egui_kittest::Harness;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{RngExt as _, SeedableRng as _};

/// Presses until the window is closed and opened anew, with another preset.
const SITTING: u64 = 250;

/// Networks that train for so long that every press meets a run, of every kind of result.
const PRESETS: &[&str] = &[
    "xor",
    "spiral",
    "cnn-small",
    "iris",
    "mlp",
    "autoencoder",
    "temperatures",
    "gan-points",
    "regression-2d",
    "lstm",
];

const VIEWS: [&str; 6] = ["learn", "draw", "data", "mistakes", "metrics", "runs"];

const KEYS: [Key; 26] = [
    Key::Space,
    Key::Escape,
    Key::Enter,
    Key::Tab,
    Key::Period,
    Key::Slash,
    Key::Num1,
    Key::Num2,
    Key::Num3,
    Key::Num4,
    Key::Num5,
    Key::Num6,
    Key::ArrowLeft,
    Key::ArrowRight,
    Key::ArrowUp,
    Key::ArrowDown,
    Key::Delete,
    Key::Backspace,
    Key::F6,
    Key::F7,
    Key::F11,
    Key::Questionmark,
    Key::Home,
    Key::End,
    Key::Z,
    Key::K,
];

const TEXTS: [&str; 10] = ["0", "1", "1e-3", "64", "-5", "999999999999", "relu", "", "é✓", "nan"];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let number = |at: usize, otherwise: u64| arguments.get(at).and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    match arguments.first().map(String::as_str) {
        Some("presses") => presses(number(1, 50_000), number(2, 1), arguments.get(3).map(PathBuf::from)),
        Some("checkpoints") => checkpoints(number(1, 7) as usize, arguments.get(2).map(String::as_str)),
        Some("soak") => soak(number(1, 5_000_000)),
        Some("moments") => moments(arguments.get(1).map(String::as_str)),
        // `cargo bench` runs everything; this takes long and is asked for by name.
        _ => println!(
            "say `-- presses N [SEED [FOLDER]]`, `-- soak STEPS`, `-- moments [PRESET]` or `-- checkpoints PAIRS [PRESET]`"
        ),
    }
}

fn swapped<A, B>(a: A, b: B) -> (B, A) {
    (b, a)
}

fn window(preset: &str, runs: &Path) -> Harness<'static, Studio> {
    let project = Project::find(preset).unwrap_or_else(|error| panic!("{preset}: {error}"));
    let (document, runs) = (Document::new(project), runs.to_owned());
    let builder = Harness::builder().with_size([1280.0, 800.0]).with_max_steps(60);
    builder.build_eframe(move |cc| {
        let copy = runs.parent().map(|folder| folder.join("working-copy.json"));
        Studio::new(cc, Some(document)).keeping_runs(Some(runs)).copying_to(&cc.egui_ctx, copy, false)
    })
}

fn presses(count: u64, seed: u64, folder: Option<PathBuf>) {
    let temporary = tempfile::tempdir().expect("a folder");
    let runs = folder.unwrap_or_else(|| temporary.path().to_owned()).join("runs");
    // What somebody saves under a relative name lands there.
    std::env::set_current_dir(temporary.path()).expect("the folder is there");
    let started = Instant::now();
    let (mut done, mut sitting) = (0, 0);
    while done < count {
        let preset = PRESETS[sitting as usize % PRESETS.len()];
        let mut user = User {
            random: Xoshiro256PlusPlus::seed_from_u64(seed * 1_000_003 + sitting),
            harness: window(preset, &runs),
        };
        user.harness.run_steps(3);
        let first = user.harness.state().project().clone();
        for _ in 0..SITTING.min(count - done) {
            user.press();
            done += 1;
        }
        user.leave(&first, preset, sitting);
        sitting += 1;
        println!("{done} presses in {sitting} sittings, {:.0} s, {}", started.elapsed().as_secs_f64(), memory());
    }
    let (kept, unread) = store::list(&runs).expect("the runs are there");
    let steps: u64 = kept.iter().filter_map(|run| run.info.as_ref()).map(|info| info.step).sum();
    println!("{} runs were kept, which took {steps} steps; {} cannot be read", kept.len(), unread.len());
}

/// Somebody who presses anything.
struct User {
    random: Xoshiro256PlusPlus,
    harness: Harness<'static, Studio>,
}

impl User {
    fn below(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    fn place(&mut self) -> Pos2 {
        let size = self.harness.ctx.content_rect().size();
        pos2(self.random.random::<f32>() * size.x, self.random.random::<f32>() * size.y)
    }

    fn press(&mut self) {
        match self.below(20) {
            0..=8 => {
                let at = self.place();
                self.click(at);
            }
            9..=11 => self.drag(),
            12 => {
                let (at, turn) = (self.place(), self.random.random::<f32>() * 400.0 - 200.0);
                self.harness.hover_at(at);
                self.harness.event(Event::MouseWheel {
                    unit: egui::MouseWheelUnit::Point,
                    delta: vec2(0.0, turn),
                    phase: egui::TouchPhase::Move,
                    modifiers: Modifiers::NONE,
                    source: egui::MouseWheelSource::Wheel,
                });
            }
            13 | 14 => {
                let key = KEYS[self.below(KEYS.len())];
                let with = [Modifiers::NONE, Modifiers::NONE, Modifiers::COMMAND, Modifiers::SHIFT][self.below(4)];
                self.harness.key_press_modifiers(with, key);
            }
            15 => {
                let text = TEXTS[self.below(TEXTS.len())];
                self.harness.event(Event::Text(text.to_owned()));
            }
            16 => {
                let sizes = [[1024.0, 700.0], [1280.0, 800.0], [1920.0, 1080.0], [640.0, 480.0], [853.0, 1200.0]];
                let [width, height] = sizes[self.below(sizes.len())];
                self.harness.set_size(Vec2::new(width, height));
            }
            17 => {
                let view = VIEWS[self.below(VIEWS.len())];
                self.act(Request::Show(view));
            }
            18 => {
                let command = Command::ALL[self.below(Command::ALL.len())];
                // File dialogs belong to the desktop.
                let asks = command.label().ends_with('…') && command != Command::New;
                if !asks && command != Command::Save && self.harness.state_mut().situation().permits(command).is_ok() {
                    let ctx = self.harness.ctx.clone();
                    self.harness.state_mut().act(&ctx, command);
                }
            }
            _ => {
                let step = self.below(5000) as u64;
                self.act(Request::LookAt(step));
            }
        }
        self.harness.step();
    }

    fn act(&mut self, request: Request) {
        let ctx = self.harness.ctx.clone();
        self.harness.state_mut().act(&ctx, request);
    }

    fn click(&mut self, at: Pos2) {
        self.harness.hover_at(at);
        let button = if self.below(10) == 0 { PointerButton::Secondary } else { PointerButton::Primary };
        for pressed in [true, false] {
            self.harness.event(Event::PointerButton { pos: at, button, pressed, modifiers: Modifiers::NONE });
        }
    }

    fn drag(&mut self) {
        let (from, to) = (self.place(), self.place());
        self.harness.drag_at(from);
        self.harness.step();
        self.harness.hover_at(to);
        self.harness.step();
        self.harness.drop_at(to);
    }

    /// Closes what is open, ends the run, and undoes everything.
    fn leave(mut self, first: &Project, preset: &str, sitting: u64) {
        self.harness.event(Event::PointerGone);
        for _ in 0..8 {
            self.harness.key_press(Key::Escape);
            self.harness.run_steps(2);
        }
        let ctx = self.harness.ctx.clone();
        let started = Instant::now();
        while matches!(self.harness.state().session().status, Status::Running | Status::Paused | Status::Stopping) {
            let state = self.harness.state_mut();
            if state.situation().permits(Command::Stop).is_ok() {
                state.act(&ctx, Command::Stop);
            }
            self.harness.step();
            assert!(started.elapsed().as_secs() < 120, "{preset}, sitting {sitting}: the run does not stop");
        }
        // A field that is still being typed into has its own undo.
        self.harness.run_steps(40);
        let mut undone = 0;
        while *self.harness.state().project() != *first {
            let state = self.harness.state_mut();
            let can = state.situation().permits(Command::Undo);
            assert!(
                can.is_ok(),
                "{preset}, sitting {sitting}: undo ends {undone} changes back, before the first project"
            );
            state.act(&ctx, Command::Undo);
            self.harness.run_steps(2);
            undone += 1;
            assert!(undone < 5000, "{preset}, sitting {sitting}: undo does not end");
        }
        let state = self.harness.state_mut();
        if state.situation().permits(Command::Reset).is_ok() {
            state.act(&ctx, Command::Reset);
        }
        self.harness.run_steps(3);
        assert!(self.harness.state().session().job.is_none(), "{preset}, sitting {sitting}: the run stays");
    }
}

fn soak(steps: u64) {
    let runs = tempfile::tempdir().expect("a folder");
    let mut harness = window("spiral", runs.path());
    while harness.state().session().dataset().is_none() {
        harness.step();
    }
    harness.state_mut().project_mut().training.epochs = usize::try_from(steps).unwrap_or(usize::MAX);
    harness.run_steps(3);
    let ctx = harness.ctx.clone();
    harness.state_mut().act(&ctx, Command::Train);
    let (mut told, mut since) = (0, Instant::now());
    let mut at = 0;
    while told < steps {
        // A view after the other, as somebody would who watches.
        harness.state_mut().act(&ctx, Request::Show(VIEWS[at / 200 % VIEWS.len()]));
        at += 1;
        harness.step();
        std::thread::sleep(Duration::from_millis(4));
        let session = harness.state().session();
        assert!(session.is_on(), "{:?}", session.status);
        if session.progress.step >= told + steps / 20 {
            let taken = session.progress.step - told;
            println!(
                "step {}, {:.0} steps/s, {}",
                session.progress.step,
                taken as f64 / since.elapsed().as_secs_f64(),
                memory()
            );
            (told, since) = (session.progress.step, Instant::now());
        }
    }
    let job = harness.state().session().job.clone();
    println!("{} parameters", job.map_or(0, |job| Arc::clone(&job).network.weights_len()));
}

/// Views that show a moment of a run.
const OF_A_MOMENT: [&str; 4] = ["learn", "draw", "mistakes", "metrics"];

/// Moments that are looked at in each view.
const LOOKS: u64 = 25;

/// How long it takes until a view shows another moment, while the network trains, and what the training loses by it.
fn moments(only: Option<&str>) {
    for preset in presets::all().map(|preset| preset.name).filter(|name| only.is_none_or(|only| only == *name)) {
        let runs = tempfile::tempdir().expect("a folder");
        let mut harness = window(preset, runs.path());
        let started = Instant::now();
        while harness.state().session().dataset().is_none() && started.elapsed().as_secs() < 60 {
            harness.step();
        }
        harness.state_mut().project_mut().training.epochs = 1_000_000;
        harness.run_steps(3);
        let ctx = harness.ctx.clone();
        if harness.state_mut().situation().permits(Command::Train).is_err() {
            println!("{preset}: its data are not there");
            continue;
        }
        harness.state_mut().act(&ctx, Command::Train);
        train_for(&mut harness, 4.0);
        let without = train_for(&mut harness, 2.0);
        let (begun, at) = (Instant::now(), harness.state().session().progress.step);
        let mut took = Vec::new();
        for view in OF_A_MOMENT {
            harness.state_mut().act(&ctx, Request::Show(view));
            harness.run_steps(3);
            for look in 0..LOOKS {
                let step = harness.state().session().progress.step * (7 * look % LOOKS) / LOOKS;
                harness.state_mut().act(&ctx, Request::LookAt(step));
                let asked = Instant::now();
                harness.run_steps(2);
                while !harness.state().derived().is_shown(&ctx) {
                    harness.step();
                }
                took.push(1000.0 * asked.elapsed().as_secs_f64());
                // Somebody drags over thirty moments a second.
                std::thread::sleep(Duration::from_millis(33).saturating_sub(asked.elapsed()));
            }
        }
        let steps = harness.state().session().progress.step - at;
        let with = steps as f64 / begun.elapsed().as_secs_f64();
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
        println!(
            "{preset}: a moment is shown after {:.0} ms, nine of ten within {:.0} ms, all within {:.0} ms; {:.2} of the training speed",
            at(0.5),
            at(0.9),
            at(1.0),
            with / without
        );
        let session = harness.state().session();
        assert!(session.is_on(), "{preset}: {:?}", session.status);
    }
}

/// Draws the window for some seconds of training; the steps that were taken in each.
fn train_for(harness: &mut Harness<'static, Studio>, seconds: f64) -> f64 {
    let (begun, at) = (Instant::now(), harness.state().session().progress.step);
    while begun.elapsed().as_secs_f64() < seconds {
        harness.step();
        std::thread::sleep(Duration::from_millis(8));
    }
    (harness.state().session().progress.step - at) as f64 / begun.elapsed().as_secs_f64()
}

/// Epochs that take a few seconds each way.
const TIMED: &[(&str, usize, usize)] =
    &[("mlp", 16_000, 60), ("cnn-small", 16_000, 25), ("lenet", 16_000, 10), ("lstm", 8_000, 10), ("spiral", 0, 4000)];

fn checkpoints(pairs: usize, only: Option<&str>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut all = Vec::new();
    for (preset, count, epochs) in TIMED.iter().filter(|timed| only.is_none_or(|only| timed.0 == only)) {
        let mut project = Project::find(preset).unwrap_or_else(|error| panic!("{preset}: {error}"));
        project.training.epochs = *epochs;
        if *count > 0 {
            project.set("data.source", &format!("digits?count={count}")).expect("a source");
        }
        let dataset = Arc::new(project.data.load(&Lookup::default()).expect("data"));
        let job = || Arc::new(project.job(Arc::clone(&dataset), default_threads()).expect("a job"));
        let mut work = Vec::new();
        let mut ratios: Vec<f64> = (0..pairs)
            .map(|pair| {
                let kept = || cost(&job(), &project, Some(folder.path()));
                let plain = || cost(&job(), &project, None);
                // Which comes first takes turns, since the machine may be slower at one time than at another.
                let (kept, plain) = if pair % 2 == 0 { (kept(), plain()) } else { swapped(plain(), kept()) };
                work.push(kept.1 / plain.1);
                kept.0 / plain.0
            })
            .collect();
        ratios.sort_by(f64::total_cmp);
        work.sort_by(f64::total_cmp);
        println!(
            "{preset}: with a run folder over without, time {:.4}, processor time {:.4} (medians of {ratios:.3?} and {work:.3?})",
            ratios[pairs / 2],
            work[pairs / 2]
        );
        all.extend(ratios);
    }
    all.sort_by(f64::total_cmp);
    println!("all: median {:.4} of {} pairs", all[all.len() / 2], all.len());
}

/// Seconds of a training, written into a run folder below this one as the program does or not at all, and those of all processors.
fn cost(job: &Arc<Job>, project: &Project, folder: Option<&Path>) -> (f64, f64) {
    let output = folder.map(|folder| Output::next(folder, "run").expect("a run folder"));
    let mut recorder = output.map(|output| Recorder::begin(output, project, job).expect("a run"));
    let reports = Reports { snapshots: false, checkpoints: recorder.is_some(), skips_test: true };
    let (started, worked) = (Instant::now(), processor_time());
    let run = Run::start(Arc::clone(job), Start::Running, reports, || {}).expect("a run");
    loop {
        match (run.event(), &mut recorder) {
            (TrainEvent::Epoch(epoch), Some(recorder)) => {
                recorder.tell(&epoch_line(&epoch, job.head())).expect("a line")
            }
            (TrainEvent::Checkpoint(checkpoint), Some(recorder)) => {
                recorder.keep(job, &checkpoint, started.elapsed().as_secs_f64()).expect("a checkpoint");
            }
            (TrainEvent::Done(_), _) => return (started.elapsed().as_secs_f64(), processor_time() - worked),
            _ => {}
        }
    }
}

/// What the process has used of all processors, in the system's own unit; 0 where it does not tell.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    fields.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum()
}

/// What the process holds in memory, where the system tells it.
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(String::new, |line| format!("{} in memory", line.trim()))
}
