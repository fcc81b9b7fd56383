//! What one frame of the studio costs while it trains, with a million steps of history behind the curves. This is the
//! window's own work: events taken in, panels laid out, shapes traced, the drawing read again with new weights.

use std::sync::Arc;
use std::time::Duration;

use backprop_studio::data::{Dataset, Samples, handwriting};
use backprop_studio::nn::Shape;
use backprop_studio::project::Project;
use backprop_studio::train::{Event, Job, Snapshot, StepStat};
use backprop_studio::ui::{Action, Document, Studio};
use criterion::{Criterion, criterion_group, criterion_main};
use eframe::egui::vec2;
use egui_kittest::Harness;

const HISTORY: u64 = 1_000_000;
const STEPS_PER_FRAME: u64 = 50;

fn digits() -> Arc<Dataset> {
    let (pixels, labels) = handwriting::generate(1000, 1);
    let samples = Samples { pixels, labels };
    Arc::new(Dataset {
        name: "digits".to_owned(),
        shape: Shape::image(28, 28, 1),
        classes: (0..10).map(|class| class.to_string()).collect(),
        train: samples.clone(),
        test: samples,
    })
}

fn steps(from: u64, count: u64) -> Event {
    let stat = |step: u64| {
        let noise = (step as f32 * 12.9898).sin().abs();
        let loss = 2.3 * (-(step as f32) / 200_000.0).exp() + 0.2 * noise;
        StepStat { step, epoch: (step / 1000 + 1) as u32, loss, accuracy: 1.0 - loss / 3.0 }
    };
    Event::Steps((from..from + count).map(stat).collect())
}

fn frames(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one frame while training");
    group.sample_size(50).measurement_time(Duration::from_secs(8));
    for (size, name) in [(vec2(1280.0, 800.0), "1280×800"), (vec2(1920.0, 1080.0), "1920×1080")] {
        for (preset, room) in [("mlp", "Learn"), ("cnn-deep", "Learn"), ("mlp", "Draw"), ("mlp", "Data")] {
            let project = Project::find(preset).expect("preset");
            let job: Job = project.job(digits(), 1).expect("job");
            let weights = job.initial_weights();
            let mut harness = Harness::builder()
                .with_size(size)
                .build_eframe(|cc| Studio::new(cc, Some(Document::new(project.clone()))));
            let ctx = harness.ctx.clone();
            let studio = harness.state_mut();
            studio.apply(&ctx, Action::DataLoaded { source: project.data.source.clone(), result: Ok(digits()) });
            studio.apply(&ctx, Action::Show(room));
            studio.session_mut().begin(Arc::new(job), &project);
            studio.session_mut().absorb(steps(1, HISTORY));
            let mut step = HISTORY;
            group.bench_function(format!("{room}, {preset}, {name}"), |bencher| {
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

criterion_group!(benches, frames);
criterion_main!(benches);
