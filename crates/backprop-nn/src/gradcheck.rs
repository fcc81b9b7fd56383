//! Finite differences for any layer in one call: a random direction in, a random covector out, two numbers compared.

use rand::RngExt as _;

use super::field::{Field, Kind, Value};
use super::init::{Init, Rng, stream};
use super::kernels::transpose::transpose;
use super::layer::{Backward, Forward, Gradients, Layer, Mode, ParamInfo, SavedForBackward, Transposed};
use super::layers::{
    Activation, AveragePool1d, AveragePool2d, BatchEnsemble, BatchNorm, Conv1d, Conv2d, ConvTranspose2d, Dense,
    Dropout, Function, Gru, LayerNorm, Lstm, MaxPool1d, MaxPool2d, MultiHeadAttention, Padding, Returns, RmsNorm, Rnn,
    Softmax, SpatialDropout,
};
use super::loss::{ClassWeights, Focal, Huber, SoftmaxCrossEntropy};
use super::{LayerSpec, LossSpec, Shape, Targets};
use crate::spec::Spec as _;

const SAMPLES: usize = 3;
const MODE: Mode = Mode::Train { seed: 11 };

/// Small enough for the curvature, large enough for the 24 bits of an f32.
const STEP: f32 = 2e-3;

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

fn numbers(len: usize, rng: &mut Rng) -> Vec<f32> {
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// Numbers for a layer to read; for one that reads whole numbers halves between them, some outside its vocabulary.
fn inputs(spec: &LayerSpec, len: usize, rng: &mut Rng) -> Vec<f32> {
    let numbers = numbers(len, rng);
    match spec {
        LayerSpec::Embedding(_) => numbers.into_iter().map(|number| (6.0 * number).floor() + 0.5).collect(),
        _ => numbers,
    }
}

fn moved(values: &[f32], direction: &[f32], by: f32) -> Vec<f32> {
    values.iter().zip(direction).map(|(value, direction)| value + by * direction).collect()
}

struct Check {
    layer: Box<dyn Layer>,
    output_len: usize,
    /// The words that a sequence is of, some of which are padding.
    entry: Vec<f32>,
    /// In which a layer that carries a state begins.
    state: Vec<f32>,
}

impl Check {
    fn trained(&self) -> usize {
        self.layer.params().iter().filter(|info| info.is_trained).map(ParamInfo::len).sum()
    }

    /// Weights scaled by `1 / √fan-in`, as they are in use: otherwise a recurrent layer would be chaotic, and its
    /// gradient would change within a step.
    fn params(&self, rng: &mut Rng) -> Vec<f32> {
        let table = self.layer.tied().map(|dims| ParamInfo::new("embeddings", &dims, Init::Zeros));
        let infos = self.layer.params().into_iter().chain(table);
        let tensor = |info: ParamInfo| {
            let added_up = info.len() / info.dims.last().copied().unwrap_or(1);
            let size = 1.0 / (added_up as f32).sqrt();
            numbers(info.len(), rng).into_iter().map(move |number| number * size)
        };
        infos.flat_map(tensor).collect()
    }

    /// The parameters of the layer, and the table that it is tied to.
    fn split<'a>(&self, params: &'a [f32]) -> (&'a [f32], &'a [f32]) {
        let table = self.layer.tied().map_or(0, |dims| dims.iter().product());
        params.split_at(params.len() - table)
    }

    /// What a layer has to know of the whole batch, which is one shard here.
    fn statistics(&self, input: &[f32]) -> Vec<f32> {
        let Some(shared) = self.layer.batch_statistics() else { return Vec::new() };
        let mut statistics = vec![f32::NAN; shared.statistics_len()];
        shared.count(input, &mut vec![f32::NAN; self.layer.scratch_len(SAMPLES)], &mut statistics);
        statistics
    }

    fn forward(&self, params: &[f32], input: &[f32], mode: Mode) -> (Vec<f32>, Vec<f32>) {
        let memo_len = if mode == Mode::Infer { 0 } else { self.layer.memo_len() };
        let (mut output, mut memo) = (vec![f32::NAN; SAMPLES * self.output_len], vec![f32::NAN; SAMPLES * memo_len]);
        let (params, tied) = self.split(params);
        self.layer.forward(Forward {
            samples: SAMPLES,
            params,
            tied,
            input,
            output: &mut output,
            memo: &mut memo,
            state: &mut self.state.clone(),
            scratch: &mut vec![f32::NAN; self.layer.scratch_len(SAMPLES)],
            shared: &self.statistics(input),
            entry: &self.entry,
            skip: &[],
            mode,
        });
        (output, memo)
    }

    /// The gradients of `covector · output` by parameters and by input.
    fn backward(&self, params: &[f32], input: &[f32], covector: &[f32]) -> (Vec<f32>, Vec<f32>) {
        let (output, mut memo) = self.forward(params, input, MODE);
        let (params, tied) = self.split(params);
        let mut transposed = Vec::new();
        if let Some(Transposed { offset, rows, columns, panel }) = self.layer.transposed(false) {
            transposed.resize(rows * columns, f32::NAN);
            transpose(&params[offset..][..rows * columns], &mut transposed, columns, panel);
        }
        let per_shard = matches!(self.layer.gradients(), Gradients::PerShard { .. });
        let mut grad_params = vec![f32::NAN; if per_shard { self.trained() } else { 0 }];
        let mut grad_input = vec![f32::NAN; input.len()];
        let mut shared = self.statistics(input);
        let mut grad_output = covector.to_vec();
        let mut pass = |shared: &[f32], grad_params: &mut [f32], run: &dyn Fn(Backward<'_>)| {
            run(Backward {
                samples: SAMPLES,
                params,
                tied,
                transposed: &transposed,
                input,
                output: &output,
                entry: &self.entry,
                memo: &mut memo,
                scratch: &mut vec![f32::NAN; self.layer.scratch_len(SAMPLES)],
                shared,
                grad_output: &mut grad_output,
                grad_params,
                is_frozen: false,
                grad_input: Some(&mut grad_input),
            });
        };
        if let Some(layer) = self.layer.batch_statistics() {
            pass(&shared, &mut grad_params, &|pass| layer.gradient(pass));
            shared.extend(&grad_params);
        }
        pass(&shared, &mut grad_params, &|pass| self.layer.backward(pass));
        grad_params.resize(params.len(), if per_shard { 0.0 } else { f32::NAN });
        // The kept numbers stand twice, as two shards would: each block then is twice its gradient.
        let kept = || SavedForBackward { samples: SAMPLES, input, memo: &memo };
        if let Gradients::PerBlock { row } = self.layer.gradients() {
            let middle = params.len() / row / 2 * row;
            for block in [0..middle, middle..params.len()] {
                let grad = &mut grad_params[block.clone()];
                self.layer.gradient(block, &[kept(), kept()], grad);
                grad.iter_mut().for_each(|grad| *grad *= 0.5);
            }
        }
        if let Some([vocabulary, width]) = self.layer.tied() {
            let mut grad = vec![0.0; tied.len()];
            let middle = vocabulary / 2 * width;
            for block in [0..middle, middle..tied.len()] {
                self.layer.add_tied_gradient(block.clone(), &[kept(), kept()], &mut grad[block]);
            }
            grad_params.extend(grad.into_iter().map(|grad| 0.5 * grad));
        }
        (grad_params, grad_input)
    }
}

