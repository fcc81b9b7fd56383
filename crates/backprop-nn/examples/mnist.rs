//! Handwritten digits from the folder `mnist` in `BACKPROP_DATA`: `cargo run --release -p backprop-nn --example mnist`

use std::error::Error;
use std::fs::File;
use std::io::Read as _;

use backprop_nn::layers::{Conv2d, Dense, Dropout, Flatten, Function, MaxPool2d};
use backprop_nn::{Model, Training, layers};
use flate2::read::GzDecoder;
use ndarray::{Array1, Array4};

/// The bytes of a file of Yann LeCun's IDX format after its header.
fn bytes(name: &str, header: usize) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = format!("{}/mnist/{name}-ubyte.gz", std::env::var("BACKPROP_DATA")?);
    let mut bytes = Vec::new();
    GzDecoder::new(File::open(path)?).read_to_end(&mut bytes)?;
    Ok(bytes.split_off(header))
}

fn main() -> Result<(), Box<dyn Error>> {
    let images = |name: &str| -> Result<Array4<f32>, Box<dyn Error>> {
        let pixels: Vec<f32> = bytes(name, 16)?.into_iter().map(|pixel| f32::from(pixel) / 255.0).collect();
        Ok(Array4::from_shape_vec((pixels.len() / 784, 28, 28, 1), pixels)?)
    };
    let (x, y) = (images("train-images-idx3")?, Array1::from(bytes("train-labels-idx1", 8)?));
    let (test_x, test_y) = (images("t10k-images-idx3")?, Array1::from(bytes("t10k-labels-idx1", 8)?));

    let conv = Conv2d { filters: 16, ..Conv2d::default() };
    let (hidden, output) = (Dense::new(64, Function::Relu), Dense::new(10, Function::Linear));
    let stack = layers![conv, MaxPool2d::default(), Flatten {}, hidden, Dropout::default(), output];
    let mut model = Model::new(stack);
    for epoch in model.fit(&x, &y, &Training { epochs: 3, ..Training::default() })?.epochs {
        println!("training loss {:.4}", epoch.training.loss);
    }
    println!("test accuracy {:.4}", model.evaluate(&test_x, &test_y)?.accuracy.unwrap_or_default());
    Ok(())
}
