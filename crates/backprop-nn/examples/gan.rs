//! A GAN that learns a circle: `cargo run --release -p backprop-nn --example gan`

use std::f32::consts::TAU;

use backprop_nn::gan::{GanSettings, GanTrainer, LearningRates, generate};
use backprop_nn::init::stream;
use backprop_nn::layers::{Dense, Function};
use backprop_nn::optim::Adam;
use backprop_nn::spec::Misfit;
use backprop_nn::{ModelSpec, OptimizerSpec, Shape};
use rand::RngExt as _;

fn main() -> Result<(), Misfit> {
    let stack = |outputs: usize| {
        let hidden = || Dense::new(64, Function::LeakyRelu).into();
        ModelSpec { layers: vec![hidden(), hidden(), Dense::new(outputs, Function::Linear).into()] }
    };
    let settings = GanSettings { noise: 8, discriminator: stack(1), ..GanSettings::default() };
    let network = settings.build(&stack(2), Shape::flat(2))?;
    let adam = OptimizerSpec::from(Adam { beta1: 0.5, ..Adam::default() });
    let mut trainer = GanTrainer::new(&network, &settings, network.init_weights(1), &adam, 128);

    for step in 1..=2000 {
        let real = |from: usize, points: &mut [f32]| {
            for (at, point) in points.chunks_exact_mut(2).enumerate() {
                let angle = stream(step, (from + at) as u64).random_range(0.0..TAU);
                point.copy_from_slice(&[angle.cos(), angle.sin()]);
            }
        };
        let rates = LearningRates { generator: 0.001, discriminator: 0.001 };
        let stat = trainer.step(rates, (1, step), 128, real).stat();
        if step % 500 == 0 {
            println!("step {step}: generator loss {:.3}", stat.generator_loss);
        }
    }
    let points = generate(&network, trainer.shown(), 7, 500);
    println!("mean radius {:.3}", points.chunks_exact(2).map(|point| point[0].hypot(point[1])).sum::<f32>() / 500.0);
    Ok(())
}
