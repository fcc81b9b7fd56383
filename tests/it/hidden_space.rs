//! Where samples lie in the space of a layer: t-SNE against scikit-learn, and in the window.

use backprop_nn::Inspection;
use backprop_studio::explain::tsne::{Affinities, ITERATIONS, Tsne, gradient};
use backprop_studio::ui::jobs::hidden_space::{Embedded, Embedding, EmbeddingQuery};
use backprop_studio::ui::state::trained_network::TrainedNetwork;
use backprop_studio::ui::widgets::numbers::significant;
use backprop_studio::ui::{Request, Studio};
use serde::Deserialize;

use crate::studio::{act, click, step_until, type_into};
use crate::support::project;
use crate::views::{open, train, wait_for};
use crate::why::{assert_whole, open_pane};

#[derive(Deserialize)]
struct Fixtures {
    digits: String,
    iris: Vec<f32>,
    few: usize,
    noise: Vec<f32>,
    affinities: Vec<f64>,
    near: Vec<f64>,
    points: Vec<f64>,
    gradient: Vec<f64>,
    embedded: Vec<Wanted>,
}

#[derive(Deserialize)]
struct Wanted {
    name: String,
    perplexity: f64,
    divergence: f64,
}

impl Fixtures {
    /// Written by `tests/fixtures/tsne.py`.
    fn read() -> Self {
        serde_json::from_str(include_str!("../fixtures/tsne.json")).unwrap()
    }

    fn digits(&self) -> Vec<f32> {
        self.digits.bytes().map(|letter| f32::from(letter - b'a')).collect()
    }

    fn few_digits(&self) -> Vec<f32> {
        self.digits()[..64 * self.few].to_vec()
    }
}

/// Above the diagonal, row by row.
fn upper(affinities: &Affinities, count: usize) -> Vec<f64> {
    let mut matrix = vec![0.0; count * count];
    for (one, other, affinity) in affinities.pairs() {
        matrix[one * count + other] += affinity;
    }
    (0..count).flat_map(|row| matrix[row * count + row + 1..(row + 1) * count].to_vec()).collect()
}

fn pairs(count: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..count * count).map(move |at| (at / count, at % count)).filter(|(one, other)| one != other)
}

/// How similar two points of the plane are in t-SNE.
fn closeness(one: [f64; 2], other: [f64; 2]) -> f64 {
    1.0 / (1.0 + (one[0] - other[0]).powi(2) + (one[1] - other[1]).powi(2))
}

/// Each number is the one that is wanted, to this share of the greatest.
#[track_caller]
fn assert_near(found: &[f64], wanted: &[f64], share: f64) {
    assert_eq!(found.len(), wanted.len());
    let greatest = wanted.iter().fold(0.0f64, |greatest, number| greatest.max(number.abs()));
    let furthest = found.iter().zip(wanted).map(|(found, wanted)| (found - wanted).abs()).fold(0.0, f64::max);
    assert!(furthest < share * greatest, "{furthest} of {greatest}");
}

#[test]
fn affinities_and_gradient_are_scikit_learns() {
    let fixtures = Fixtures::read();
    let (few, count) = (fixtures.few_digits(), fixtures.few);
    let affinities = Affinities::of(&few, 64, 10.0, count - 1).unwrap();
    assert_near(&upper(&affinities, count), &fixtures.affinities, 1e-5);
    let noisy: Vec<f32> = few.iter().zip(&fixtures.noise).map(|(pixel, noise)| pixel + noise).collect();
    let near = Affinities::of(&noisy, 64, 5.0, 16).unwrap();
    assert_near(&upper(&near, count), &fixtures.near, 1e-5);
    assert!(near.pairs().count() < affinities.pairs().count(), "the nearest alone");

    let points: Vec<[f64; 2]> = fixtures.points.as_chunks().0.to_vec();
    let flat = |gradient: Vec<[f64; 2]>| gradient.concat();
    let exact = flat(gradient(&affinities, &points, 0.0, 1.0));
    assert_near(&exact, &fixtures.gradient, 1e-5);
    // Also where some points are at the same place, and others nearly.
    let mut crowded = points.clone();
    (crowded[1], crowded[2]) = (points[0], points[0]);
    crowded[3] = points[0].map(|number| number + 1e-15);
    let all: f64 = pairs(count).map(|(one, other)| closeness(crowded[one], crowded[other])).sum();
    let mut wanted = vec![[0.0; 2]; count];
    let mut affinity = vec![0.0; count * count];
    affinities.pairs().for_each(|(one, other, it)| affinity[one * count + other] = it);
    for (one, other) in pairs(count) {
        let close = closeness(crowded[one], crowded[other]);
        for axis in 0..2 {
            let away = crowded[one][axis] - crowded[other][axis];
            wanted[one][axis] += 4.0 * (affinity[one * count + other] - close / all) * close * away;
        }
    }
    assert_near(&flat(gradient(&affinities, &crowded, 0.0, 1.0)), &wanted.concat(), 1e-9);
    // What is taken together changes little.
    let taken_together = flat(gradient(&affinities, &points, 0.5, 1.0));
    assert_near(&taken_together, &exact, 0.05);
    assert_ne!(taken_together, exact);
}

