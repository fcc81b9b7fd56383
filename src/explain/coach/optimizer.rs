//! Faults of the steps: too large, too small, or led by gradients that explode or vanish.

use super::{Case, Evidence, Experiment, counted, figure};
use backprop_nn::LayerSpec;

/// The usual length of an update as a share of the weights (Karpathy, makemore part 3: "about 1e-3").
const USUAL: f64 = 1e-3;

/// An update of a tenth of the weights and more overthrows what was learned: a hundred times the usual ratio. Healthy runs of
/// small networks begin with up to 0.08.
const LARGE: f64 = 0.1;

/// Updates of a hundredth, ten times the usual ratio, can make a loss rise that had fallen.
const RISING: f64 = 0.01;

/// A tenth of the usual ratio over a whole run: the weights hardly leave their initial values.
const SMALL: f64 = 1e-4;

/// A mean training loss of this many times the first loss is worse than chance. The first batch may be an easy one: of numbers
/// the loss of a few varies by more than a factor of two.
const WORSE: f64 = 3.0;

/// A training loss of this many times the lowest one so far has risen, beyond what batches differ in.
const RISEN: f64 = 2.0;

/// Below this many times the lowest loss it has come back.
const BACK: f64 = 1.5;

/// A loss above this share of where it began has not fallen.
const STUCK: f64 = 0.95;

/// A loss above this share of where it began, after the whole of the run so far, falls slowly.
const SLOW: f64 = 0.7;

/// A gradient of this many times its usual norm explodes (Pascanu et al. 2013 clip at a few times the mean norm).
const SPIKE: f64 = 30.0;

/// A share by which the loss is larger in an epoch with an exploding gradient than before it.
const JUMP: f64 = 1.2;

/// A rise by a smaller share than this of the loss that the run began with is noise near its end.
const NOTABLE: f64 = 0.05;

/// Three layers with a sigmoid, whose derivative is at most 0.25, or six with a tanh, which leaves more (Glorot and Bengio 2010).
const SATURATING: usize = 6;

/// Part of the run after which a loss that has not moved is stuck: a fifth.
const LATE: usize = 5;

/// Steps before which nothing is said of a loss that does not fall.
const STEPS: u64 = 20;

/// The gradient jumps to many times its norm, and the loss with it, in a run that went well before.
pub fn exploding_gradient(case: &Case<'_>) -> Option<Evidence> {
    let (history, training) = (case.history, &case.project.training);
    let is_clipped = training.regularization.clip_norm > 0.0 || training.regularization.clip_value > 0.0;
    // Behind a learning rate that is too high by itself, clipping would hide the fault.
    if is_clipped || training.learning_rate > *training.optimizer.usual_rates().end() {
        return None;
    }
    let start = history.start_loss()?;
    let went_well = |epochs: usize| {
        let mut before = history.epochs.iter().take(epochs);
        epochs > 0 && before.all(|epoch| epoch.loss.is_some_and(|loss| loss <= JUMP * start))
    };
    let sentence = |most: f64, usual: f64| {
        let times = figure(most / usual);
        format!("The gradient norm jumped to {}, {times} times its usual {}", figure(most), figure(usual))
    };
    if let Some(divergence) = case.divergence {
        let last = history.epochs.last().filter(|_| went_well(history.epochs.len()))?;
        let usual = history.gradient(history.epochs.len()).mean()?;
        let most = history.since.gradient.most().filter(|most| *most >= SPIKE * usual)?;
        let sentence = format!("{}, and the loss stopped being a number.", sentence(most, usual));
        let experiment = clipped(case, usual, Some(last.step))?;
        return Some(Evidence { step: divergence.step, epoch: last.epoch + 1, sentence, experiment });
    }
    let spike = |at: usize| {
        let (before, epoch) = (&history.epochs[at - 1], &history.epochs[at]);
        let usual = history.gradient(at).mean()?;
        let most = epoch.steps.gradient.most().filter(|most| *most >= SPIKE * usual)?;
        let (low, high) = (before.loss?, epoch.loss?);
        let jumps = high >= JUMP * low && high - low >= NOTABLE * start;
        (jumps && went_well(at)).then_some((at, most, usual))
    };
    let (at, most, usual) = (1..history.epochs.len()).find_map(spike)?;
    let (before, epoch) = (&history.epochs[at - 1], &history.epochs[at]);
    let sentence = format!(
        "{} in epoch {}, and the training loss rose from {} to {}.",
        sentence(most, usual),
        epoch.epoch,
        figure(before.loss?),
        figure(epoch.loss?)
    );
    case.at(epoch, sentence, clipped(case, usual, case.before(at)))
}

