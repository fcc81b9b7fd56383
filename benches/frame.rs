//! What the window costs: to open it, one frame while it trains, with a million steps of history behind the curves, and
//! what a training loses to the frames that show it. This is the window's own work: events taken in, panels laid out, shapes
//! traced, the drawing read again with new weights. Painting is the graphics driver's.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{fs, io};

use backprop_nn::Shape;
use backprop_nn::loss::LossSum;
use backprop_studio::data::{Dataset, Samples, handwriting, numbered_classes};
use backprop_studio::project::Project;
use backprop_studio::runs::{RunInfo, RunState};
use backprop_studio::train::metrics::{StepProbe, StepSum};
use backprop_studio::train::{Event, Job, Reports, Run, Snapshot, Start, StepStat, default_threads};
use backprop_studio::ui::{Command, Document, Report, Request, Studio};
use criterion::{Criterion, criterion_group, criterion_main};
use eframe::egui::{self, vec2};
use egui_kittest::Harness;
use egui_kittest::kittest::Queryable as _;

const HISTORY: u64 = 1_000_000;
const STEPS_PER_FRAME: u64 = 50;

fn digits(count: usize) -> Arc<Dataset> {
    let (pixels, labels) = handwriting::generate(count, 1);
    let samples = Samples::images(pixels, labels);
    Arc::new(Dataset::images("digits", Shape::image(28, 28, 1), numbered_classes(10), samples.clone(), samples))
}

fn steps(from: u64, count: u64) -> Event {
    let stat = |step: u64| {
        let noise = (step as f32 * 12.9898).sin().abs();
        let loss = 2.3 * (-(step as f32) / 200_000.0).exp() + 0.2 * noise;
        let correct = ((1.0 - loss / 3.0) * 100.0) as usize;
        let sum = LossSum { loss: f64::from(loss) * 100.0, weight: 100.0, correct, samples: 100 };
        let probe = StepProbe { sum: StepSum::Classes(sum), learning_rate: 0.001, norms: None };
        StepStat::new(step, (step / 1000 + 1) as u32, &probe)
    };
    Event::Steps((from..from + count).map(stat).collect())
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one frame while training");
    group.sample_size(50).measurement_time(Duration::from_secs(8));
    for (size, name) in [(vec2(1280.0, 800.0), "1280×800"), (vec2(1920.0, 1080.0), "1920×1080")] {
        for (preset, view) in [("mlp", "learn"), ("cnn-deep", "learn"), ("mlp", "draw"), ("mlp", "data")] {
            let project = Project::find(preset).expect("preset");
            let job: Job = project.job(digits(1000), 1).expect("job");
            let weights = job.initial_weights();
            let mut harness = window(&project, size);
            let ctx = harness.ctx.clone();
            let studio = harness.state_mut();
            studio.take(&ctx, Report::DataLoaded { source: project.data.source.clone(), result: Ok(digits(1000)) });
            studio.act(&ctx, Request::Show(view));
            studio.session_mut().begin(Arc::new(job), &project);
            studio.session_mut().absorb(steps(1, HISTORY));
            let mut step = HISTORY;
            group.bench_function(format!("{view}, {preset}, {name}"), |bencher| {
                bencher.iter(|| {
                    let session = harness.state_mut().session_mut();
                    session.absorb(steps(step + 1, STEPS_PER_FRAME));
                    step += STEPS_PER_FRAME;
                    let snapshot = Snapshot { step, weights: weights.clone() };
                    session.absorb(Event::Weights(Arc::new(snapshot)));
                    harness.step();
                });
            });
        }
    }
}

fn window(project: &Project, size: egui::Vec2) -> Harness<'static, Studio> {
    let document = Document::new(project.clone());
    Harness::builder().with_size(size).build_eframe(|cc| Studio::new(cc, Some(document)))
}

fn opening(criterion: &mut Criterion) {
    let project = Project::find("cnn-small").expect("preset");
    criterion.bench_function("opened, to the end of the first frame", |bencher| {
        bencher.iter(|| black_box(window(&project, vec2(1280.0, 800.0))));
    });
}

/// One frame laid out and painted, to an image: by the graphics card where there is one, else by the processor.
fn painting(criterion: &mut Criterion) {
    let project = Project::find("cnn-deep").expect("preset");
    let mut group = criterion.benchmark_group("one frame painted");
    group.sample_size(10);
    for (size, name) in [(vec2(1280.0, 800.0), "1280×800"), (vec2(1920.0, 1080.0), "1920×1080")] {
        let mut harness = window(&project, size);
        harness.run_steps(2);
        match harness.render() {
            Ok(_) => {
                _ = group.bench_function(name, |bencher| {
                    bencher.iter(|| (harness.step(), harness.render().map(|image| image.width())))
                })
            }
            Err(error) => println!("{name} cannot be painted here: {error}"),
        }
    }
}