/// Panics if a gradient of the layer is not the slope that finite differences find.
pub fn check(spec: &LayerSpec, input: Shape) {
    check_pair(spec, None, input);
}

/// As [`check`], for a layer that takes over the work of the next one.
fn check_pair(spec: &LayerSpec, next: Option<&LayerSpec>, input: Shape) {
    let plan_of =
        |spec: &LayerSpec, input| spec.plan(input).unwrap_or_else(|error| panic!("{spec} on {input}: {error}"));
    let (mut what, mut plan, mut layer) = (format!("{spec} on {input}"), plan_of(spec, input), spec.build(input));
    if let Some(next) = next {
        assert!(layer.absorb(next.fusible()), "{what} does not absorb {next}");
        (what, plan.output) = (format!("{what}, {next}"), plan_of(next, plan.output).output);
    }
    let words = SAMPLES * input.as_steps().map_or(0, |[steps, _]| steps);
    let entry = (0..words).map(|at| (at % 4) as f32).collect();
    let state = numbers(SAMPLES * layer.state_len(), &mut stream(5, 1));
    let check = Check { layer, output_len: plan.output.len(), entry, state };
    let mut rng = stream(5, 0);
    let params = check.params(&mut rng);
    assert_eq!(check.trained(), plan.params, "{what}");
    let values = inputs(spec, SAMPLES * input.len(), &mut rng);
    let random = match spec {
        LayerSpec::MultiHeadAttention(attention) => attention.dropout > 0.0,
        _ => matches!(spec, LayerSpec::Dropout(_) | LayerSpec::SpatialDropout(_) | LayerSpec::GaussianNoise(_)),
    };
    if !random && check.layer.batch_statistics().is_none() {
        let output = |mode: Mode| check.forward(&params, &values, mode).0;
        assert_eq!(output(Mode::Infer), output(MODE), "{what}, with nothing to remember");
    }
    let covector = numbers(SAMPLES * plan.output.len(), &mut rng);
    for _ in 0..4 {
        let (along_params, along_input) = (check.params(&mut rng), numbers(values.len(), &mut rng));
        let at = |by: f32| {
            let (params, values) = (moved(&params, &along_params, by), moved(&values, &along_input, by));
            check.forward(&params, &values, MODE).0
        };
        let (before, here, after) = (at(-STEP), at(0.0), at(STEP));
        let covector = away_from_kinks(&covector, [&before, &here, &after]);
        let (grad_params, grad_input) = check.backward(&params, &values, &covector);
        let slope = (dot(&after, &covector) - dot(&before, &covector)) / f64::from(2.0 * STEP);
        let predicted = dot(&grad_params, &along_params) + dot(&grad_input, &along_input);
        let scale = dot(&grad_params, &grad_params).sqrt() + dot(&grad_input, &grad_input).sqrt() + 1.0;
        assert!((slope - predicted).abs() < 5e-3 * scale, "{what}: slope {slope}, gradient {predicted}");
    }
}

