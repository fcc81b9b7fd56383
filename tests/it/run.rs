//! A run on its thread: what it does when told, what it says, and how it ends.

use std::sync::Arc;
use std::time::Duration;

use backprop_nn::{OptimizerSpec, Weights};
use backprop_studio::train::{
    EpochStat, Evaluation, Event, LiveChange, Outcome, Reports, Run, RunCommand, Start, StepStat, Subset,
};

use crate::support::{follow, small_job};

const STEPS_PER_EPOCH: u64 = 9; // 540 training samples in batches of 64

fn start(settings: &[(&str, &str)], threads: usize, start: Start) -> Run {
    let settings = [&[("training.batch", "64"), ("training.epochs", "2")], settings].concat();
    Run::start(small_job("mlp", &settings, threads), start, Reports { snapshots: true, ..Reports::default() }, || {})
        .unwrap()
}

fn last_weights(events: &[Event]) -> &Weights {
    let weights = events.iter().rev().find_map(|event| match event {
        Event::Weights(snapshot) => Some(&snapshot.weights),
        _ => None,
    });
    weights.unwrap()
}

/// Waits until the run pauses, and gives the steps it took.
fn until_paused(run: &Run) -> Vec<StepStat> {
    let mut steps = Vec::new();
    loop {
        match run.event() {
            Event::Steps(more) => steps.extend(more),
            Event::Paused => return steps,
            Event::Done(outcome) => panic!("the run ended: {outcome:?}"),
            _ => {}
        }
    }
}

#[test]
fn the_curve_and_the_weights_are_the_same_to_the_bit_for_any_number_of_threads() {
    let network = [
        (
            "model",
            r#"[{"layer":"conv2d","filters":8,"kernel":3,"padding":"same"},{"layer":"batch_norm"},{"layer":"max_pool2d"},{"layer":"dropout"},{"layer":"flatten"},{"layer":"residual","layers":[{"layer":"batch_norm"},{"layer":"dropout"}]},{"layer":"dense","units":10,"activation":"linear"}]"#,
        ),
        ("data.augment.rotate", "10"),
        ("data.augment.elastic", "2"),
        ("data.augment.flip", "0.5"),
        ("data.augment.thickness", "0.5"),
        ("data.augment.erase", "0.5"),
        ("data.augment.noise", "0.1"),
        ("data.augment.mix_up", "0.4"),
    ];
    let runs = [1, 2, 5].map(|threads| follow(&start(&network, threads, Start::Running)));
    let [(steps, events, _), others @ ..] = &runs;
    assert_eq!(steps.len() as u64, 2 * STEPS_PER_EPOCH);
    for (other_steps, other_events, _) in others {
        assert_eq!(other_steps, steps);
        assert_eq!(last_weights(other_events), last_weights(events));
    }
}

#[test]
fn the_norm_of_a_gradient_is_the_same_to_the_bit_for_any_number_of_threads() {
    let settings = [
        ("training.regularization.clip_norm", "0.5"),
        ("training.regularization.l1", "0.00001"),
        ("training.regularization.max_norm", "2"),
        ("training.regularization.average", "0.9"),
        ("training.optimizer.rule", "adamw"),
    ];
    let runs = [1, 2, 5].map(|threads| follow(&start(&settings, threads, Start::Running)));
    for (steps, events, _) in &runs[1..] {
        assert_eq!(*steps, runs[0].0);
        assert_eq!(last_weights(events), last_weights(&runs[0].1));
    }
    let (unclipped, ..) = follow(&start(&settings[1..], 1, Start::Running));
    assert_ne!(unclipped, runs[0].0);
}

fn epochs(events: &[Event]) -> Vec<&EpochStat> {
    events.iter().filter_map(|event| if let Event::Epoch(stat) = event { Some(stat) } else { None }).collect()
}

#[test]
fn the_average_of_the_weights_is_what_is_evaluated_and_given_back() {
    let settings = [("training.regularization.average", "0.8")];
    let run = start(&settings, 2, Start::Running);
    let (steps, events, _) = follow(&run);
    let validation = run.job.evaluate(last_weights(&events), Subset::Validation);
    assert_eq!(epochs(&events)[1].validation.as_ref().unwrap().loss, validation.loss);
    let (plain_steps, plain_events, _) = follow(&start(&[], 2, Start::Running));
    assert_eq!(steps, plain_steps, "the average changes nothing about what learns");
    assert_ne!(last_weights(&events), last_weights(&plain_events));
}

