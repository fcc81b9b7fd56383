//! What would make it another class: a sample nearby that the network takes for one of a chosen class (Wachter, Mittelstadt &
//! Russell 2017, *Counterfactual Explanations without Opening the Black Box*).

use crate::data::{Dataset, Scaling};
use backprop_nn::{Inspection, LossSpec, Targets, Weights};

/// The class that a sample is to be taken for.
#[derive(Clone, Copy, Debug)]
pub struct Aim<'a> {
    /// The loss of the training: a cross-entropy, as a rule.
    pub loss: &'a LossSpec,
    /// The class.
    pub class: u16,
    /// The lowest and the highest value of each number, in the units of the network; both the same for one that stays.
    pub bounds: &'a [[f32; 2]],
}

/// A changed sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Counterfactual {
    /// The sample after the changes, in the units of the network.
    pub sample: Vec<f32>,
    /// The probability of the class before the changes, 0 to 1.
    pub before: f32,
    /// And after them.
    pub after: f32,
    /// The steps that were taken.
    pub steps: usize,
    /// Whether the class has become more probable than all others together.
    pub is_reached: bool,
}

/// The length of a step, in the units of the network: pixels from 0 to 1, columns in standard deviations.
const STEP: f32 = 0.05;

/// The most steps with one weight of the distance.
const STEPS: usize = 200;

/// Weights of the distance, of which the first counts that lets the sample arrive.
const DISTANCE_WEIGHTS: [f32; 3] = [0.1, 0.01, 0.0];

/// The class is reached above this probability.
const REACHED: f32 = 0.5;

/// Changes a sample `x` until the network takes it for one of the class, by gradient descent on
///
/// `L(f(x'), class) + w ‖x' − x‖²`
///
/// where `L` is the loss of the training. Like Wachter et al., it lets the distance weigh as much as it can.
pub fn counterfactual(inspection: &mut Inspection, weights: &Weights, sample: &[f32], aim: &Aim<'_>) -> Counterfactual {
    let [first, others @ ..] = DISTANCE_WEIGHTS;
    let mut found = descend(inspection, weights, sample, aim, first, STEPS);
    for weight in others {
        if !found.is_reached {
            found = descend(inspection, weights, sample, aim, weight, STEPS);
        }
    }
    found
}

/// The same with one weight `w` of the distance and so many steps at most. A step goes down the gradient by a fixed length, and
/// back to the bounds where it leaves them.
pub fn descend(
    inspection: &mut Inspection,
    weights: &Weights,
    sample: &[f32],
    aim: &Aim<'_>,
    distance_weight: f32,
    steps: usize,
) -> Counterfactual {
    let Aim { loss, class, bounds } = *aim;
    let mut changed = sample.to_vec();
    let probability = |inspection: &mut Inspection, changed: &[f32]| {
        inspection.forward(weights, changed);
        let mut outputs = inspection.outputs().to_vec();
        loss.probabilities(&mut outputs);
        outputs.get(usize::from(class)).copied().unwrap_or_default()
    };
    let before = probability(inspection, &changed);
    let (mut after, mut taken) = (before, 0);
    while after <= REACHED && taken < steps {
        let outputs = inspection.outputs().to_vec();
        let mut slope = vec![0.0; outputs.len()];
        // Without the weight of the class, which the distance is not weighed against.
        loss.value_and_grad(&outputs, Targets::Classes(&[class]), loss.scale([class].into_iter()), &mut slope);
        inspection.backward(weights, &slope);
        let mut gradient = inspection.gradient(0).to_vec();
        for (at, slope) in gradient.iter_mut().enumerate() {
            *slope += 2.0 * distance_weight * (changed[at] - sample[at]);
            let [low, high] = bounds[at];
            // A number at its bound does not use up the length of the step.
            if changed[at] <= low && *slope > 0.0 || changed[at] >= high && *slope < 0.0 {
                *slope = 0.0;
            }
        }
        let length = gradient.iter().map(|slope| slope * slope).sum::<f32>().sqrt();
        if !length.is_finite() || length <= 0.0 {
            break;
        }
        for (at, slope) in gradient.iter().enumerate() {
            let [low, high] = bounds[at];
            changed[at] = (changed[at] - STEP / length * slope).max(low).min(high);
        }
        (after, taken) = (probability(inspection, &changed), taken + 1);
    }
    Counterfactual { sample: changed, before, after, steps: taken, is_reached: after > REACHED }
}

/// The bounds of pixels.
pub fn pixel_bounds(pixels: usize) -> Vec<[f32; 2]> {
    vec![[0.0, 1.0]; pixels]
}

