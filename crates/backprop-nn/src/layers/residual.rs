use serde::{Deserialize, Serialize};

use super::{Activation, BatchNorm, Conv1d, Conv2d, Dense, Function, LayerSpec, Padding};
use crate::field::Settings;
use crate::kernels::vectorized;
use crate::layer::{Backward, Decoding, Forward, Fusible, Layer};
use crate::shape::Shape;
use crate::spec::{Fix, Misfit, Plan, ShapeError, Spec};
use crate::trace::Trace;

/// Adds the input of a block of layers to its output: the gradient reaches earlier layers past the block, so that deep
/// networks learn.
///
/// `y = x + f(x)` (He et al. 2016). Shapes: any to the same, which is also what the layers inside have to give. They may
/// be blocks in turn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Blocks", formula = "y = x + f(x), f the layers of the block", manual_default)]
pub struct Residual {
    /// The layers of the block, first to last.
    pub layers: Vec<LayerSpec>,
}

/// How deep blocks may stand in one another.
pub const MAX_DEPTH: usize = 8;

/// How deep blocks stand in one another in these layers.
pub(super) fn depth(layers: &[LayerSpec]) -> usize {
    layers.iter().filter_map(|layer| layer.inside()).map(|inside| 1 + depth(inside)).max().unwrap_or(0)
}

/// Most channels of the convolutions, and most units of the dense layers, that [`Residual::around`] gives.
const MAX_FILTERS: usize = 512;
const MAX_UNITS: usize = 4096;

/// What a block is made for before it is known what arrives: an image with one channel, which is what the program's own digits are.
pub(super) fn usual_input() -> Shape {
    Shape::image(28, 28, 1)
}

/// For the usual input of a block.
impl Default for Residual {
    fn default() -> Self {
        Self::around(usual_input())
    }
}

impl Residual {
    /// A block that fits this input: two layers with weights, normalized and bent between them, that leave the shape as
    /// it is.
    pub fn around(input: Shape) -> Self {
        let channels = input.channels();
        let inside = channels.clamp(16, 64);
        let (padding, activation) = (Padding::Same, Function::Linear);
        let weights = |units: usize| -> LayerSpec {
            match input.dims() {
                [_] => Dense::new(units, activation).into(),
                [_, _] => Conv1d { filters: units, padding, activation, ..Conv1d::default() }.into(),
                _ => Conv2d { filters: units, padding, activation, ..Conv2d::default() }.into(),
            }
        };
        let mut layers = vec![BatchNorm::default().into(), Activation::default().into()];
        if channels <= if input.is_flat() { MAX_UNITS } else { MAX_FILTERS } {
            layers.insert(0, weights(inside));
            layers.push(weights(channels));
        }
        Self { layers }
    }

    /// Follows the shape of a sample through the block.
    pub fn trace(&self, input: Shape) -> Trace {
        Trace::in_block(&self.layers, input)
    }

    /// Whether blocks stand in one another deeper than they may.
    pub fn is_too_deep(&self) -> bool {
        1 + depth(&self.layers) > MAX_DEPTH
    }

    /// The same block with the repair of one of its layers carried out.
    fn repaired(&self, input: Shape, Misfit { index, error, .. }: &Misfit) -> Option<Fix> {
        let fix = error.fix.as_ref()?;
        let mut block = self.clone();
        match *self == Self::default() {
            true => block = Self::around(input),
            false => fix.apply(&mut block.layers, *index),
        }
        Some(Fix::Replace(block.into()))
    }

    /// The same block with one more layer that brings back the channels, or else one that fits.
    fn closed(&self, input: Shape) -> Fix {
        let (filters, activation) = (input.channels(), Function::Linear);
        let last = match input.as_image() {
            Some(_) => Conv2d { filters, kernel: 1, activation, ..Conv2d::default() }.into(),
            None => Dense::new(filters, activation).into(),
        };
        let mut block = self.clone();
        block.layers.push(last);
        let trace = block.trace(input);
        let fits = trace.misfit.is_none() && trace.output() == input && *self != Self::default();
        Fix::Replace(if fits { block } else { Self::around(input) }.into())
    }
}

impl Spec for Residual {
    fn detail(&self) -> String {
        match self.layers.len() {
            1 => "1 layer".to_owned(),
            count => format!("{count} layers"),
        }
    }

    fn inside(&self) -> Option<&[LayerSpec]> {
        Some(&self.layers)
    }

    fn fusible(&self) -> Fusible {
        Fusible::Addition
    }

