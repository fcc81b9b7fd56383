use super::*;
use crate::kernels::every_arch;

fn numbers(len: usize, step: f32) -> Vec<f32> {
    (0..len).map(|at| (at as f32 * step).sin()).collect()
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

/// On all vectors of this processor and on none, with tiles that hang over and bands of rows that begin within.
#[test]
fn the_three_products_agree_with_their_definition_to_a_hundred_thousandth() {
    let windows = [([9, 10, 16], [7, 8], 32), ([16, 30, 32], [14, 28], 16), ([11, 13, 48], [8, 11], 64)];
    for (size, output, filters) in windows {
        let window = &Window::new(size, [3, 3], output, filters);
        assert!(suits(window), "{window:?}");
        let (image, kernel) = (numbers(window.image_len(), 0.3), numbers(9 * size[2] * filters, 0.7));
        let (bias, grad) = (numbers(filters, 0.9), numbers(window.band_len(output[0]), 1.1));
        let expected = definition(window, &image, &kernel, &bias, &grad);
        let mut transposed = vec![0.0; kernel.len()];
        for (at, weight) in kernel.iter().enumerate() {
            transposed[at % filters * 9 * size[2] + at / filters] = *weight;
        }
        for arch in every_arch() {
            let mut room = vec![f32::NAN; room_len(window)];
            let [mut forth, mut back, mut grad_kernel] = [(); 3].map(|()| vec![0.0; kernel_len(window)]);
            let transform = |kernel, outer, inner, strides, transformed| {
                arch.dispatch(TransformKernel { kernel, outer, inner, strides, transformed });
            };
            transform(&kernel, size[2], filters, [size[2] * filters, filters], &mut forth[..]);
            transform(&transposed, filters, size[2], [size[2], 9 * size[2]], &mut back[..]);
            let mut got = [vec![f32::NAN; grad.len()], vec![0.0; kernel.len()], vec![0.0; image.len()]];
            // An odd number of rows first, so that the last tiles of a band hang over.
            for rows in [0..3, 3..output[0]] {
                let band = window.band_len(rows.start)..window.band_len(rows.end);
                let blocks = Blocks { window, rows };
                arch.dispatch(Output {
                    blocks: blocks.clone(),
                    image: &image,
                    kernel: &forth,
                    bias: &bias,
                    output: &mut got[0][band.clone()],
                    room: &mut room,
                });
                let gradients = Gradients { kernel: Some(&mut grad_kernel), image: Some((&mut got[2], &back)) };
                let grad_output = &grad[band];
                arch.dispatch(Backward { blocks, image: &image, grad_output, gradients, room: &mut room });
            }
            arch.dispatch(AddKernelGradient { transformed: &grad_kernel, gradient: &mut got[1] });
            for (what, (got, expected)) in ["output", "kernel", "image"].iter().zip(got.iter().zip(&expected)) {
                let error = error(got, expected);
                assert!(error < 1e-5, "{what} of {window:?} on {arch:?}: {error:e}");
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
    assert!(!suits(&window([3, 3], 64, 64)), "tiles that hang over waste too much");
    assert!(!suits(&window([28, 28], 1, 32)) && !suits(&window([28, 28], 32, 30)));
    assert!(!suits(&window([14, 14], 32, 32).strided(2)) && !suits(&window([28, 28], 32, 32).dilated(2)));
    assert!(!suits(&Window::new([32, 32, 32], [5, 5], [28, 28], 32)));
}
