use serde::{Deserialize, Serialize};

use super::Function;
use crate::nn::init::Init;
use crate::nn::kernels::matmul::{Matrix, MatrixMut, Write, add_rows, matmul, sum_rows};
use crate::nn::kernels::patches::{Window, roll, unroll};
use crate::nn::knob::{Knob, choice};
use crate::nn::layer::{Backward, Forward, Layer, ParamInfo, Plan, Spec};
use crate::nn::shape::{Fix, Shape, ShapeError};

/// What happens at the edge of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Padding {
    /// The kernel stays inside, so the image shrinks.
    #[default]
    Valid,
    /// Zeros around the image keep its size (at stride 1), with the odd one after it, as in Keras.
    Same,
}

choice!(Padding { Valid => "Valid", Same => "Same" });

/// Slides small kernels over an image: `y[p] = f(Σ x[p + k]·W[k] + b)`.
///
/// Shapes: `[n, height, width, channels]` to `[n, height', width', filters]`,
/// kernel `[kernel, kernel, channels, filters]`, bias `[filters]`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Conv2d {
    pub filters: usize,
    /// Rows and columns of a kernel.
    pub kernel: usize,
    pub stride: usize,
    pub padding: Padding,
    pub activation: Function,
}

impl Default for Conv2d {
    fn default() -> Self {
        Self { filters: 32, kernel: 3, stride: 1, padding: Padding::Valid, activation: Function::Relu }
    }
}

impl Conv2d {
    fn window(&self, [height, width, channels]: [usize; 3]) -> Option<Window> {
        let size = [self.kernel; 2];
        let (output, pad) = match self.padding {
            Padding::Valid => {
                let fit = |n: usize| Some(n.checked_sub(self.kernel)? / self.stride + 1);
                ([fit(height)?, fit(width)?], [0, 0])
            }
            Padding::Same => {
                let output = [height.div_ceil(self.stride), width.div_ceil(self.stride)];
                let before = |n: usize, out: usize| ((out - 1) * self.stride + self.kernel).saturating_sub(n) / 2;
                (output, [before(height, output[0]), before(width, output[1])])
            }
        };
        Some(Window { input: [height, width, channels], size, stride: self.stride, pad, output })
    }
}

impl Spec for Conv2d {
    fn label(&self) -> &'static str {
        "Conv2d"
    }

    fn detail(&self) -> String {
        let Self { filters, kernel, stride, padding, activation } = self;
        let stride = if *stride > 1 { format!(" /{stride}") } else { String::new() };
        let padding = if *padding == Padding::Same { " same" } else { "" };
        format!("{filters} {kernel}×{kernel}{stride}{padding}{}", activation.suffix())
    }

    fn help(&self) -> &'static str {
        "Slides small kernels over the image; each learns to find one pattern, wherever it is."
    }

    fn plan(&self, input: Shape) -> Result<Plan, ShapeError> {
        let Some(image) = input.as_image() else {
            return Err(ShapeError::new(format!(
                "Conv2d takes an image, and {} arrives. Move it to where an image is, or remove it.",
                input.described()
            ))
            .with_fix(Fix::Remove));
        };
        let Some(window) = self.window(image) else {
            let Self { kernel, .. } = self;
            return Err(ShapeError::new(format!(
                "A {kernel}×{kernel} kernel does not fit into {}×{}. Pad with zeros, take a smaller kernel or pool less before.",
                image[0], image[1]
            ))
            .with_fix(Fix::Replace(Self { padding: Padding::Same, ..self.clone() }.into())));
        };
        let weights = window.patch_len() * self.filters;
        Ok(Plan {
            output: Shape::image(window.output[0], window.output[1], self.filters),
            params: weights + self.filters,
            multiply_adds: (window.positions() * weights) as u64,
        })
    }

    fn build(&self, input: Shape) -> Box<dyn Layer> {
        let [height, width, channels] = input.as_image().unwrap_or([0; 3]);
        let empty =
            Window { input: [height, width, channels], size: [self.kernel; 2], stride: 1, pad: [0; 2], output: [0; 2] };
        let window = self.window([height, width, channels]).unwrap_or(empty);
        Box::new(BuiltConv2d { window, filters: self.filters, activation: self.activation })
    }

    fn knobs(&mut self) -> Vec<Knob<'_>> {
        let Self { filters, kernel, stride, padding, activation } = self;
        vec![
            Knob::whole(
                "filters",
                "Filters",
                filters,
                1..=512,
                32,
                "How many patterns to look for; each costs a whole feature map of time.",
            ),
            Knob::whole(
                "kernel",
                "Kernel",
                kernel,
                1..=11,
                3,
                "Rows and columns of a kernel; a large one sees more at once and has many more weights.",
            ),
            Knob::whole(
                "stride",
                "Stride",
                stride,
                1..=4,
                1,
                "Pixels from one position to the next; 2 halves the image and loses detail.",
            ),
            Knob::choice(
                "padding",
                "Padding",
                padding,
                "Valid shrinks the image; same keeps its size with zeros around it.",
            ),
            Knob::choice(
                "activation",
                "Activation",
                activation,
                "What bends the sum; without one, stacked convolutions are no more than one.",
            ),
        ]
    }
}