    fn inside_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        Some(&mut self.layers)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if self.is_too_deep() {
            let message = format!("Blocks stand in one another more than {MAX_DEPTH} deep. Take some of them out.");
            return Err(ShapeError::new(message).with_fix(Fix::Replace(Self::around(input).into())));
        }
        if self.layers.is_empty() {
            let message = "The block is empty, and what enters would only be doubled. Put a layer into it.";
            return Err(ShapeError::new(message).with_fix(Fix::Replace(Self::around(input).into())));
        }
        let trace = self.trace(input);
        if let Some(misfit) = &trace.misfit {
            let message = format!("In the block, layer {}: {}", misfit.index + 1, misfit.error.message);
            return Err(ShapeError { message, fix: self.repaired(input, misfit) });
        }
        let output = trace.output();
        if output != input {
            let message = format!(
                "What leaves the block is added to what enters it, so both have to be alike: {} enters, and {} leaves.",
                input.described(),
                output.described()
            );
            return Err(ShapeError::new(message).with_fix(self.closed(input)));
        }
        Ok(Plan { output, params: trace.params(), multiply_adds: trace.multiply_adds() })
    }

    /// The end of the block alone: the network runs the layers inside as it runs any others.
    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(Addition)
    }
}

/// The end of a block. That the gradient reaches what entered the block, too, is the network's work.
struct Addition;

impl Layer for Addition {
    fn decoding(&self) -> Option<Decoding> {
        Some(Decoding::number_alone())
    }

    fn forward(&self, pass: Forward<'_>) {
        vectorized!({
            for ((output, input), skip) in pass.output.iter_mut().zip(pass.input).zip(pass.skip) {
                *output = input + skip;
            }
        });
    }

    fn backward(&self, pass: Backward<'_>) {
        if let Some(grad_input) = pass.grad_input {
            grad_input.copy_from_slice(pass.grad_output);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::{Flatten, GlobalAveragePool, MaxPool2d};

    fn fix_of(layers: Vec<LayerSpec>, input: Shape) -> (String, Residual) {
        let error = Residual { layers }.plan(input).unwrap_err();
        let Some(Fix::Replace(LayerSpec::Residual(block))) = error.fix else { panic!("{error:?}") };
        (error.message, block)
    }

    #[test]
    fn a_block_around_any_shape_fits_and_costs_what_is_in_it() {
        for shape in [
            Shape::image(28, 28, 1),
            Shape::image(2, 1, 64),
            Shape::image(3, 3, 513),
            Shape::steps(28, 28),
            Shape::steps(1, 900),
            Shape::flat(1),
            Shape::flat(784),
            Shape::flat(21_632),
        ] {
            let block = Residual::around(shape);
            let (plan, trace) = (block.plan(shape).unwrap(), block.trace(shape));
            assert_eq!((plan.output, plan.params, plan.multiply_adds), (shape, trace.params(), trace.multiply_adds()));
        }
        assert_eq!(Residual::default().plan(Shape::image(28, 28, 1)).unwrap().params, 9 * 16 + 16 + 32 + 9 * 16 + 1);
    }

    #[test]
    fn what_does_not_fit_says_why_and_keeps_the_work_that_is_in_it() {
        let (image, conv) = (Shape::image(9, 9, 3), Conv2d { padding: Padding::Same, ..Conv2d::default() });
        let (message, block) = fix_of(vec![conv.clone().into()], image);
        assert!(message.contains("an image 9×9×3 enters, and an image 9×9×32 leaves"), "{message}");
        assert_eq!((block.layers.len(), block.layers[0].clone()), (2, conv.into()));
        assert_eq!(block.plan(image).unwrap().output, image);

        let (message, block) = fix_of(vec![BatchNorm::default().into(), Dense::default().into()], image);
        assert!(message.starts_with("In the block, layer 2: Dense takes a row of numbers"), "{message}");
        assert_eq!(block.layers[1], Flatten {}.into());

        for layers in [vec![], vec![MaxPool2d::default().into()], vec![GlobalAveragePool::default().into()]] {
            assert_eq!(fix_of(layers, image).1, Residual::around(image));
        }
        let default = Residual::default().layers;
        assert_eq!(fix_of(default.clone(), image).1, Residual::around(image));
        assert_eq!(fix_of(default, Shape::flat(30)).1, Residual::around(Shape::flat(30)));
    }

    #[test]
    fn blocks_may_stand_in_one_another_but_not_without_end() {
        let mut block = Residual { layers: vec![Activation::default().into()] };
        for depth in 1..=MAX_DEPTH {
            assert!(block.plan(Shape::flat(4)).is_ok(), "{depth}");
            block = Residual { layers: vec![block.into()] };
        }
        assert!(block.plan(Shape::flat(4)).unwrap_err().message.contains("more than 8 deep"));
    }
}