#[test]
fn early_stopping_ends_a_run_and_gives_the_best_weights_back() {
    let settings = [
        ("training.epochs", "40"),
        ("training.learning_rate", "0.02"),
        ("training.early_stopping.patience", "2"),
        ("training.early_stopping.min_delta", "0.02"),
    ];
    let run = start(&settings, 2, Start::Running);
    let (_, events, outcome) = follow(&run);
    let best = events.iter().find_map(|event| if let Event::Best(best) = event { Some(best) } else { None }).unwrap();
    let losses: Vec<_> = epochs(&events).iter().map(|stat| stat.validation.as_ref().unwrap().loss).collect();
    let lowest = losses.iter().copied().fold(f32::INFINITY, f32::min);
    assert!(losses.len() < 40 && best.stopped_early, "{losses:?}");
    assert_eq!((best.validation_loss, losses[best.epoch as usize - 1]), (lowest, lowest));
    let Outcome::Finished(Some(test)) = outcome else { panic!("{outcome:?}") };
    let weights = last_weights(&events);
    assert_eq!(run.job.evaluate(weights, Subset::Validation).loss, lowest);
    assert_eq!(run.job.evaluate(weights, Subset::Test).loss, test.loss);
}

#[test]
fn a_run_that_is_stopped_gives_the_best_weights_back_too() {
    let settings = [("training.epochs", "1000"), ("training.early_stopping.patience", "100")];
    let mut run = start(&settings, 2, Start::Running);
    while !matches!(run.event(), Event::Epoch(_)) {}
    run.stop();
    let (_, events, outcome) = follow(&run);
    let best = events.iter().find_map(|event| if let Event::Best(best) = event { Some(best) } else { None }).unwrap();
    assert!(matches!(outcome, Outcome::Stopped) && !best.stopped_early, "{outcome:?}");
    assert_eq!(run.job.evaluate(last_weights(&events), Subset::Validation).loss, best.validation_loss);
}

