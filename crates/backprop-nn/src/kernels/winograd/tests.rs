use super::*;
use rand::{RngExt as _, SeedableRng as _};

use crate::init::Rng;
use crate::kernels::every_arch;

/// Between -1 and 1, at random: in numbers that repeat themselves large terms cancel each other.
fn numbers(len: usize, seed: u64) -> Vec<f32> {
    let mut rng = Rng::seed_from_u64(seed);
    (0..len).map(|_| rng.random_range(-1.0..1.0)).collect()
}

/// The sums of the definition in double precision: output, gradient of the kernel, gradient of the image.
fn definition(window: &Window, image: &[f32], kernel: &[f32], bias: &[f32], grad: &[f32]) -> [Vec<f64>; 3] {
    let ([_, width, channels], filters) = (window.image, window.filters);
    let mut found = [grad.len(), kernel.len(), image.len()].map(|len| vec![0.0; len]);
    for position in 0..window.output[0] * window.output[1] {
        let (y, x) = (position / window.output[1], position % window.output[1]);
        for (filter, bias) in bias.iter().enumerate() {
            let at = position * filters + filter;
            found[0][at] = f64::from(*bias);
            for tap in 0..9 * channels {
                let pixel = ((y + tap / channels / 3) * width + x + tap / channels % 3) * channels + tap % channels;
                let weight = tap * filters + filter;
                let [value, factor, gradient] = [image[pixel], kernel[weight], grad[at]].map(f64::from);
                found[0][at] += value * factor;
                found[1][weight] += value * gradient;
                found[2][pixel] += factor * gradient;
            }
        }
    }
    found
}

/// The largest difference, as a share of the largest number.
fn error(got: &[f32], expected: &[f64]) -> f64 {
    let largest = expected.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    let differences = got.iter().zip(expected).map(|(got, expected)| (f64::from(*got) - expected).abs());
    differences.fold(0.0, f64::max) / largest
}

/// On all vectors of this processor and on none, with zeros around the images, tiles that hang over, and images whose tiles are cut
/// into blocks anywhere.
#[test]
fn the_three_products_agree_with_their_definition_to_three_millionths() {
    let shapes = [
        ([7, 8, 16], [0, 0], [4, 4], 32, 3),
        ([14, 28, 32], [1, 1], [14, 28], 16, 5),
        ([7, 7, 48], [1, 1], [7, 7], 64, 17),
        ([10, 13, 16], [1, 0], [8, 11], 48, 2),
    ];
    for (size @ [height, width, channels], before @ [above, left], output, filters, images) in shapes {
        let convolution = &Convolution { image: size, before, output, filters };
        // The same with its zeros, whose gradient nobody needs.
        let padded @ [tall, wide, _] = [height + 2, width + 2, channels];
        let window = &Window::new(padded, [3, 3], output, filters);
        assert!(suits(window), "{window:?}");
        let pixels = numbers(images * convolution.image_len(), 1);
        let (kernel, bias) = (numbers(9 * channels * filters, 2), numbers(filters, 3));
        let grad = numbers(images * convolution.output_len(), 4);
        let mut expected = [vec![], vec![0.0; kernel.len()], vec![]];
        for (pixels, grad) in pixels.chunks(convolution.image_len()).zip(grad.chunks(convolution.output_len())) {
            let place = |at: usize| {
                let (row, column) = (at / channels / width + above, at / channels % width + left);
                (row * wide + column) * channels + at % channels
            };
            let mut framed = vec![0.0; tall * wide * channels];
            pixels.iter().enumerate().for_each(|(at, pixel)| framed[place(at)] = *pixel);
            let [outputs, of_kernel, of_image] = definition(window, &framed, &kernel, &bias, grad);
            expected[0].extend(outputs);
            expected[1].iter_mut().zip(of_kernel).for_each(|(sum, found)| *sum += found);
            expected[2].extend((0..pixels.len()).map(|at| of_image[place(at)]));
        }
        let mut transposed = vec![0.0; kernel.len()];
        for (at, weight) in kernel.iter().enumerate() {
            transposed[at % filters * 9 * channels + at / filters] = *weight;
        }
        for arch in every_arch() {
            let mut room = vec![f32::NAN; convolution.room_len()];
            let [mut forth, mut back, mut grad_kernel] = [(); 3].map(|()| vec![0.0; convolution.kernel_len()]);
            let transform = |kernel, [rows, columns]: [usize; 2], strides, transformed| {
                arch.dispatch(TransformKernel { kernel, of: Matrices { rows, columns }, strides, transformed });
            };
            transform(&kernel, [channels, filters], [channels * filters, filters], &mut forth[..]);
            transform(&transposed, [filters, channels], [channels, 9 * channels], &mut back[..]);
            let mut got = [vec![f32::NAN; grad.len()], vec![0.0; kernel.len()], vec![0.0; pixels.len()]];
            let (kernel, bias) = (&forth, &bias);
            arch.dispatch(Output { convolution, images: &pixels, kernel, bias, outputs: &mut got[0], room: &mut room });
            let gradients = Gradients { kernel: Some(&mut grad_kernel), images: Some((&mut got[2], &back)) };
            arch.dispatch(Backward { convolution, images: &pixels, grad_outputs: &grad, gradients, room: &mut room });
            let of = Matrices { rows: channels, columns: filters };
            arch.dispatch(AddKernelGradient { transformed: &grad_kernel, of, gradient: &mut got[1] });
            for (what, (got, expected)) in ["output", "kernel", "images"].iter().zip(got.iter().zip(&expected)) {
                let error = error(got, expected);
                assert!(error < 3e-6, "{what} of {convolution:?} on {arch:?}: {error:e}");
            }
        }
    }
}

#[test]
fn only_windows_that_save_enough_are_worked_off_so() {
    let window = |output: [usize; 2], channels, filters| {
        Window::new([output[0] + 2, output[1] + 2, channels], [3, 3], output, filters)
    };
    assert!(suits(&window([28, 28], 32, 32)) && suits(&window([5, 5], 64, 128)) && suits(&window([7, 7], 16, 16)));
    assert!(suits(&window([3, 3], 64, 64)) && suits(&window([4, 4], 64, 64)));
    assert!(!suits(&window([2, 2], 64, 64)), "tiles that hang over waste too much");
    assert!(!suits(&window([28, 28], 1, 32)) && !suits(&window([28, 28], 32, 30)));
    assert!(!suits(&window([14, 14], 32, 32).strided(2)) && !suits(&window([28, 28], 32, 32).dilated(2)));
    assert!(!suits(&Window::new([32, 32, 32], [5, 5], [28, 28], 32)));
}
