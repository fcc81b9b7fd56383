//! Trains a small transformer on a made-up text and prints tokens per second, of a training step and of a continued text; with
//! `--layers` also where the time goes:
//! `cargo run --release -p backprop-nn --example transformer -- --seconds 4`. `benches/peers/transformer.py` runs it side by side with
//! PyTorch.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backprop_nn::layers::{
    Dense, Embedding, Flatten, Function, LayerNorm, LayerSpec, MultiHeadAttention, PositionalEmbedding, Residual,
};
use backprop_nn::loss::{LossSum, argmax};
use backprop_nn::optim::Updater;
use backprop_nn::{
    Batch, Clock, LossSpec, ModelSpec, Network, OptimizerSpec, Shape, Targets, Weights, Workspace, batch,
};

const BLOCKS: usize = 4;
const HEADS: usize = 4;
const WIDTH: usize = 128;
const CONTEXT: usize = 64;
const VOCABULARY: usize = 65;
const SAMPLES: usize = 32;

/// As in GPT-2: normalized before attention and before the two dense layers, each of which is added to what came in.
fn model() -> ModelSpec {
    let attention = MultiHeadAttention { heads: HEADS, ..MultiHeadAttention::default() };
    let (wide, narrow) = (Dense::new(4 * WIDTH, Function::Gelu), Dense::new(WIDTH, Function::Linear));
    let norm = || LayerSpec::from(LayerNorm::default());
    let embedding = Embedding { vocabulary: VOCABULARY, units: WIDTH, ..Embedding::default() };
    let mut layers = vec![embedding.into(), PositionalEmbedding::default().into()];
    for _ in 0..BLOCKS {
        layers.push(Residual { layers: vec![norm(), attention.clone().into()] }.into());
        layers.push(Residual { layers: vec![norm(), wide.clone().into(), narrow.clone().into()] }.into());
    }
    layers.extend([norm(), Dense::new(VOCABULARY, Function::Linear).into(), Flatten {}.into()]);
    ModelSpec { layers }
}

fn print_layers(clock: &Clock, network: &Network, steps: u32) {
    let times = clock.take(network);
    let all: Duration = times.iter().map(backprop_nn::clock::LayerTime::total).sum();
    for time in times {
        let [forward, backward, update] = [time.forward, time.backward, time.update].map(|time| time / steps);
        let share = 100.0 * time.total().as_secs_f64() / all.as_secs_f64();
        println!("{:?}\t{forward:.1?} forward\t{backward:.1?} backward\t{update:.1?} update\t{share:.1} %", time.path);
    }
}

/// Tokens per second of a text that is continued token by token, each time the likeliest.
fn continued_per_s(network: &Network, weights: &Weights) -> Option<f64> {
    let mut decoder = network.decoder()?;
    let (mut token, mut taken, began) = (0, 0, Instant::now());
    while began.elapsed().as_secs_f64() < 0.5 {
        if decoder.context() == Some(decoder.len()) {
            decoder.reset();
        }
        token = argmax(decoder.step(weights, &[token as f32]));
        taken += 1;
    }
    Some(f64::from(taken) / began.elapsed().as_secs_f64())
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let seconds = arguments.iter().position(|word| word == "--seconds").and_then(|at| arguments.get(at + 1));
    let seconds: f64 = seconds.map_or(Ok(4.0), |seconds| seconds.parse())?;

    let network = model().build(Shape::flat(CONTEXT), CONTEXT * VOCABULARY)?;
    let mut weights = network.init_weights(42);
    let optimizer = OptimizerSpec::named("adamw").ok_or("no such optimizer")?;
    let mut updater = Updater::new(optimizer, &network);
    let shard = batch::shard_len(SAMPLES);
    let mut shards = Batch::new(&network, SAMPLES.div_ceil(shard), shard);
    let clock = Arc::new(Clock::new(&network));
    if arguments.iter().any(|word| word == "--layers") {
        shards.timed_by(&clock);
        updater.timed_by(&clock);
    }

    // The next token follows from this one, so that there is something to learn.
    let text: Vec<u16> = (0..SAMPLES * CONTEXT).map(|at| (at * at % VOCABULARY) as u16).collect();
    let next: Vec<u16> = text.iter().map(|token| (7 * token + 3) % VOCABULARY as u16).collect();
    let (loss, scale) = (LossSpec::default(), 1.0 / next.len() as f32);
    let lanes = next.chunks(shard * CONTEXT).zip(text.chunks(shard * CONTEXT));
    let mut lanes: Vec<_> = lanes.map(|(next, text)| (next, text, LossSum::default())).collect();
    let fill = |_: usize, (_, text, _): &mut (&[u16], &[u16], LossSum), shard: &mut Workspace| {
        let input = shard.input_mut(text.len() / CONTEXT);
        input.iter_mut().zip(*text).for_each(|(input, token)| *input = f32::from(*token));
    };
    let judge = |(next, _, sum): &mut (&[u16], &[u16], LossSum), outputs: &[f32], grad: &mut [f32]| {
        *sum = loss.value_and_grad(outputs, Targets::Classes(next), scale, grad);
    };
    let (mut best, mut steps) = (0.0f64, 0);
    let began = Instant::now();
    while began.elapsed().as_secs_f64() < seconds {
        let part = Instant::now();
        for _ in 0..5 {
            network.learn(&mut weights, &mut shards, &mut lanes, 0, fill, judge);
            updater.step(1e-3, &network, &mut weights, shards.shards());
        }
        steps += 5;
        best = best.max((5 * SAMPLES * CONTEXT) as f64 / part.elapsed().as_secs_f64());
    }
    if arguments.iter().any(|word| word == "--layers") {
        print_layers(&clock, &network, steps);
    }
    let continued = continued_per_s(&network, &weights).ok_or("the network cannot run step by step")?;
    let loss = lanes.iter().map(|lane| lane.2).fold(LossSum::default(), LossSum::plus).mean_loss();
    println!(
        r#"{{"tokens_per_s": {best:.0}, "continued_per_s": {continued:.0}, "steps": {steps}, "loss": {loss:.4}, "params": {}}}"#,
        network.param_count()
    );
    Ok(())
}