/// The bounds of the row at this position among the training samples of a table: a column of numbers lies between its least and
/// its greatest number. Categories, words and missing numbers stay.
pub fn column_bounds(dataset: &Dataset, scaling: &Scaling, at: usize) -> Vec<[f32; 2]> {
    let width = dataset.shape.len();
    let row = dataset.train.numbers_of(at);
    let (mut lows, mut highs) = (row.to_vec(), row.to_vec());
    for other in (0..dataset.train.len()).map(|at| dataset.train.numbers_of(at)) {
        for (at, number) in other.iter().enumerate() {
            // Neither of them changes a number that is missing.
            (lows[at], highs[at]) = (least(lows[at], *number), greatest(highs[at], *number));
        }
    }
    for (at, feature) in dataset.features.iter().enumerate().take(width) {
        if feature.category.is_some() || feature.words.is_some() {
            (lows[at], highs[at]) = (row[at], row[at]);
        }
    }
    let [lows, highs] = [lows, highs].map(|ends| {
        let mut scaled = vec![0.0; width];
        scaling.scale(&ends, &mut scaled);
        scaled
    });
    lows.into_iter().zip(highs).map(<[f32; 2]>::from).collect()
}

/// The lesser of two numbers; the first where one of them is missing.
fn least(one: f64, other: f64) -> f64 {
    if other < one { other } else { one }
}

fn greatest(one: f64, other: f64) -> f64 {
    if other > one { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Feature, Inputs, Order, Samples, TargetData, Task};
    use backprop_nn::{ModelSpec, Shape};

    /// Two classes, told apart by the sum of three numbers.
    fn by_sum() -> (Inspection, Weights) {
        let model: ModelSpec = serde_json::from_str(r#"[{"kind":"dense","units":2,"activation":"linear"}]"#).unwrap();
        let mut weights = model.build(Shape::flat(3), 2).unwrap().init_weights(1);
        weights.values_mut().copy_from_slice(&[-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, 0.0, 0.0]);
        (Inspection::new(&model, Shape::flat(3), 2).unwrap(), weights)
    }

    #[test]
    fn the_shortest_way_to_the_other_class_is_taken_within_the_bounds() {
        let (mut inspection, weights) = by_sum();
        let loss = LossSpec::default();
        let mut found = |bounds: [[f32; 2]; 3]| {
            let aim = Aim { loss: &loss, class: 1, bounds: &bounds };
            counterfactual(&mut inspection, &weights, &[-0.5, -0.5, -0.5], &aim)
        };
        let free = found([[-3.0, 3.0]; 3]);
        // The boundary is √0.75 away, and the sample goes straight to it.
        assert!(free.is_reached && free.before < 0.05 && free.after > 0.5 && free.after < 0.56, "{free:?}");
        assert_eq!(free.steps, (0.75f32.sqrt() / STEP).ceil() as usize);
        assert!(free.sample.iter().all(|number| (number - free.sample[0]).abs() < 1e-6), "{free:?}");
        // One that stays leaves the way to the others; no number leaves its bounds.
        let held = found([[-0.5, -0.5], [-3.0, 0.25], [-3.0, 3.0]]);
        assert!(held.is_reached && held.sample[0] == -0.5 && held.sample[1] <= 0.25, "{held:?}");
        let stuck = found([[-0.5, -0.4]; 3]);
        assert!(!stuck.is_reached && stuck.sample == [-0.4; 3] && stuck.after > stuck.before, "{stuck:?}");
    }

    #[test]
    fn one_that_is_of_the_class_stays() {
        let (mut inspection, weights) = by_sum();
        let bounds = pixel_bounds(3);
        let aim = Aim { loss: &LossSpec::default(), class: 1, bounds: &bounds };
        let found = counterfactual(&mut inspection, &weights, &[0.5; 3], &aim);
        assert_eq!((found.is_reached, found.steps, found.sample), (true, 0, vec![0.5; 3]));
    }

    #[test]
    fn categories_and_missing_numbers_of_a_row_stay() {
        let is = |word: &str| Feature { category: Some(word.to_owned()), ..Feature::number("origin") };
        let dataset = Dataset {
            features: vec![Feature::number("weight"), is("usa"), is("japan"), Feature::number("year")],
            task: Task::Classification { classes: vec!["a".to_owned(), "b".to_owned()] },
            target: None,
            order: Order::Free,
            notes: Vec::new(),
            ..Dataset::images(
                "cars",
                Shape::flat(4),
                Vec::new(),
                Samples {
                    inputs: Inputs::Numbers(vec![
                        2.0,
                        1.0,
                        0.0,
                        f64::NAN,
                        6.0,
                        0.0,
                        1.0,
                        70.0,
                        f64::NAN,
                        1.0,
                        0.0,
                        80.0,
                    ]),
                    targets: TargetData::Classes(vec![0, 1, 0]),
                },
                Samples::default(),
            )
        };
        let scaling = dataset.learn_scaling(&[0, 1, 2]);
        assert_eq!(column_bounds(&dataset, &scaling, 0), [[-1.0, 1.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]]);
        assert_eq!(column_bounds(&dataset, &scaling, 2)[3], [-1.0, 1.0]);
    }
}
