//! The hot loops on one thread, at the sizes of the presets: arithmetic per second, or numbers per second.

use backprop_nn::kernels::attention::{Head, HeadBackward, Scores};
use backprop_nn::kernels::convolution::{self, Window};
use backprop_nn::kernels::matmul::{Matrix, MatrixMut, Write, matmul};
use backprop_nn::kernels::outer;
use backprop_nn::kernels::pool::{self, Windows};
use backprop_nn::kernels::transpose::transpose;
use backprop_nn::kernels::winograd;
use backprop_nn::optim::Step;
use backprop_nn::{LossSpec, OptimizerSpec, Targets};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn numbers(len: usize) -> Vec<f32> {
    (0..len).map(|at| (at as f32 * 0.37).sin()).collect()
}

/// `a·b`, and `aᵀ·b` summed over eight shards, as a dense layer and a recurrent one need them for 16 samples a shard.
fn products(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matrix product");
    for (rows, inner, columns) in
        [(16, 784, 128), (16, 6272, 128), (16, 5408, 10), (16, 5408, 32), (16, 128, 10), (16, 64, 256)]
    {
        let (a, b, grad) = (numbers(rows * inner), numbers(inner * columns), numbers(rows * columns));
        let (left, right) = (Matrix::new(&a, rows, inner), Matrix::new(&b, inner, columns));
        let name = format!("{rows}×{inner}×{columns}");
        group.throughput(Throughput::Elements(2 * (rows * inner * columns) as u64));
        let mut out = numbers(rows * columns);
        group.bench_function(format!("forward {name}"), |bencher| {
            bencher.iter(|| matmul(MatrixMut::new(&mut out, rows, columns), left, right, Write::Replace));
        });
        let mut out = numbers(inner * columns);
        group.throughput(Throughput::Elements(2 * (8 * rows * inner * columns) as u64));
        group.bench_function(format!("gradient of the kernel {name}, eight shards"), |bencher| {
            bencher.iter(|| outer::sum(&[(&a[..], &grad[..]); 8], inner, columns, 0, &mut out));
        });
        group.throughput(Throughput::Elements((inner * columns) as u64));
        group.bench_function(format!("transpose {inner}×{columns}"), |bencher| {
            bencher.iter(|| transpose(&b, &mut out, columns, b.len() / columns));
        });
    }
}

/// One image through the convolutions of the presets.
fn convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("convolution");
    let window = |image, size, output: usize, filters| Window::new(image, size, [output; 2], filters);
    let dense = |inputs, units| Window::new([1, 16, inputs], [1, 1], [1, 16], units);
    for window in [
        dense(5408, 10),
        dense(5408, 32),
        dense(128, 10),
        window([28, 28, 1], [3, 3], 26, 32),
        window([32, 32, 1], [5, 5], 28, 32),
        window([13, 13, 32], [3, 3], 10, 64),
        window([5, 5, 64], [3, 3], 3, 64),
        window([30, 30, 32], [3, 3], 28, 32),
        window([16, 16, 64], [3, 3], 14, 64),
    ] {
        let (rows, patch) = (window.output[0], window.patch_len());
        let (image, kernel) = (numbers(window.image_len()), numbers(patch * window.filters));
        let (bias, grad) = (numbers(window.filters), numbers(window.band_len(rows)));
        let [height, width, channels] = window.image;
        let name = format!("{height}×{width}×{channels}");
        group.throughput(Throughput::Elements(2 * (grad.len() * patch) as u64));
        let mut output = grad.clone();
        group.bench_function(format!("forward {name}"), |bencher| {
            bencher.iter(|| convolution::forward(&window, 0..rows, &image, &kernel, &bias, &mut output));
        });
        let mut grad_kernel = kernel.clone();
        group.bench_function(format!("gradient of the kernel {name}"), |bencher| {
            bencher.iter(|| convolution::grad_kernel(&window, 0..rows, &image, &grad, &mut grad_kernel));
        });
        let mut grad_image = image.clone();
        group.bench_function(format!("gradient of the image {name}"), |bencher| {
            bencher.iter(|| convolution::grad_image(&window, 0..rows, &kernel, &grad, &mut grad_image));
        });
    }
}

