//! Two stacks that are one network: a generator makes samples out of noise, and a discriminator behind it tells them from
//! those of the data (Goodfellow et al. 2014).

use super::layers::{Dense, Function, LayerSpec};
use super::misfit::{Fix, Misfit, ShapeError};
use super::model::{ModelSpec, Trace};
use super::network::Network;
use super::shape::Shape;

/// Both stacks as declared, and what goes in and between them.
#[derive(Clone, Copy, Debug)]
pub struct AdversarialSpec<'a> {
    /// Random numbers that a sample is made of.
    pub noise: usize,
    pub generator: &'a ModelSpec,
    /// What a sample of the data looks like.
    pub sample: Shape,
    pub discriminator: &'a ModelSpec,
}

/// The layer that does not fit, and in which of the stacks.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum AdversarialMisfit {
    #[error("generator, {0}")]
    Generator(Misfit),
    #[error("discriminator, {0}")]
    Discriminator(Misfit),
}

impl AdversarialSpec<'_> {
    /// The way of the noise through the generator, whose end has to be a sample.
    pub fn trace_generator(&self) -> Trace {
        let (input, wanted) = (Shape::flat(self.noise), self.sample);
        self.generator.trace_to(input, |end| {
            let fits = end.len() == wanted.len() && (end.is_flat() || end == wanted);
            let function = if wanted.as_image().is_some() { Function::Sigmoid } else { Function::Linear };
            let message =
                format!("The generator gives {}, and a sample of the data is {}.", end.described(), wanted.described());
            (!fits).then_some((message, Dense::new(wanted.len(), function)))
        })
    }

    /// The way of a sample through the discriminator, which has to end in one number. A layer that puts the whole batch in
    /// its statistics would tell real from generated samples by which of them came together, so there may be none.
    pub fn trace_discriminator(&self) -> Trace {
        let mut trace = self.discriminator.trace_to(self.sample, |end| {
            let fits = end == Shape::flat(1);
            let message = format!(
                "The discriminator gives {}, and it says one number: whether a sample is real.",
                end.described()
            );
            (!fits).then_some((message, Dense::new(1, Function::Linear)))
        });
        if let Some(index) = self.discriminator.layers.iter().position(sees_the_batch) {
            let message =
                "BatchNorm would mix real and generated samples in a discriminator. Take LayerNorm instead.".to_owned();
            trace.misfit.get_or_insert(Misfit { index, error: ShapeError::new(message).with_fix(Fix::Remove) });
        }
        trace
    }

    /// One network of both, or the first thing that does not fit.
    pub fn build(&self) -> Result<Network, AdversarialMisfit> {
        let (generator, discriminator) = (self.trace_generator(), self.trace_discriminator());
        if let Some(misfit) = generator.misfit {
            return Err(AdversarialMisfit::Generator(misfit));
        }
        if let Some(misfit) = discriminator.misfit {
            return Err(AdversarialMisfit::Discriminator(misfit));
        }
        let shapes = [Shape::flat(self.noise), self.sample];
        Ok(Network::adversarial(&self.generator.layers, &self.discriminator.layers, shapes))
    }
}

fn sees_the_batch(layer: &LayerSpec) -> bool {
    matches!(layer, LayerSpec::BatchNorm(_)) || layer.inside().is_some_and(|inside| inside.iter().any(sees_the_batch))
}