/// Rows of patches that are multiplied at once: enough for a fast product, few enough to stay in the cache.
const PATCH_ROWS: usize = 256;

struct BuiltConv2d {
    window: Window,
    filters: usize,
    activation: Function,
}

impl BuiltConv2d {
    /// Samples whose patches are made at once.
    fn group(&self) -> usize {
        (PATCH_ROWS / self.window.positions().max(1)).max(1)
    }

    fn output_len(&self) -> usize {
        self.window.positions() * self.filters
    }

    fn unroll(&self, images: &[f32], patches: &mut [f32]) {
        let per_image = self.window.positions() * self.window.patch_len();
        for (image, patches) in images.chunks_exact(self.window.input_len()).zip(patches.chunks_exact_mut(per_image)) {
            unroll(&self.window, image, patches);
        }
    }
}

impl Layer for BuiltConv2d {
    fn params(&self) -> Vec<ParamInfo> {
        let [kh, kw] = self.window.size;
        let channels = self.window.input[2];
        let init = Init::GlorotUniform { fan_in: kh * kw * channels, fan_out: kh * kw * self.filters };
        vec![
            ParamInfo::new("kernel", &[kh, kw, channels, self.filters], init),
            ParamInfo::new("bias", &[self.filters], Init::Zeros),
        ]
    }

    fn memo_len(&self) -> usize {
        self.activation.memo_len(self.output_len())
    }

    fn scratch_len(&self, samples: usize) -> usize {
        samples.min(self.group()) * self.window.positions() * self.window.patch_len()
    }

    fn forward(&self, pass: Forward<'_>) {
        let (group, patch) = (self.group(), self.window.patch_len());
        let (kernel, bias) = pass.params.split_at(patch * self.filters);
        let outputs = pass.output.chunks_mut(group * self.output_len());
        for (images, output) in pass.input.chunks(group * self.window.input_len()).zip(outputs) {
            let rows = output.len() / self.filters;
            self.unroll(images, pass.scratch);
            let (patches, kernel) = (Matrix::new(pass.scratch, rows, patch), Matrix::new(kernel, patch, self.filters));
            matmul(MatrixMut::new(output, rows, self.filters), patches, kernel, Write::Replace);
            add_rows(output, bias);
        }
        self.activation.forward(pass.output, pass.memo);
    }

    /// `dz = dy ⊙ f'(z)`, `dW += patchesᵀ·dz`, `db += Σ dz`, and `dz·Wᵀ` rolled back into the image.
    fn backward(&self, pass: Backward<'_>) {
        let (group, patch) = (self.group(), self.window.patch_len());
        let (kernel, _) = pass.params.split_at(patch * self.filters);
        let (grad_kernel, grad_bias) = pass.grad_params.split_at_mut(patch * self.filters);
        self.activation.backward(pass.grad_output, pass.output, pass.memo);
        grad_kernel.fill(0.0);
        grad_bias.fill(0.0);
        sum_rows(grad_bias, pass.grad_output);

        let image_len = group * self.window.input_len();
        let mut grad_images = pass.grad_input.map(|grad_input| {
            grad_input.fill(0.0);
            grad_input.chunks_mut(image_len)
        });
        let grads = pass.grad_output.chunks(group * self.output_len());
        for (images, grad) in pass.input.chunks(image_len).zip(grads) {
            let rows = grad.len() / self.filters;
            let grad = Matrix::new(grad, rows, self.filters);
            self.unroll(images, pass.scratch);
            let patches = Matrix::new(pass.scratch, rows, patch);
            matmul(MatrixMut::new(grad_kernel, patch, self.filters), patches.t(), grad, Write::Add);
            if let Some(grad_images) = grad_images.as_mut().and_then(Iterator::next) {
                let patches = MatrixMut::new(pass.scratch, rows, patch);
                matmul(patches, grad, Matrix::new(kernel, patch, self.filters).t(), Write::Replace);
                let per_image = self.window.positions() * patch;
                let patches = pass.scratch.chunks_exact(per_image);
                for (image, patches) in grad_images.chunks_exact_mut(self.window.input_len()).zip(patches) {
                    roll(&self.window, patches, image);
                }
            }
        }
    }
}