/// Finite differences mean nothing across the kink of a ReLU or a maximum. Outputs that crossed one, which their
/// curvature tells, are left out of the comparison; there may be few.
fn away_from_kinks(covector: &[f32], [before, here, after]: [&[f32]; 3]) -> Vec<f32> {
    let curved = |at: usize| (before[at] + after[at] - 2.0 * here[at]).abs() > 1e-4;
    let kept: Vec<f32> = (0..here.len()).map(|at| if curved(at) { 0.0 } else { covector[at] }).collect();
    let left_out = (0..here.len()).filter(|at| curved(*at)).count();
    assert!(left_out * 10 <= here.len() + 20, "{left_out} of {} outputs crossed a kink", here.len());
    kept
}

/// Every layer of THE LIST, with its defaults, on an image, a sequence and a row, wherever it fits. A block is
/// the network's work, and held where that is.
#[test]
fn every_layer_passes_with_its_defaults() {
    for spec in LayerSpec::all().into_iter().filter(|spec| spec.inside().is_none()) {
        let fitting = fitting(&spec);
        assert!(!fitting.is_empty(), "{spec} fits nothing here");
        fitting.into_iter().for_each(|shape| check(&spec, shape));
    }
}

fn fitting(spec: &LayerSpec) -> Vec<Shape> {
    let shapes = [Shape::image(5, 6, 4), Shape::steps(14, 6), Shape::steps(7, 8), Shape::flat(9)];
    shapes.into_iter().filter(|shape| spec.plan(*shape).is_ok()).collect()
}