/// How long a run takes that somebody watches, whose window draws a frame whenever the studio asks for one.
fn watched(project: &Project, dataset: &Arc<Dataset>) -> Duration {
    let mut harness = window(project, vec2(1280.0, 800.0));
    let (ctx, source) = (harness.ctx.clone(), project.data.source.clone());
    let (ask, asked) = crossbeam_channel::unbounded();
    ctx.set_request_repaint_callback(move |frame| _ = ask.send(Instant::now() + frame.delay));
    // The window reads the project's own data first, which must not happen beside the run.
    while harness.state_mut().session_mut().dataset().is_none() {
        harness.step();
    }
    let studio = harness.state_mut();
    studio.take(&ctx, Report::DataLoaded { source, result: Ok(Arc::clone(dataset)) });
    // What was asked for before this frame is settled by it; what follows is asked for anew.
    harness.step();
    let started = Instant::now();
    harness.state_mut().act(&ctx, Command::Train);
    while harness.state_mut().session_mut().is_on() {
        let mut due = asked.recv_timeout(Duration::from_secs(10)).expect("a studio that trains asks for frames");
        while let Ok(other) = asked.recv_deadline(due) {
            due = due.min(other);
        }
        harness.step();
    }
    started.elapsed()
}

/// The share of its speed that a training keeps in the window: the median of runs with nobody watching, each followed by
/// one that is watched, since the machine's own speed wanders.
fn training_behind_the_window(_: &mut Criterion) {
    for (preset, epochs) in [("mlp", 20), ("cnn-deep", 1)] {
        let mut project = Project::find(preset).expect("preset");
        project.training.epochs = epochs;
        let job = Arc::new(project.job(digits(50_000), default_threads()).expect("job"));
        let mut shares: Vec<f64> = (0..15)
            .map(|_| {
                let started = Instant::now();
                let run = Run::start(
                    Arc::clone(&job),
                    Start::Running,
                    Reports { snapshots: true, ..Reports::default() },
                    || {},
                )
                .expect("run");
                while !matches!(run.event(), Event::Done(_)) {}
                let alone = started.elapsed();
                alone.as_secs_f64() / watched(&project, &job.dataset).as_secs_f64()
            })
            .collect();
        shares.sort_by(f64::total_cmp);
        println!(
            "{preset} behind the window keeps {:.2} of its speed alone, {:.2} to {:.2} in half of the runs",
            shares[7], shares[3], shares[11]
        );
    }
}

/// Runs in a folder, each with as many epochs. They share the file of their curves, which the table does not read.
fn write_runs(base: &Path, count: usize, epochs: u64) -> io::Result<()> {
    let curve = base.join("curve");
    let line = |epoch: u64| {
        let loss = 2.0 / (1.0 + epoch as f64 * 0.01);
        let accuracy = 1.0 - loss / 3.0;
        let metrics = format!(r#""train_loss":{loss},"validation_loss":{loss},"validation_accuracy":{accuracy}"#);
        format!("{{\"event\":\"epoch\",\"epoch\":{epoch},\"step\":{},\"seconds\":0.1,{metrics}}}\n", epoch * 100)
    };
    fs::write(&curve, (1..=epochs).map(line).collect::<String>())?;
    let mut project = Project::find("wine").expect("preset");
    for number in 0..count {
        let folder = base.join(format!("wine-{number}"));
        fs::create_dir(&folder)?;
        project.training.learning_rate = 0.001 * (1 + number % 50) as f32;
        project.training.batch = 8 << (number % 4);
        fs::write(folder.join("project.json"), project.to_text().expect("text"))?;
        let mut info = RunInfo { version: 1, started: number as u64, epochs: epochs as u32, ..RunInfo::default() };
        info.state = RunState::Finished;
        info.results = BTreeMap::from([("validation_loss".to_owned(), 0.1), ("validation_accuracy".to_owned(), 0.9)]);
        fs::write(folder.join("run.json"), serde_json::to_string(&info)?)?;
        fs::hard_link(&curve, folder.join("metrics.jsonl"))?;
    }
    Ok(())
}

/// The tab with 10,000 runs: until it shows them, and a frame of it, with and without the curves of eight of them.
fn kept_runs(criterion: &mut Criterion) {
    const RUNS: usize = 10_000;
    let base = tempfile::tempdir().expect("folder");
    write_runs(base.path(), RUNS, 1000).expect("runs");
    let project = Project::find("xor").expect("preset");
    let runs = base.path().to_owned();
    let builder = Harness::builder().with_size(vec2(1280.0, 800.0)).with_max_steps(60);
    let document = Document::new(project);
    let mut harness = builder.build_eframe(move |cc| Studio::new(cc, Some(document)).keeping_runs(Some(runs)));
    let ctx = harness.ctx.clone();
    harness.step();
    let started = Instant::now();
    harness.state_mut().act(&ctx, Request::Show("runs"));
    let shown = format!("{RUNS} of {RUNS} in");
    while harness.query_all_by_label_contains(&shown).count() == 0 {
        harness.step();
        std::thread::sleep(Duration::from_millis(10));
    }
    harness.step();
    println!("{RUNS} runs of 1,000 epochs are shown after {:.2} s", started.elapsed().as_secs_f64());
    let mut group = criterion.benchmark_group("one frame of the runs");
    group.sample_size(50);
    group.bench_function("the table", |bencher| bencher.iter(|| harness.step()));
    for number in 1..=8 {
        harness.get_by_label_contains(&format!("run wine-{},", RUNS - number)).click();
        harness.step();
    }
    for _ in 0..200 {
        harness.step();
        std::thread::sleep(Duration::from_millis(5));
    }
    group.bench_function("with the curves of eight", |bencher| bencher.iter(|| harness.step()));
}

criterion_group!(benches, opening, painting, training_behind_the_window, kept_runs, frames);
criterion_main!(benches);
