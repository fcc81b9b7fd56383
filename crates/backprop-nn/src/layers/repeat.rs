use serde::{Deserialize, Serialize};

use super::reshape::BuiltReshape;
use super::residual::usual_input;
use super::{Dense, Function, LayerNorm, LayerSpec, MAX_DEPTH, MultiHeadAttention, Residual, depth};
use crate::field::Settings;
use crate::layer::Layer;
use crate::shape::Shape;
use crate::spec::{Fix, Misfit, Plan, ShapeError, Spec};
use crate::trace::Trace;

/// Runs its layers one after the other so many times, each time with weights of its own: the blocks of a deep network are
/// described once.
///
/// `y = f_times(… f₂(f₁(x)))`. Shapes: any to the same, which is also what the layers inside have to give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Settings)]
#[serde(default, deny_unknown_fields)]
#[settings(group = "Blocks", formula = "y = f_n(… f_2(f_1(x))), each f the layers of the block", manual_default)]
pub struct Repeat {
    /// How often the layers follow one another. Deeper networks learn more and take longer; very deep ones need Residual blocks.
    #[field(default = TIMES, range = 1..=48)]
    pub times: usize,
    /// The layers that are repeated, first to last.
    pub layers: Vec<LayerSpec>,
}

const TIMES: usize = 4;

/// The most layers that a block may unfold to, since blocks may stand in one another.
const MAX_LAYERS: usize = 2048;

/// For the usual input of a block.
impl Default for Repeat {
    fn default() -> Self {
        Self::around(usual_input())
    }
}

impl Repeat {
    /// Layers that fit this input: for a sequence the block of a transformer, for anything else a residual block.
    pub fn around(input: Shape) -> Self {
        let layers = match input.as_steps() {
            Some([_, features]) => transformer_block(features),
            None => vec![Residual::around(input).into()],
        };
        Self { times: TIMES, layers }
    }

    /// Follows the shape of a sample through the layers once.
    pub fn trace(&self, input: Shape) -> Trace {
        Trace::in_block(&self.layers, input)
    }

    /// As [`Self::around`], as often as here.
    fn fitting(&self, input: Shape) -> Fix {
        Fix::Replace(Self { times: self.times, ..Self::around(input) }.into())
    }

    /// The same with the repair of one of its layers carried out.
    fn repaired(&self, input: Shape, Misfit { index, error, .. }: &Misfit) -> Option<Fix> {
        if self.layers == Self::default().layers {
            return Some(self.fitting(input));
        }
        let fix = error.fix.as_ref()?;
        let mut block = self.clone();
        fix.apply(&mut block.layers, *index);
        Some(Fix::Replace(block.into()))
    }
}

/// Normalized before attention and before two dense layers, each of which is added to what came in, as in GPT-2.
fn transformer_block(features: usize) -> Vec<LayerSpec> {
    let heads = [4, 3, 2].into_iter().find(|heads| features.is_multiple_of(*heads)).unwrap_or(1);
    let attention = MultiHeadAttention { heads, ..MultiHeadAttention::default() };
    let wide = Dense::new((4 * features).min(4096), Function::Gelu);
    let norm = || LayerSpec::from(LayerNorm::default());
    let mut layers = vec![LayerSpec::from(Residual { layers: vec![norm(), attention.into()] })];
    if features <= 4096 {
        let dense = vec![norm(), wide.into(), Dense::new(features, Function::Linear).into()];
        layers.push(Residual { layers: dense }.into());
    }
    layers
}

/// How many layers these are once all blocks are unfolded; more than can be counted are as many as can.
fn unfolded(layers: &[LayerSpec]) -> usize {
    let of = |layer: &LayerSpec| {
        layer.inside().map_or(1, |inside| unfolded(inside).saturating_mul(layer.repeats().unwrap_or(1)).max(1))
    };
    layers.iter().map(of).fold(0, usize::saturating_add)
}

impl Spec for Repeat {
    /// "4 × 2 layers"
    fn detail(&self) -> String {
        let plural = if self.layers.len() == 1 { "" } else { "s" };
        format!("{} × {} layer{plural}", self.times, self.layers.len())
    }

    fn inside(&self) -> Option<&[LayerSpec]> {
        Some(&self.layers)
    }

    fn inside_mut(&mut self) -> Option<&mut Vec<LayerSpec>> {
        Some(&mut self.layers)
    }

    fn repeats(&self) -> Option<usize> {
        Some(self.times)
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        if 1 + depth(&self.layers) > MAX_DEPTH {
            let message = format!("Blocks stand in one another more than {MAX_DEPTH} deep. Take some of them out.");
            return Err(ShapeError::new(message).with_fix(self.fitting(input)));
        }
        let count = unfolded(&self.layers).saturating_mul(self.times);
        if count > MAX_LAYERS {
            let message = format!(
                "The block would unfold to {count} layers, and {MAX_LAYERS} are the most. Repeat it less often."
            );
            return Err(ShapeError::new(message).with_fix(Fix::Replace(Self { times: 1, ..self.clone() }.into())));
        }
        if self.layers.is_empty() {
            let message = "The block is empty, and nothing would be repeated. Put a layer into it.";
            return Err(ShapeError::new(message).with_fix(self.fitting(input)));
        }
        let trace = self.trace(input);
        if let Some(misfit) = &trace.misfit {
            let message = format!("In the block, layer {}: {}", misfit.index + 1, misfit.error.message);
            return Err(ShapeError { message, fix: self.repaired(input, misfit) });
        }
        let output = trace.output();
        if output != input {
            let message = format!(
                "What leaves the block enters it again, so both have to be alike: {} enters, and {} leaves. End it with a layer that gives {input}.",
                input.described(),
                output.described()
            );
            return Err(ShapeError::new(message).with_fix(self.fitting(input)));
        }
        Ok(Plan {
            output,
            params: self.times * trace.params(),
            multiply_adds: self.times as u64 * trace.multiply_adds(),
        })
    }