/// Gradients that are cut to twice their usual norm.
fn clipped(case: &Case<'_>, usual: f64, from: Option<u64>) -> Option<Experiment> {
    let norm = format!("{:.1e}", (2.0 * usual).clamp(0.01, 10.0)).parse::<f64>().ok()?;
    case.experiment(format!("Try clipping the gradient at a norm of {}", figure(norm)), from, |project| {
        project.set("training.regularization.clip_norm", &norm.to_string())
    })
}

/// The loss stops being a number, rises, or stays above chance, and the updates are large.
pub fn rate_too_high(case: &Case<'_>) -> Option<Evidence> {
    diverged(case).or_else(|| worse_than_chance(case)).or_else(|| stuck_after_a_leap(case)).or_else(|| risen(case))
}

fn diverged(case: &Case<'_>) -> Option<Evidence> {
    let divergence = case.divergence?;
    let (epochs, rate) = (&case.history.epochs, case.project.training.learning_rate);
    let most = case.history.ratio().most();
    let ratio = most.map_or_else(String::new, |most| {
        format!("; the largest update measured before was {} of the weights, and about 0.001 is usual", figure(most))
    });
    let sentence = format!("The loss stopped being a number at step {}{ratio}.", divergence.step);
    // The weights of the last epoch may have been on their way already.
    let experiment = case.with_rate(rate / 10.0, epochs.len().checked_sub(1).and_then(|last| case.before(last)))?;
    let epoch = epochs.last().map_or(1, |last| last.epoch + 1);
    Some(Evidence { step: divergence.step, epoch, sentence, experiment })
}

fn worse_than_chance(case: &Case<'_>) -> Option<Evidence> {
    let first = case.history.first_loss?;
    let epoch = case.history.epochs.iter().find(|epoch| {
        let is_worse = epoch.loss.is_some_and(|loss| loss >= WORSE * first);
        is_worse && epoch.steps.ratio.most().is_some_and(|most| most >= RISING)
    })?;
    let sentence = format!(
        "The training loss was {} in epoch {}, after {} at the first step; updates were up to {} of the weights, and about \
         0.001 is usual.",
        figure(epoch.loss?),
        epoch.epoch,
        figure(first),
        figure(epoch.steps.ratio.most()?)
    );
    case.at(epoch, sentence, case.with_rate(case.project.training.learning_rate / 10.0, None))
}

/// After too large a step the units of a network may stay off, and its loss where it is.
fn stuck_after_a_leap(case: &Case<'_>) -> Option<Evidence> {
    let (first, epochs) = (case.history.first_loss?, &case.history.epochs);
    let last = epochs.last().filter(|last| last.step >= STEPS && epochs.len() >= 2)?;
    let most = case.history.ratio().most().filter(|most| *most >= LARGE)?;
    let loss = last.loss.filter(|loss| *loss >= STUCK * first)?;
    let sentence = format!(
        "The training loss is {} after {}, and began at {}; updates were up to {} of the weights, and about 0.001 is usual.",
        figure(loss),
        counted(epochs.len(), "epoch"),
        figure(first),
        figure(most)
    );
    case.at(&epochs[0], sentence, case.with_rate(case.project.training.learning_rate / 10.0, None))
}

/// A loss that had fallen rises, and stays there.
fn risen(case: &Case<'_>) -> Option<Evidence> {
    let (history, first) = (case.history, case.history.start_loss()?);
    let mut lowest = f64::INFINITY;
    let mut before = None;
    for (at, epoch) in history.epochs.iter().enumerate() {
        let loss = epoch.loss?;
        let has_risen = loss >= RISEN * lowest && loss - lowest >= NOTABLE * first;
        if has_risen && epoch.steps.ratio.mean().is_some_and(|ratio| ratio >= RISING) {
            before = Some((at, lowest));
            break;
        }
        lowest = lowest.min(loss);
    }
    let (at, lowest) = before?;
    let (epoch, last) = (&history.epochs[at], history.epochs.last()?);
    if last.loss? < BACK * lowest {
        return None;
    }
    let sentence = format!(
        "The training loss rose from {} to {} in epoch {}, with updates of {} of the weights; about 0.001 is usual.",
        figure(lowest),
        figure(epoch.loss?),
        epoch.epoch,
        figure(epoch.steps.ratio.mean()?)
    );
    case.at(epoch, sentence, case.with_rate(case.project.training.learning_rate / 10.0, case.before(at)))
}

