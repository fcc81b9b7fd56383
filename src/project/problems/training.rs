//! Settings that are out of their range, or that contradict the data or one another.

use super::layers::normalizes;
use super::{Case, Problem, Side};
use crate::data::Dataset;
use crate::project::{Project, VERSION};
use crate::train::Head;
use crate::train::heads::Results;
use backprop_nn::layers::MAX_DEPTH;
use backprop_nn::loss::ClassWeights;
use backprop_nn::schedule::ScheduleSpec;
use backprop_nn::trace::Trace;
use backprop_nn::{LayerSpec, LossSpec, OptimizerSpec, Training};

/// What can be told without data.
pub fn of_project(project: &Project) -> Vec<Problem> {
    let mut problems = Vec::new();
    if project.name.trim().is_empty() {
        problems.push(Problem::error("name", "is empty; give the project a name"));
    }
    if project.version != VERSION {
        let what = format!("is {}; this program writes {VERSION}", project.version);
        problems.push(Problem::error("version", what));
    }
    for (place, settings) in project.settings() {
        problems.extend(settings.out_of_range().map(|error| Problem::error(place, error.to_string())));
    }
    for side in Side::BOTH {
        let layers = project.layers(side).map(Vec::as_slice).unwrap_or_default();
        let too_deep = layers.iter().position(is_too_deep);
        problems.extend(too_deep.map(|index| {
            let what = format!("holds blocks in one another more than {MAX_DEPTH} deep; take some of them out");
            Problem::error(format!("{}.{index}", side.place()), what)
        }));
    }
    // A number out of its range is there already.
    let weights = project.training.loss.class_weights().and_then(ClassWeights::problem);
    problems.extend(weights.map(|what| Problem::error("training.loss", what)));
    problems
}

fn is_too_deep(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::Residual(block) if block.is_too_deep())
}

/// Checks the settings of the training.
pub fn check(case: &Case<'_>) -> Vec<Problem> {
    let checks = [batch, learning_rate, loss, numbers_for_classes, early_stopping, schedule, average, teacher];
    checks.iter().filter_map(|check| check(case)).collect()
}

fn batch(case: &Case<'_>) -> Option<Problem> {
    let (batch, samples) = (case.project.training.batch, case.split.train.len());
    (samples > 0 && batch > samples).then(|| {
        let what =
            format!("the batch of {batch} is larger than the {samples} training samples; every step sees them all");
        Problem::warning("training.batch", what)
            .set(format!("Set the batch size to {samples}"), &[("training.batch", &samples.to_string())])
    })
}

/// Batch normalization follows the weights that learn, and their average gives other activations: until the learning rate has
/// fallen, the averaged network is wrong by as much. The remedy of Izmailov et al. 2018, to count the statistics anew, would take
/// another pass over the samples in each epoch.
fn average(case: &Case<'_>) -> Option<Problem> {
    let average = case.project.training.regularization.average;
    let stacks = Side::BOTH.into_iter().filter_map(|side| case.project.layers(side));
    let normalizes = stacks.flatten().any(normalizes);
    (average > 0.0 && normalizes).then(|| {
        let what = "the average of the weights has the moving statistics of batch normalization of other weights, and \
                    predicts badly for the first half of a run";
        Problem::warning("training.regularization.average", what)
            .set("Do not average", &[("training.regularization.average", "0")])
    })
}

/// A teacher that cannot be read, or that does not know these samples and classes.
fn teacher(case: &Case<'_>) -> Option<Problem> {
    let Case { project, dataset, split, .. } = case;
    let teacher = project.teacher.as_ref()?;
    let what = teacher.open(dataset, &dataset.learn_scaling(&split.train), &project.training.loss).err()?;
    Some(Problem::error("teacher", what).set("Learn without a teacher", &[("teacher", "null")]))
}

/// So many times beyond the usual learning rates of an optimizer, a run learns little or diverges.
const FAR: f32 = 3.0;

fn learning_rate(case: &Case<'_>) -> Option<Problem> {
    let Training { learning_rate, optimizer, .. } = &case.project.training;
    let usual = optimizer.usual_rates();
    let (low, high) = (*usual.start(), *usual.end());
    let is_far = *learning_rate <= low / FAR || *learning_rate >= high * FAR && !is_tame(case);
    is_far.then(|| {
        let name = optimizer.about().label;
        let side = if *learning_rate < low { "below" } else { "above" };
        let what = format!("{learning_rate} is far {side} what {name} takes, {low} to {high}");
        // The middle on a scale of powers of ten.
        let middle = format!("{:.0e}", (low * high).sqrt()).parse::<f32>().unwrap_or(low).to_string();
        Problem::warning("training.learning_rate", what)
            .set(format!("Set the learning rate to {middle}"), &[("training.learning_rate", &middle)])
    })
}

fn loss(case: &Case<'_>) -> Option<Problem> {
    // A discriminator stands in for the loss of a generator.
    case.head.is_evaluated().then_some(())?;
    of_loss(&case.project.training.loss, case.head, case.dataset, case.dataset.task.outputs())
}