#[test]
fn the_divergence_at_the_end_is_scikit_learns_and_always_the_same() {
    let fixtures = Fixtures::read();
    for Wanted { name, perplexity, divergence } in &fixtures.embedded {
        let (values, width) = if name == "iris" { (fixtures.iris.clone(), 4) } else { (fixtures.digits(), 64) };
        let run = || {
            let mut tsne = Tsne::new(&values, width, *perplexity).unwrap();
            while !tsne.is_done() {
                tsne.advance();
            }
            tsne
        };
        let tsne = run();
        let found = tsne.divergence();
        assert!((found / divergence - 1.0).abs() < 0.05, "{name} at {perplexity}: {found} instead of {divergence}");
        assert_eq!((tsne.iterations(), tsne.perplexity()), (ITERATIONS, *perplexity));
        assert_eq!(tsne.points(), run().points());
    }
}

#[test]
fn few_samples_have_a_lower_perplexity_and_equal_ones_no_embedding() {
    let fixtures = Fixtures::read();
    let mut tsne = Tsne::new(&fixtures.iris[..4 * 20], 4, 30.0).unwrap();
    assert_eq!(tsne.perplexity(), 6.0);
    // The same sample twice does no harm.
    let repeated: Vec<f32> = [&fixtures.iris[..40], &fixtures.iris[..40], &fixtures.iris[200..280]].concat();
    let mut twice = Tsne::new(&repeated, 4, 5.0).unwrap();
    for _ in 0..300 {
        tsne.advance();
        twice.advance();
    }
    assert!(twice.points().iter().flatten().all(|number| number.is_finite()));
    assert!(twice.divergence().is_finite() && tsne.divergence() < 2.0);
    assert!(Tsne::new(&[1.0; 80], 4, 5.0).is_none());
    assert!(Tsne::new(&[f32::NAN; 80], 4, 5.0).is_none());
    assert!(Tsne::new(&fixtures.iris[..8], 4, 5.0).is_none());
}

/// What is shown, and what was asked for.
fn embedded(studio: &Studio) -> Option<(&EmbeddingQuery, &Embedded, &Embedding)> {
    let latest = studio.derived().embedding.current()?;
    let found = latest.answer.as_ref()?;
    Some((&latest.query, found, found.embedding.as_ref()?))
}

#[test]
fn t_sne_moves_the_validation_samples_until_they_stay() {
    let mut harness = open(project("mlp", &[("data.source", "digits?count=600"), ("training.epochs", "8")]));
    train(&mut harness);
    act(&mut harness, Request::Show("inside"));
    wait_for(&mut harness, "Hidden space");
    open_pane(&mut harness, "Hidden space", "validation samples");
    open_pane(&mut harness, "t-SNE", "KL divergence");
    assert_whole(&mut harness);
    step_until(&mut harness, "the samples stay", |studio| embedded(studio).is_some_and(|(.., it)| it.is_done));
    let (query, found, embedding) = embedded(harness.state()).unwrap();
    let job = harness.state().session().job.as_ref().unwrap();
    assert_eq!((&found.space.samples, found.space.of), (&job.split.validation, job.split.validation.len()));

    // The same as without a window: what the layer gives for these samples, embedded to the end.
    let (trained, place) = (query.of.network.trained(), found.space.at);
    let mut inspection = Inspection::new(&query.of.model, trained.network.input(), 10).unwrap();
    let mut numbers = vec![0.0; found.space.samples.len() * 784];
    query.of.dataset.train.gather(trained.scaling, &found.space.samples, &mut numbers);
    inspection.forward(trained.weights, &numbers);
    let mut tsne = Tsne::new(inspection.values(place), found.space.places[place].shape.len(), 30.0).unwrap();
    while !tsne.is_done() {
        tsne.advance();
    }
    for (found, wanted) in embedding.points.iter().zip(tsne.points()) {
        assert!((0..2).all(|axis| (found[axis] - wanted[axis]).abs() < 1e-3), "{found:?} {wanted:?}");
    }
    let [divergence, perplexity] = [embedding.divergence, embedding.perplexity].map(significant);
    let text = format!("iteration 1,000 of 1,000, KL divergence {divergence} at perplexity {perplexity}");
    wait_for(&mut harness, &text);

    type_into(&mut harness, "Perplexity value", "5");
    step_until(&mut harness, "the samples stay again", |studio| {
        embedded(studio).is_some_and(|(query, _, it)| query.perplexity == 5 && it.is_done)
    });
    assert_eq!(embedded(harness.state()).unwrap().2.perplexity, 5.0);
    wait_for(&mut harness, "at perplexity 5");
    // An earlier moment has an embedding of its own.
    act(&mut harness, Request::LookAt(1));
    step_until(&mut harness, "the samples of the first step stay", |studio| {
        embedded(studio).is_some_and(|(query, _, it)| {
            it.is_done && matches!(&query.of.network, TrainedNetwork::Run(_, snapshot) if snapshot.step == 1)
        })
    });
    click(&mut harness, "PCA");
    wait_for(&mut harness, "seen from where they differ most");
}