/// The values of a setting that are tried: all of a choice, and of a number its least ones or both its ends.
fn values_of(field: &Field) -> Vec<Value> {
    match &field.kind {
        Kind::Choice { options, .. } => (0..options().len()).map(Value::Choice).collect(),
        Kind::Switch { .. } => [false, true].map(Value::Switch).into(),
        Kind::Real { range, .. } => [*range.start(), *range.end()].map(Value::Real).into(),
        Kind::Whole { range, .. } => (0..3).map(|to| Value::Whole(range.start() + to)).collect(),
        other => panic!("a layer has no such setting: {other:?}"),
    }
}

/// Any two settings of any layer at any of their values, as far as it then fits. Its initial weights do not matter here.
#[test]
fn every_layer_passes_with_every_pair_of_its_options() {
    for spec in LayerSpec::all().into_iter().filter(|spec| spec.inside().is_none()) {
        let fields = spec.describe().into_iter().filter(|field| field.key != "init");
        let values: Vec<_> = fields.map(|field| (field.key, values_of(field))).collect();
        for (at, (second, others)) in values.iter().enumerate() {
            for (first, ones) in &values[..=at] {
                for (one, other) in ones.iter().flat_map(|one| others.iter().map(move |other| (one, other))) {
                    let mut spec = spec.clone();
                    spec.set(first, one.clone()).unwrap();
                    spec.set(second, other.clone()).unwrap();
                    fitting(&spec).into_iter().for_each(|shape| check(&spec, shape));
                }
            }
        }
    }
}

#[test]
fn odd_sizes_strides_and_edges_pass() {
    for (kernel, stride) in [(1, 1), (2, 1), (3, 1), (3, 2), (4, 3), (5, 2), (5, 4)] {
        for padding in [Padding::Valid, Padding::Same] {
            for shape in [Shape::image(11, 11, 1), Shape::image(5, 8, 3)] {
                let (filters, activation) = (3, Function::Tanh);
                for dilation in [1, 2] {
                    let conv = Conv2d { filters, kernel, stride, dilation, padding, activation, ..Conv2d::default() };
                    if conv.plan(shape).is_ok() {
                        check(&conv.into(), shape);
                    }
                }
                let conv = ConvTranspose2d { filters, kernel, stride, padding, activation, ..Default::default() };
                check(&conv.into(), shape);
            }
            for (dilation, shape) in [(1, Shape::steps(9, 1)), (1, Shape::steps(20, 17)), (3, Shape::steps(19, 5))] {
                let (filters, activation) = (5, Function::Tanh);
                let conv = Conv1d { filters, kernel, stride, dilation, padding, activation, ..Conv1d::default() };
                check(&conv.into(), shape);
            }
        }
    }
    for size in [1, 2, 3, 5] {
        check(&MaxPool2d { size }.into(), Shape::image(11, 5, 3));
        check(&AveragePool2d { size }.into(), Shape::image(11, 5, 3));
        check(&MaxPool1d { size }.into(), Shape::steps(11, 3));
        check(&AveragePool1d { size }.into(), Shape::steps(11, 20));
    }
}

/// A convolution and the pooling after it, where the last rows and columns fill no window, too.
#[test]
fn a_convolution_passes_with_the_pooling_that_it_absorbs() {
    for (kernel, stride, filters, size) in [(3, 1, 3, 2), (2, 1, 17, 3), (3, 2, 2, 2), (4, 1, 1, 1), (5, 1, 20, 5)] {
        for padding in [Padding::Valid, Padding::Same] {
            for shape in [Shape::image(11, 13, 1), Shape::image(12, 11, 3)] {
                for activation in [Function::Tanh, Function::Relu, Function::LeakyRelu] {
                    let conv = Conv2d { filters, kernel, stride, padding, activation, ..Conv2d::default() };
                    check_pair(&conv.into(), Some(&MaxPool2d { size }.into()), shape);
                }
            }
            let conv = Conv1d { filters, kernel, stride, padding, activation: Function::Relu, ..Conv1d::default() };
            check_pair(&conv.into(), Some(&MaxPool1d { size }.into()), Shape::steps(27, 4));
        }
    }
}