/// Whether no learning rate is too high: the network has no hidden layer, so that its loss has one valley, and no step grows with the
/// error, since the gradient is bounded or the optimizer divides by its size. Measured on iris, gaussians, houses and plane with
/// SGD, momentum, Adam, Adagrad and Lion: all of these still reach the lowest loss at the rate 10, while SGD and momentum diverge at 1
/// to 3 where the targets are numbers.
fn is_tame(case: &Case<'_>) -> bool {
    let Training { loss, optimizer, .. } = &case.project.training;
    let layers = &case.project.model.layers;
    let trace = Trace::of(layers, case.dataset.shape);
    let mut trained = layers.iter().zip(&trace.plans).filter(|(_, plan)| plan.params > 0).map(|(layer, _)| layer);
    let is_linear = matches!((trained.next(), trained.next()), (Some(LayerSpec::Dense(_)), None));
    let is_divided =
        !matches!(optimizer, OptimizerSpec::Sgd(_) | OptimizerSpec::Momentum(_) | OptimizerSpec::Nesterov(_));
    is_linear && case.project.adversary.is_none() && (is_divided || is_for_classes(loss))
}

/// Whether a loss is made for classes.
fn is_for_classes(loss: &LossSpec) -> bool {
    !loss.takes_numbers() || loss.takes_only_shares()
}

/// A loss for numbers takes a class for 1 and the others for 0, and has hardly a gradient where the network is sure and wrong.
fn numbers_for_classes(case: &Case<'_>) -> Option<Problem> {
    let loss = &case.project.training.loss;
    if case.head.results() != Results::Classes || is_for_classes(loss) {
        return None;
    }
    let name = loss.about().label.to_lowercase();
    let what = format!(
        "{name} is for numbers: it takes the class for 1 and the others for 0, and learns classes slower or not at all; \
         softmax cross-entropy is made for classes"
    );
    let problem = Problem::warning("training.loss", what);
    Some(problem.set("Take softmax cross-entropy", &[("training.loss.kind", "softmax_cross_entropy")]))
}

/// Why this loss cannot compare so many outputs with the targets of the data.
pub fn of_loss(loss: &LossSpec, head: &dyn Head, dataset: &Dataset, outputs: usize) -> Option<Problem> {
    refused(loss, head, dataset).or_else(|| class_weights(loss, outputs))
}

fn refused(loss: &LossSpec, head: &dyn Head, dataset: &Dataset) -> Option<Problem> {
    let inputs = &dataset.train.inputs;
    let why = head.refuses(loss, inputs)?;
    let all = LossSpec::all();
    let fits: Vec<_> = all.iter().filter(|loss| head.refuses(loss, inputs).is_none()).collect();
    let names: Vec<_> = fits.iter().map(|loss| loss.about().label.to_lowercase()).collect();
    let targets = if head.results() == Results::Text { "tokens" } else { "numbers" };
    let what = format!(
        "{} {why}, and the targets of {} are {targets}; choose {}",
        loss.about().label.to_lowercase(),
        dataset.name,
        names.join(" or ")
    );
    let problem = Problem::error("training.loss", what);
    Some(match fits.first().map(|loss| loss.about()) {
        Some(about) => {
            problem.set(format!("Take {}", about.label.to_lowercase()), &[("training.loss.kind", about.key)])
        }
        None => problem,
    })
}

fn class_weights(loss: &LossSpec, classes: usize) -> Option<Problem> {
    let Some(ClassWeights::Listed(list)) = loss.class_weights() else { return None };
    (list.len() != classes).then(|| {
        let what = format!(
            "the list of class weights has {} numbers, and there are {classes} classes; give one for each",
            list.len()
        );
        Problem::error("training.loss.class_weights", what)
            .set("Balance the class weights", &[("training.loss.class_weights", "balanced")])
    })
}

fn early_stopping(case: &Case<'_>) -> Option<Problem> {
    let Training { early_stopping, epochs, .. } = &case.project.training;
    if early_stopping.is_off() {
        return None;
    }
    let off = ("training.early_stopping.patience", "0");
    let place = "training.early_stopping";
    if let Some(problem) = without_validation(case, place, "early stopping", off) {
        return Some(problem);
    }
    let patience = early_stopping.patience;
    (patience >= *epochs).then(|| {
        let what = format!("a patience of {patience} epochs never ends a run of {epochs}; lower it, or train longer");
        Problem::warning(place, what).set("No early stopping", &[off])
    })
}

fn schedule(case: &Case<'_>) -> Option<Problem> {
    let ScheduleSpec::Plateau(_) = &case.project.training.schedule else { return None };
    without_validation(case, "training.schedule", "the schedule", ("training.schedule.kind", "constant"))
}

/// What watches the validation loss needs one.
fn without_validation(case: &Case<'_>, place: &str, name: &str, off: (&str, &str)) -> Option<Problem> {
    if !case.split.validation.is_empty() {
        return None;
    }
    let what = format!("{name} watches the validation loss, and");
    Some(match case.head.is_evaluated() {
        false => Problem::error(place, format!("{what} a generator has none; turn it off")).set("Turn it off", &[off]),
        true => Problem::error(place, format!("{what} there are no validation samples; raise data.validation"))
            .set("Set the validation split to 0.1", &[("data.validation", "0.1")]),
    })
}
