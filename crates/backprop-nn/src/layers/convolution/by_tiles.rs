//! A convolution whose products are those of tiles, several images at a time.

use super::BuiltConv;
use crate::kernels::winograd::{self, Convolution, Gradients};
use crate::layer::{Backward, Forward};

/// A layer that is worked off so.
pub(super) struct ByTiles<'a> {
    layer: &'a BuiltConv,
    convolution: Convolution,
}

impl BuiltConv {
    /// The layer by tiles, if that saves enough.
    pub(super) fn by_tiles(&self) -> Option<ByTiles<'_>> {
        let Self { image, before, window, .. } = self;
        let convolution =
            || Convolution { image: *image, before: *before, output: window.output, filters: window.filters };
        winograd::suits(window).then(|| ByTiles { layer: self, convolution: convolution() })
    }
}

impl ByTiles<'_> {
    /// Room for a transformed kernel and its gradient, for the products, and for outputs that are pooled at once.
    pub fn scratch_len(&self) -> usize {
        let Self { convolution, .. } = self;
        2 * convolution.kernel_len() + convolution.room_len() + self.sums_len()
    }

    /// Numbers of the outputs that are pooled at once.
    fn sums_len(&self) -> usize {
        if self.layer.pool.is_some() { self.convolution.images_at_once() * self.own_len() } else { 0 }
    }

    /// Numbers of the convolution's own output.
    fn own_len(&self) -> usize {
        self.layer.window.band_len(self.convolution.output[0])
    }

    /// As [`BuiltConv::convolve`].
    pub fn forward(&self, pass: &mut Forward<'_>) {
        let Self { layer, convolution } = self;
        let (channels, filters) = (convolution.image[2], convolution.filters);
        let (kernel, bias) = pass.params.split_at(layer.kernel_len());
        let (transformed, rest) = pass.scratch.split_at_mut(convolution.kernel_len());
        let (sums, room) = rest.split_at_mut(self.sums_len());
        winograd::transform_kernel(kernel, [channels, filters], [channels * filters, filters], transformed);
        let Some(size) = layer.pool else {
            return winograd::forward(convolution, pass.input, transformed, bias, pass.output, room);
        };
        let (images, len) = (convolution.images_at_once(), layer.output_len());
        let parts = pass.input.chunks(images * layer.image_len()).zip(pass.output.chunks_mut(images * len));
        for (part, (input, outputs)) in parts.enumerate() {
            let sums = &mut sums[..outputs.len() / len * self.own_len()];
            winograd::forward(convolution, input, transformed, bias, sums, room);
            let winners = pass.memo.get_mut(part * images * len..).unwrap_or_default();
            let all = &(0..convolution.output[0]);
            for (image, (sums, output)) in sums.chunks_exact(self.own_len()).zip(outputs.chunks_mut(len)).enumerate() {
                layer.pool(size, all, sums, output, winners.get_mut(image * len..).unwrap_or_default());
            }
        }
    }

    /// As [`BuiltConv::convolve_backward`].
    pub fn backward(&self, pass: Backward<'_>) {
        let Self { layer, convolution } = self;
        let (channels, filters) = (convolution.image[2], convolution.filters);
        let (transformed, rest) = pass.scratch.split_at_mut(convolution.kernel_len());
        let (grad_transformed, rest) = rest.split_at_mut(convolution.kernel_len());
        let (sums, room) = rest.split_at_mut(self.sums_len());
        let mut grad_input = pass.grad_input;
        if let Some(grad_input) = &mut grad_input {
            winograd::transform_kernel(pass.transposed, [filters, channels], [channels, 9 * channels], transformed);
            grad_input.fill(0.0);
        }
        grad_transformed.fill(0.0);
        let images = if layer.pool.is_some() { convolution.images_at_once() } else { pass.samples };
        let len = layer.output_len();
        let of_images = images * layer.image_len();
        for (part, grad) in pass.grad_output.chunks(images * len).enumerate() {
            let pixels = part * of_images..((part + 1) * of_images).min(pass.input.len());
            let winners = pass.memo.get(part * images * len..).unwrap_or_default();
            let grad = match layer.pool {
                None => grad,
                Some(size) => {
                    let all = &(0..convolution.output[0]);
                    for (image, sums) in sums.chunks_exact_mut(self.own_len()).take(grad.len() / len).enumerate() {
                        layer.unpool(size, all, &grad[image * len..], &winners[image * len..], sums);
                    }
                    &sums[..grad.len() / len * self.own_len()]
                }
            };
            let gradients = Gradients {
                kernel: (!pass.is_frozen).then_some(&mut *grad_transformed),
                images: grad_input.as_deref_mut().map(|images| (&mut images[pixels.clone()], &*transformed)),
            };
            winograd::backward(convolution, &pass.input[pixels], grad, gradients, room);
        }
        if !pass.is_frozen {
            let grad_kernel = &mut pass.grad_params[..layer.kernel_len()];
            winograd::add_kernel_gradient(grad_transformed, [channels, filters], grad_kernel);
        }
    }
}