/// Sixteen images through the same products with fewer multiplications, counted as those of the definition.
fn fast_convolutions(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("Winograd");
    for (side, channels, filters) in
        [(28, 32, 32), (14, 32, 64), (14, 64, 64), (5, 64, 128), (10, 32, 64), (28, 16, 16)]
    {
        let convolution =
            winograd::Convolution { image: [side, side, channels], before: [1; 2], output: [side; 2], filters };
        let (images, kernel) = (numbers(16 * side * side * channels), numbers(convolution.kernel_len()));
        let (bias, grad) = (numbers(filters), numbers(16 * side * side * filters));
        let (mut room, mut outputs) = (numbers(convolution.room_len()), grad.clone());
        let name = format!("{side}×{side}×{channels}→{filters}");
        group.throughput(Throughput::Elements(2 * (grad.len() * 9 * channels) as u64));
        group.bench_function(format!("forward {name}"), |bencher| {
            bencher.iter(|| winograd::forward(&convolution, &images, &kernel, &bias, &mut outputs, &mut room));
        });
        group.throughput(Throughput::Elements(4 * (grad.len() * 9 * channels) as u64));
        let (mut grad_kernel, mut grad_images) = (kernel.clone(), images.clone());
        group.bench_function(format!("both gradients {name}"), |bencher| {
            bencher.iter(|| {
                let gradients =
                    winograd::Gradients { kernel: Some(&mut grad_kernel), images: Some((&mut grad_images, &kernel)) };
                winograd::backward(&convolution, &images, &grad, gradients, &mut room);
            });
        });
    }
}

/// Thirteen rows of thirteen windows, as after the first convolution of `cnn-small`.
fn pooling(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("max pooling");
    let windows = Windows { size: [2; 2], count: 13 * 13, channels: 32, row_stride: 26 * 13 * 32 };
    let mut input = numbers(2 * windows.row_stride);
    let (mut output, mut winner) = (numbers(13 * 13 * 32), numbers(13 * 13 * 32));
    group.throughput(Throughput::Elements(input.len() as u64));
    group.bench_function("forward", |bencher| bencher.iter(|| pool::max(windows, &input, &mut output, &mut winner)));
    group.bench_function("backward", |bencher| {
        bencher.iter(|| pool::max_backward(windows, &output, &winner, &mut input));
    });
}

/// The loss and its gradient for the steps of texts, as many classes as there are words.
fn losses(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("softmax cross-entropy");
    for classes in [10, 65, 1024, 8192] {
        let rows = 65_536 / classes;
        let (outputs, loss) = (numbers(rows * classes), LossSpec::default());
        let (labels, mut grad) = (vec![3; rows], vec![0.0; outputs.len()]);
        group.throughput(Throughput::Elements(outputs.len() as u64));
        group.bench_function(format!("{classes} classes"), |bencher| {
            bencher.iter(|| loss.value_and_grad(&outputs, Targets::Classes(&labels), 1.0, &mut grad));
        });
    }
}

/// Attention of one head, forward and backward, without its projections.
fn attention(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("attention head");
    for (steps, width) in [(64, 32), (256, 64)] {
        let head = Head { steps, width, stride: 4 * width, causal: true };
        let len = steps * head.stride;
        let (queries, keys, values) = (numbers(len), numbers(len), numbers(len));
        let (mut context, mut log_sums) = (numbers(len), numbers(steps));
        let mut scratch = numbers(head.forward_scratch().max(head.backward_scratch()));
        group.throughput(Throughput::Elements((2 * steps * steps * width) as u64));
        group.bench_function(format!("forward {steps}×{width}"), |bencher| {
            bencher.iter(|| {
                let scores = Scores { queries: &queries, keys: &keys, mask: &[] };
                head.forward(scores, &values, None, &mut context, &mut log_sums, &mut scratch);
            });
        });
        let grad = numbers(len);
        let (mut queries, mut keys, mut values) = (queries.clone(), keys.clone(), values.clone());
        group.bench_function(format!("backward {steps}×{width}"), |bencher| {
            bencher.iter(|| {
                let pass = HeadBackward {
                    queries: &mut queries,
                    keys: &mut keys,
                    values: &mut values,
                    mask: &[],
                    grad_context: &grad,
                    log_sums: &log_sums,
                };
                head.backward(pass, None, &mut scratch);
            });
        });
    }
}

fn optimizers(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("optimizer");
    let mut weights = numbers(16_384);
    let grad = numbers(weights.len());
    group.throughput(Throughput::Elements(weights.len() as u64));
    for spec in OptimizerSpec::all() {
        let mut state = vec![0.0; spec.slots() * weights.len()];
        let step = Step { number: 100, learning_rate: 1e-6 };
        group.bench_function(spec.about().label, |bencher| {
            bencher.iter(|| spec.update(step, &mut weights, &grad, &mut state));
        });
    }
}

criterion_group!(benches, products, convolutions, fast_convolutions, pooling, attention, losses, optimizers);
criterion_main!(benches);