/// The loss stays where it began, behind layers whose gradients shrink it.
pub fn vanishing_gradient(case: &Case<'_>) -> Option<Evidence> {
    let (training, epochs) = (&case.project.training, &case.history.epochs);
    let last = epochs.last()?;
    // Deep networks may begin slowly and learn all the same.
    let is_late = epochs.len() >= 2 && last.step >= STEPS && epochs.len() * LATE >= training.epochs;
    let (start, early, loss) = (case.history.start_loss()?, epochs[0].loss?, last.loss?);
    let is_usual_rate = training.optimizer.usual_rates().contains(&training.learning_rate);
    let saturating = saturating(&case.project.model.layers);
    let shrinking: usize = saturating.iter().map(|layer| layer.shrinks).sum();
    if !is_late || !is_usual_rate || shrinking < SATURATING || loss < STUCK * start.min(early) {
        return None;
    }
    let norm = last.steps.gradient.mean().map(|norm| format!(" with a gradient norm of {}", figure(norm)));
    let sentence = format!(
        "The training loss is {} after {}{}, and was {} in the first: each of {} layers with a sigmoid or tanh shrinks the \
         gradient.",
        figure(loss),
        counted(epochs.len(), "epoch"),
        norm.unwrap_or_default(),
        figure(early),
        saturating.len()
    );
    let experiment = case.experiment("Try ReLU in the hidden layers", None, |project| {
        saturating.iter().try_for_each(|Saturating { at, key, .. }| project.set(&format!("model.{at}.{key}"), "relu"))
    });
    case.at(&epochs[0], sentence, experiment)
}

/// A layer whose activation saturates.
struct Saturating {
    /// Its position.
    at: usize,
    /// The setting that says so.
    key: &'static str,
    /// How much it shrinks the gradient: a sigmoid twice as much as a tanh, on a logarithmic scale.
    shrinks: usize,
}

/// Those before the last layer. Recurrent layers need theirs.
fn saturating(layers: &[LayerSpec]) -> Vec<Saturating> {
    let saturates = |(at, layer): (usize, &LayerSpec)| {
        let settings = serde_json::to_value(layer).ok()?;
        let is_recurrent = matches!(layer, LayerSpec::Rnn(_) | LayerSpec::Lstm(_) | LayerSpec::Gru(_));
        let of = |key: &'static str| match settings[key].as_str()? {
            "sigmoid" => Some(Saturating { at, key, shrinks: 2 }),
            "tanh" => Some(Saturating { at, key, shrinks: 1 }),
            _ => None,
        };
        ["activation", "function"].into_iter().find_map(of).filter(|_| !is_recurrent)
    };
    layers.iter().enumerate().take(layers.len().saturating_sub(1)).filter_map(saturates).collect()
}

/// The loss falls, but slowly, since the updates are far below what is usual.
pub fn rate_too_low(case: &Case<'_>) -> Option<Evidence> {
    let (training, epochs) = (&case.project.training, &case.history.epochs);
    let (start, last) = (case.history.start_loss()?, epochs.last()?);
    let loss = last.loss.filter(|loss| *loss >= SLOW * start && epochs.len() >= 2 && last.step >= STEPS)?;
    let (usual, rate) = (training.optimizer.usual_rates(), training.learning_rate);
    // A warm-up begins with less on purpose.
    let warm = epochs.iter().filter(|epoch| epoch.learning_rate >= 0.5 * f64::from(rate));
    let most = warm.filter_map(|epoch| epoch.steps.ratio.mean()).reduce(f64::max);
    let (why, factor) = match most {
        Some(ratio) if ratio < SMALL => {
            let factor = 10f64.powf((USUAL / ratio).log10().round()).clamp(10.0, 1000.0);
            (format!("updates were at most {} of the weights, and about 0.001 is usual", figure(ratio)), factor)
        }
        // A run that was read from its folder tells no ratios, but its learning rate may tell enough.
        None if case.history.ratio().mean().is_none() && rate * 10.0 < *usual.start() => {
            let (name, least) = (training.optimizer.about().label, f64::from(*usual.start()));
            (format!("{name} usually takes learning rates from {}", figure(least)), least / f64::from(rate))
        }
        _ => return None,
    };
    let better = (rate * factor as f32).min(*usual.end());
    let sentence = format!(
        "The training loss was {} in the first epoch and is only {} after {}; {why}.",
        figure(epochs[0].loss?),
        figure(loss),
        counted(epochs.len(), "epoch")
    );
    let experiment = case.with_rate(better, Some(last.step)).filter(|_| better > 2.0 * rate);
    case.at(&epochs[0], sentence, experiment)
}