#[test]
fn a_normalization_passes_with_the_activation_that_it_absorbs() {
    for &function in Function::ALL {
        for shape in [Shape::flat(9), Shape::image(3, 5, 4)] {
            check_pair(&BatchNorm::default().into(), Some(&Activation { function }.into()), shape);
        }
    }
}

#[test]
fn rows_of_any_width_pass() {
    for shape in [Shape::flat(40), Shape::steps(3, 17), Shape::image(2, 3, 32), Shape::steps(5, 1)] {
        check(&Softmax {}.into(), shape);
        check(&LayerNorm::default().into(), shape);
        check(&RmsNorm::default().into(), shape);
        check(&BatchNorm::default().into(), shape);
    }
    // More rows than pass at a time, and a kernel whose gradient is computed from the whole batch.
    check(&Dense::new(17, Function::Gelu).into(), Shape::steps(50, 3));
    check(&Dense::new(17, Function::Gelu).into(), Shape::steps(2, 33));
    for (units, inputs) in [(1, 1), (5, 3), (17, 9), (40, 33)] {
        check(&Dense::new(units, Function::Gelu).into(), Shape::steps(6, inputs));
        check(&BatchEnsemble { members: 6, ..BatchEnsemble::default() }.into(), Shape::steps(6, inputs));
    }
}

#[test]
fn every_activation_passes_in_every_layer_that_has_one() {
    for &activation in Function::ALL {
        check(&Dense::new(5, activation).into(), Shape::flat(7));
        check(&Dense { tied: true, ..Dense::new(40, activation) }.into(), Shape::steps(6, 7));
        check(&Conv2d { filters: 2, activation, ..Conv2d::default() }.into(), Shape::image(5, 6, 2));
        check(&Conv1d { filters: 2, activation, ..Conv1d::default() }.into(), Shape::steps(12, 2));
        check(&ConvTranspose2d { filters: 2, activation, ..Default::default() }.into(), Shape::image(4, 5, 2));
        check(&Activation { function: activation }.into(), Shape::flat(40));
    }
}

#[test]
fn recurrent_layers_pass_with_any_count_of_steps_features_and_units() {
    for &returns in Returns::ALL {
        for (steps, features, units) in
            [(1, 1, 1), (1, 3, 5), (5, 1, 4), (4, 6, 1), (9, 3, 17), (28, 2, 5), (3, 20, 33)]
        {
            let shape = Shape::steps(steps, features);
            for bidirectional in [false, true] {
                check(&Rnn { units, returns, bidirectional, ..Rnn::default() }.into(), shape);
                check(&Lstm { units, returns, bidirectional, ..Lstm::default() }.into(), shape);
                check(&Gru { units, returns, bidirectional, ..Gru::default() }.into(), shape);
            }
            let stateful = true;
            check(&Rnn { units, returns, stateful, ..Rnn::default() }.into(), shape);
            check(&Lstm { units, returns, stateful, ..Lstm::default() }.into(), shape);
            check(&Gru { units, returns, stateful, ..Gru::default() }.into(), shape);
        }
    }
}

/// More steps, and more samples, than are computed at a time, too, and kernels whose gradient is computed from the whole batch.
#[test]
fn attention_passes_with_any_count_of_steps_heads_and_features() {
    for (steps, features, heads) in
        [(1, 1, 1), (1, 18, 3), (1, 6, 3), (5, 8, 2), (17, 36, 2), (50, 4, 2), (64, 4, 1), (65, 4, 2), (150, 8, 4)]
    {
        for (causal, padding) in [(true, false), (false, false), (true, true), (false, true)] {
            for dropout in [0.0, 0.4] {
                let rotary = (features / heads) % 2 == 0;
                let attention = MultiHeadAttention { heads, causal, dropout, rotary, padding };
                check(&attention.into(), Shape::steps(steps, features));
            }
        }
    }
}

#[test]
fn dropout_passes_at_every_rate() {
    for rate in [0.0, 0.25, 0.5, 0.9] {
        check(&Dropout { rate }.into(), Shape::flat(50));
        check(&SpatialDropout { rate }.into(), Shape::image(3, 2, 20));
    }
}