#[test]
fn on_a_plateau_the_learning_rate_is_reduced() {
    let settings = [
        ("training.epochs", "12"),
        ("training.learning_rate", "0.02"),
        ("training.schedule", r#"{"kind":"plateau","patience":0,"factor":0.5}"#),
    ];
    let (_, events, _) = follow(&start(&settings, 2, Start::Running));
    let (mut rate, mut lowest) = (0.02, f32::INFINITY);
    for stat in epochs(&events) {
        assert_eq!(stat.learning_rate, rate, "epoch {}", stat.epoch);
        let loss = stat.validation.as_ref().unwrap().loss;
        if loss < lowest * (1.0 - 1e-4) {
            lowest = loss;
        } else {
            rate *= 0.5;
        }
    }
    assert!(rate < 0.02, "the loss never rose, and nothing was seen");
}

#[test]
fn a_batch_may_be_one_sample_or_all_of_them() {
    let of = |batch| follow(&start(&[("training.batch", batch), ("training.epochs", "1")], 2, Start::Running)).0;
    let (single, all) = (of("1"), of("540"));
    assert_eq!((single.len(), all.len()), (540, 1));
    assert!(single.iter().chain(&all).all(|stat| stat.loss().is_finite()));
}

#[test]
fn a_run_that_finishes_tells_every_step_every_epoch_and_the_test_result_last() {
    let (steps, events, outcome) = follow(&start(&[], 2, Start::Running));
    assert!(steps.iter().map(|stat| stat.step).eq(1..=2 * STEPS_PER_EPOCH));
    let epochs: Vec<_> =
        events.iter().filter_map(|event| if let Event::Epoch(stat) = event { Some(stat) } else { None }).collect();
    assert_eq!(epochs.iter().map(|stat| (stat.epoch, stat.step)).collect::<Vec<_>>(), [(1, 9), (2, 18)]);
    let validation = epochs[1].validation.as_ref().unwrap();
    assert_eq!(validation.len(), 60);
    assert_eq!(validation.classes().unwrap().confusion.sum(), 60);
    let Outcome::Finished(Some(test)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(test.len(), 200);
}

#[test]
fn without_validation_samples_all_are_trained_on() {
    let (steps, events, _) = follow(&start(&[("data.validation", "0")], 1, Start::Running));
    assert_eq!(steps.len(), 20);
    assert!(events.iter().all(|event| !matches!(event, Event::Epoch(stat) if stat.validation.is_some())));
}

#[test]
fn it_goes_batch_by_batch_and_epoch_by_epoch() {
    let run = start(&[], 2, Start::Paused);
    run.send(RunCommand::StepBatch);
    assert_eq!(until_paused(&run).len(), 1);
    run.send(RunCommand::StepEpoch);
    assert_eq!(until_paused(&run).last().map(|stat| stat.step), Some(STEPS_PER_EPOCH));
    run.send(RunCommand::Resume);
    let (_, _, outcome) = follow(&run);
    assert!(matches!(outcome, Outcome::Finished(_)));
}

#[test]
fn stepping_takes_the_same_way_as_running() {
    let (all, ..) = follow(&start(&[], 1, Start::Running));
    let run = start(&[], 1, Start::Paused);
    let stepped: Vec<_> = (0..4)
        .flat_map(|_| {
            run.send(RunCommand::StepBatch);
            until_paused(&run)
        })
        .collect();
    assert_eq!(stepped, all[..4]);
}

#[test]
fn dropping_a_run_ends_it_whether_it_runs_or_waits() {
    let settings = [("training.epochs", "1000")];
    let running = start(&settings, 2, Start::Running);
    assert!(matches!(running.event(), Event::Weights(_)));
    drop(running);
    drop(start(&settings, 2, Start::Paused));
}

#[test]
fn a_change_of_the_learning_rate_keeps_the_weights_and_is_told_with_its_step() {
    let run = start(&[], 1, Start::Paused);
    run.send(RunCommand::StepBatch);
    until_paused(&run);
    let change = LiveChange { learning_rate: 0.0, optimizer: OptimizerSpec::default() };
    run.send(RunCommand::Set(change.clone()));
    run.send(RunCommand::Resume);
    let (steps, events, _) = follow(&run);
    let told =
        events.iter().find_map(|event| if let Event::Changed(change) = event { Some(change) } else { None }).unwrap();
    assert_eq!((told.step, &told.change), (1, &change));
    // With a rate of zero, the second epoch sees the same losses in another order: nothing moves any more.
    let (first, last) = (last_weights(&events), &steps[steps.len() - 1]);
    assert!(last.loss().is_finite());
    let snapshots: Vec<_> = events
        .iter()
        .filter_map(|event| if let Event::Weights(snapshot) = event { Some(snapshot) } else { None })
        .collect();
    assert!(snapshots.iter().all(|snapshot| snapshot.weights == *first));
}

#[test]
fn a_loss_that_is_no_number_ends_the_run_and_names_a_layer() {
    let (_, _, outcome) = follow(&start(
        &[
            ("model.1.activation", "linear"),
            ("training.learning_rate", "10"),
            ("training.optimizer.rule", "sgd"),
            ("training.loss", "mean_squared_error"),
            ("training.epochs", "20"),
        ],
        2,
        Start::Running,
    ));
    let Outcome::Diverged(divergence) = outcome else { panic!("{outcome:?}") };
    assert!(divergence.step > 1, "{divergence}");
    assert!(divergence.to_string().contains("smaller learning rate"));
}

#[test]
fn a_window_that_does_not_look_misses_no_step() {
    // Paused and resumed often enough to fill the channel many times over before anything is read.
    let run = start(&[("training.epochs", "40"), ("training.batch", "16")], 1, Start::Paused);
    for _ in 0..50 {
        run.send(RunCommand::StepBatch);
    }
    run.send(RunCommand::Resume);
    let (steps, ..) = follow(&run);
    assert!(steps.iter().map(|stat| stat.step).eq(1..=40 * 34), "{} steps", steps.len());
}

#[test]
fn a_panic_in_the_worker_is_an_outcome_not_the_end_of_the_program() {
    let mut job = Arc::into_inner(small_job("mlp", &[], 1)).unwrap();
    job.split.train[0] = u32::MAX;
    let run = Run::start(Arc::new(job), Start::Running, Reports::default(), || {}).unwrap();
    let (_, _, outcome) = follow(&run);
    assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
}

#[test]
fn a_glance_evaluates_the_first_samples_and_all_where_there_is_time() {
    let job = small_job("mlp", &[], 1);
    let weights = job.initial_weights();
    let whole = job.evaluate(&weights, Subset::Validation);
    let (seen, is_whole) = job.glance(&weights, Subset::Validation, Duration::ZERO);
    assert!(!is_whole && !seen.is_empty() && seen.len() < whole.len(), "{} of {}", seen.len(), whole.len());
    let of = |evaluation: &Evaluation| evaluation.classes().unwrap().predictions.clone();
    assert_eq!(of(&seen), of(&whole)[..seen.len()]);
    let (all, is_whole) = job.glance(&weights, Subset::Validation, Duration::from_secs(60));
    assert!(is_whole && all == whole);
}
