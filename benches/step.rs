//! One whole training step per workload (batch gathered, forward, backward, update), and the reading of one drawing.

use std::hint::black_box;
use std::sync::Arc;

use backprop_nn::Shape;
use backprop_nn::init::stream;
use backprop_studio::data::augment::{Layout, Scratch};
use backprop_studio::data::{Augment, Dataset, Samples, handwriting, numbered_classes};
use backprop_studio::project::{Project, presets};
use backprop_studio::train::learner::{Step, Trainer};
use backprop_studio::train::{Predictor, default_threads};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn digits() -> Arc<Dataset> {
    let (pixels, labels) = handwriting::generate(1024, 1);
    let train = Samples::images(pixels, labels);
    let shape = Shape::image(28, 28, 1);
    Arc::new(Dataset::images("digits", shape, numbered_classes(10), train, Samples::default()))
}

fn steps(criterion: &mut Criterion) {
    let dataset = digits();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(default_threads()).build().expect("threads");
    let mut group = criterion.benchmark_group("training step");
    for name in presets::image_readers() {
        let mut project = Project::find(name).expect("preset");
        project.data.validation = 0.0;
        let job = project.job(Arc::clone(&dataset), default_threads()).expect("job");
        let batch = &job.split.train[..job.training.batch];
        group.throughput(Throughput::Elements(batch.len() as u64));
        let mut trainer = Trainer::new(&job, job.initial_weights());
        group
            .bench_function(name, |bencher| bencher.iter(|| pool.install(|| trainer.step(batch, Step::new(1, 0.001)))));
    }
}

fn reading(criterion: &mut Criterion) {
    let dataset = digits();
    let mut group = criterion.benchmark_group("one drawing read");
    for name in presets::image_readers() {
        let job = Project::find(name).expect("preset").job(Arc::clone(&dataset), 1).expect("job");
        let (weights, mut reader) = (job.initial_weights(), Predictor::new(&job.network));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let pixels = black_box(dataset.train.pixels_of(0));
                black_box(reader.read(job.trained(&weights), pixels)[0])
            });
        });
    }
}

fn writing(criterion: &mut Criterion) {
    criterion.bench_function("1,000 digits written", |bencher| bencher.iter(|| handwriting::generate(1000, 1)));
}

fn augmenting(criterion: &mut Criterion) {
    let augment = Project::find("best-mnist").expect("preset").data.augment;
    let (pixels, _) = handwriting::generate(1, 1);
    let (layout, mut scratch) = (Layout { height: 28, width: 28, channels: 1 }, Scratch::default());
    let (mut out, mut rng) = (vec![0; pixels.len()], stream(1, 0));
    let mut group = criterion.benchmark_group("one image augmented");
    let alone = |change: fn(&mut Augment)| {
        let mut augment = Augment::default();
        change(&mut augment);
        augment
    };
    let settings = [
        ("as best-mnist does", augment),
        ("shifted and rotated", alone(|it| (it.shift, it.rotate) = (2.0, 10.0))),
        ("elastic", alone(|it| it.elastic = 1.0)),
        ("thickness", alone(|it| it.thickness = 1.0)),
    ];
    for (name, augment) in settings {
        group.bench_function(name, |bencher| {
            bencher.iter(|| augment.apply(black_box(&pixels), layout, &mut out, &mut scratch, &mut rng));
        });
    }
}

criterion_group!(benches, steps, reading, writing, augmenting);
criterion_main!(benches);
