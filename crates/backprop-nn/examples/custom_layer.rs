//! A layer that lives outside the package: `cargo run --release -p backprop-nn --example custom_layer`

use backprop_nn::layer::{Backward, Forward, Layer};
use backprop_nn::{LayerSpec, Model, ModelError, Plan, Shape, Spec, Training, field::Settings, layers};
use backprop_nn::{layers::Dense, layers::Function, loss::MeanSquaredError, optim::Adam, spec::ShapeError};
use ndarray::Array;

/// A sine as activation function, for networks that represent signals (Sitzmann et al. 2020).
#[derive(Clone, Settings)]
struct Sine {
    /// Frequency ω of `y = sin(ω x)`. Larger values learn finer detail, and too large ones noise.
    #[field(default = 30.0, range = 0.1..=100.0)]
    omega: f32,
}

#[rustfmt::skip]
impl Spec for Sine {
    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> { Ok(Plan::free(input)) }
    fn build(&self, _: Shape) -> Box<dyn Layer> { Box::new(self.clone()) }
}

impl Layer for Sine {
    fn forward(&self, pass: Forward<'_>) {
        pass.output.iter_mut().zip(pass.input).for_each(|(y, x)| *y = (self.omega * x).sin());
    }
    fn backward(&self, pass: Backward<'_>) {
        let dx = pass.grad_output.iter().zip(pass.input).map(|(dy, x)| dy * self.omega * (self.omega * x).cos());
        pass.grad_input.into_iter().flatten().zip(dx).for_each(|(grad_input, dx)| *grad_input = dx);
    }
}

fn main() -> Result<(), ModelError> {
    let (x, loss) = (Array::linspace(-1.0, 1.0, 200), MeanSquaredError {}.into());
    let [hidden, output] = [32, 1].map(|units| Dense::new(units, Function::Linear));
    let mut model = Model::new(layers![hidden, LayerSpec::custom(Sine::default()), output]);
    let training = Training { loss, optimizer: Adam::default().into(), epochs: 500, ..Training::default() };
    let history = model.fit(&x, &x.mapv(|x: f32| (9.0 * x).sin()), &training);
    history.map(|history| println!("loss {:.6}", history.last().loss))
}