    /// Nothing to run: the network runs the layers inside as it runs any others.
    fn build(&self, _input: Shape) -> Box<dyn Layer> {
        Box::new(BuiltReshape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ModelSpec;
    use crate::layers::{Activation, Flatten, GlobalAveragePool};
    use crate::spec::layer_at;

    fn dense(units: usize) -> LayerSpec {
        Dense::new(units, Function::Tanh).into()
    }

    fn repeat(times: usize, layers: Vec<LayerSpec>) -> LayerSpec {
        Repeat { times, layers }.into()
    }

    /// What a stack gives, with these weights or those it begins with.
    fn outputs(layers: &[LayerSpec], input: Shape, weights: Option<&[f32]>) -> (Vec<f32>, Vec<f32>) {
        let network = ModelSpec { layers: layers.to_vec() }.build(input, 3).unwrap();
        let mut own = network.init_weights(3);
        if let Some(weights) = weights {
            own.values_mut().copy_from_slice(weights);
        }
        let mut workspace = network.inference_workspace(1);
        workspace.input_mut(1).fill(0.5);
        network.infer(&own, &mut workspace);
        (workspace.output().to_vec(), own.values().to_vec())
    }

    #[test]
    fn a_block_is_the_same_as_its_layers_one_after_the_other() {
        let block = || vec![dense(7), Residual { layers: vec![dense(6), dense(7)] }.into(), dense(5)];
        let folded = vec![dense(5), repeat(2, vec![repeat(2, block()), dense(5)]), dense(3)];
        let twice = || [block(), block(), vec![dense(5)]].concat();
        let flat = [vec![dense(5)], twice(), twice(), vec![dense(3)]].concat();
        let (got, weights) = outputs(&folded, Shape::flat(4), None);
        assert_eq!(outputs(&flat, Shape::flat(4), Some(&weights)).0, got);
    }

    #[test]
    fn each_copy_has_its_own_names_and_leads_to_its_layer() {
        let layers = vec![dense(5), repeat(3, vec![Activation::default().into(), dense(5)]), dense(3)];
        let network = ModelSpec { layers: layers.clone() }.build(Shape::flat(4), 3).unwrap();
        let names: Vec<_> = network.params().iter().map(|param| param.name.as_str()).collect();
        assert_eq!(names[2..4], ["1.repeat.1.dense.kernel", "1.repeat.1.dense.bias"]);
        assert_eq!(names[6..8], ["1.repeat.5.dense.kernel", "1.repeat.5.dense.bias"]);
        assert_eq!(network.label(1), "Repeat");
        for stage in &network.stages {
            let layer = layer_at(&layers, &stage.path).unwrap();
            assert_eq!(layer.about().label, stage.label, "{:?}", stage.path);
        }
        assert_eq!(layer_at(&layers, &[1]), Some(&layers[1]));
        assert_eq!(
            (layer_at(&layers, &[]), layer_at(&layers, &[1, 6]), layer_at(&layers, &[0, 0])),
            (None, None, None)
        );
    }

    #[test]
    fn a_block_around_any_shape_fits() {
        for shape in
            [Shape::image(28, 28, 1), Shape::steps(28, 28), Shape::steps(3, 7), Shape::steps(1, 5000), Shape::flat(9)]
        {
            let block = Repeat::around(shape);
            assert_eq!(block.plan(shape).unwrap().output, shape, "{shape}");
        }
        assert_eq!(Repeat::around(Shape::steps(9, 64)).detail(), "4 × 2 layers");
    }

    #[test]
    fn what_does_not_fit_says_why_and_is_repaired() {
        let image = Shape::image(9, 9, 3);
        let default = Repeat { times: 3, ..Repeat::default() };
        let deep = (0..3).fold(dense(4), |layer, _| repeat(48, vec![layer]));
        for (spec, input, says) in [
            (repeat(2, vec![]), image, "The block is empty"),
            (repeat(2, vec![dense(4)]), Shape::flat(5), "5 numbers enters, and a row of 4 numbers leaves"),
            (repeat(2, vec![GlobalAveragePool::default().into()]), image, "What leaves the block enters it again"),
            (repeat(2, vec![Flatten {}.into(), dense(3)]), Shape::steps(2, 2), "enters it again"),
            (default.into(), Shape::steps(9, 6), "Conv2d takes an image"),
            (deep, Shape::flat(4), "unfold to 110592 layers"),
        ] {
            let error = spec.plan(input).unwrap_err();
            assert!(error.message.contains(says), "{}", error.message);
            let Some(Fix::Replace(fixed)) = error.fix else { panic!("{}", error.message) };
            assert!(fixed.plan(input).is_ok() || says.starts_with("unfold"), "{fixed}");
        }
        let misfit = repeat(2, vec![dense(243)]).plan(image).unwrap_err();
        assert!(misfit.message.starts_with("In the block, layer 1: Dense takes a row"), "{}", misfit.message);
    }
}
