//! XOR, which no single layer can learn. `cargo run --release -p backprop-nn --example xor`

use backprop_nn::layers::{Dense, Function};
use backprop_nn::loss::MeanSquaredError;
use backprop_nn::optim::Adam;
use backprop_nn::{Model, ModelError, Training};
use ndarray::array;

fn main() -> Result<(), ModelError> {
    let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let y = array![[0.0], [1.0], [1.0], [0.0]];

    let mut model = Model::new([Dense::new(8, Function::Tanh), Dense::new(1, Function::Linear)]);
    let (loss, optimizer) = (MeanSquaredError {}.into(), Adam::default().into());
    let training = Training { loss, optimizer, learning_rate: 0.05, epochs: 300, ..Training::default() };
    let history = model.fit(&x, &y, &training)?;

    println!("{model}\nloss {:.6}", history.last().loss);
    println!("{:.3}", model.predict(&x)?);
    Ok(())
}