fn check_loss(loss: LossSpec) {
    let what = format!("{loss:?}");
    assert_eq!(loss.problem(), None, "{what}");
    let (width, labels) = (7, [3, 0, 6, 6]);
    check_answers(&loss, Targets::Classes(&labels), width, loss.scale(labels.into_iter()), &what);
    let values = numbers(width * labels.len(), &mut stream(7, 0));
    if loss.takes_numbers() {
        check_answers(&loss, Targets::Numbers { width, values: &values }, width, 0.25, &what);
    } else {
        let nothing = loss.value(&values, Targets::Numbers { width, values: &values });
        assert!(nothing.loss.is_nan(), "{what} makes up a loss for numbers");
    }
}

fn check_answers(loss: &LossSpec, answers: Targets<'_>, width: usize, scale: f32, what: &str) {
    let mut rng = stream(6, 0);
    let outputs: Vec<f32> = numbers(width * answers.len(), &mut rng).iter().map(|z| 3.0 * z).collect();
    let mut grad = vec![f32::NAN; outputs.len()];
    let value = loss.value_and_grad(&outputs, answers, scale, &mut grad);
    assert_eq!(value, loss.value(&outputs, answers), "{what}");
    for _ in 0..4 {
        let direction = numbers(outputs.len(), &mut rng);
        let at = |by: f32| loss.value(&moved(&outputs, &direction, by), answers).mean_loss();
        let (slope, predicted) = ((at(1e-2) - at(-1e-2)) / 2e-2, dot(&grad, &direction));
        assert!((slope - predicted).abs() < 5e-4, "{what}: slope {slope}, gradient {predicted}");
    }
}

#[test]
fn every_loss_passes_with_every_option() {
    LossSpec::all().into_iter().for_each(check_loss);
    let listed = ClassWeights::Listed(vec![0.5, 1.0, 1.0, 2.0, 1.0, 0.0, 3.0]);
    for class_weights in [ClassWeights::Equal, ClassWeights::balanced(&[3, 1, 4, 1, 5, 9, 2]), listed] {
        for label_smoothing in [0.0, 0.1, 0.9] {
            check_loss(SoftmaxCrossEntropy { label_smoothing, class_weights: class_weights.clone() }.into());
        }
        for gamma in [0.0, 0.5, 1.0, 2.0, 5.0] {
            check_loss(Focal { gamma, class_weights: class_weights.clone() }.into());
        }
    }
    [0.05, 0.5, 10.0].into_iter().for_each(|delta| check_loss(Huber { delta }.into()));
}

/// At the ends of what a logit can be, every loss and every gradient is still a number; and what is none stays none, so
/// that a run notices.
#[test]
fn no_loss_overflows() {
    for loss in LossSpec::all().into_iter().chain([Focal { gamma: 0.5, ..Focal::default() }.into()]) {
        for outputs in [[1e4, -1e4, 0.0], [-1e4, 1e4, 0.0], [0.0, 0.0, 0.0], [90.0, 89.0, -90.0]] {
            let mut grad = [f32::NAN; 3];
            let value = loss.value_and_grad(&outputs, Targets::Classes(&[1]), 1.0, &mut grad);
            assert!(
                value.loss.is_finite() && grad.iter().all(|grad| grad.is_finite()),
                "{loss:?}: {value:?}, {grad:?}"
            );
        }
        for outputs in [[f32::NAN, 0.0, 1.0], [0.0, f32::NAN, 1.0]] {
            assert!(loss.value(&outputs, Targets::Classes(&[1])).loss.is_nan(), "{loss:?}");
        }
    }
}

#[test]
fn large_logits_overflow_nowhere() {
    let mut grad = [0.0; 3];
    let value = LossSpec::default().value_and_grad(&[1e4, -1e4, 0.0], Targets::Classes(&[1]), 1.0, &mut grad);
    assert_eq!((value.loss, grad), (2e4, [1.0, -1.0, 0.0]));
}
