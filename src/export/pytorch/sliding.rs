//! The layers whose numbers PyTorch lays out otherwise: convolutions and recurrent layers.

use super::network::{Param, Writer, activated};
use super::tensors::{Array, transposed};
use backprop_nn::activation::Function;
use backprop_nn::graph::{Convolution, ConvolutionTranspose, Operation, Tensor};
use backprop_nn::layers::{LayerSpec, Padding, Returns};

impl<'a> Writer<'a> {
    pub fn convolution(
        &mut self,
        layer: &LayerSpec,
        params: &[Param<'a>],
        (padding, activation): (Padding, Function),
    ) -> Option<()> {
        self.first();
        let tensors: Vec<Tensor<'a>> = params.iter().map(|param| param.tensor.clone()).collect();
        let Operation::Convolution(Convolution { kernel, bias, stride, dilation, groups, before, after, .. }) =
            layer.operations(self.shape, &tensors)?.into_iter().next()?
        else {
            return None;
        };
        let (axes, channels) = (self.shape.dims().len() - 1, self.shape.channels());
        let mut made = format!("nn.Conv{axes}d({channels}, {}, {}", kernel.dims[3], kernel.dims[1]);
        let mut option = |name: &str, value: usize, usual: usize| {
            if value != usual {
                made.push_str(&format!(", {name}={value}"));
            }
        };
        option("stride", stride, 1);
        option("dilation", dilation, 1);
        option("groups", groups, 1);
        // The convolution of a sequence has no rows.
        let rows = if axes == 2 { 0 } else { 1 };
        let is_even = before[rows..] == after[rows..] && before[rows] == before[1];
        let mut x = "x".to_owned();
        match (padding, stride) {
            (Padding::Same, 1) => made.push_str(", padding=\"same\""),
            _ if is_even => {
                if before[1] > 0 {
                    made.push_str(&format!(", padding={}", before[1]));
                }
            }
            // The odd zero stands behind.
            _ if axes == 2 => x = format!("F.pad(x, ({}, {}, {}, {}))", before[1], after[1], before[0], after[0]),
            _ => x = format!("F.pad(x, ({}, {}))", before[1], after[1]),
        }
        if bias.is_none() {
            made.push_str(", bias=False");
        }
        let name = self.module(if bias.is_none() { "depthwise" } else { "conv" }, &(made + ")"));
        let (dims, values) = transposed(&kernel.dims, &kernel.values, &[3, 2, 0, 1]);
        let dims = if axes == 2 { dims } else { vec![dims[0], dims[1], dims[3]] };
        self.array(&format!("{name}.weight"), params.first()?, dims, values);
        if bias.is_some() {
            self.as_is(&format!("{name}.bias"), params.get(1)?);
        }
        self.set(activated(activation, &format!("self.{name}({x})")));
        Some(())
    }

    pub fn transposed_convolution(
        &mut self,
        layer: &LayerSpec,
        params: &[Param<'a>],
        activation: Function,
    ) -> Option<()> {
        self.first();
        let tensors: Vec<Tensor<'a>> = params.iter().map(|param| param.tensor.clone()).collect();
        let Operation::ConvolutionTranspose(ConvolutionTranspose { kernel, stride, before, output, .. }) =
            layer.operations(self.shape, &tensors)?.into_iter().next()?
        else {
            return None;
        };
        let [height, _, channels] = self.shape.as_image()?;
        let (size, filters) = (kernel.dims[0], kernel.dims[2]);
        let mut made = format!("nn.ConvTranspose2d({channels}, {filters}, {size}, stride={stride}");
        if before[0] > 0 {
            made.push_str(&format!(", padding={}", before[0]));
        }
        let given = (height - 1) * stride + size - 2 * before[0];
        if output[0] > given {
            made.push_str(&format!(", output_padding={}", output[0] - given));
        }
        let name = self.module("conv_transpose", &(made + ")"));
        self.reordered(&format!("{name}.weight"), params.first()?, &[3, 2, 0, 1]);
        self.as_is(&format!("{name}.bias"), params.get(1)?);
        let cut = match output[0] < given {
            true => format!("[:, :, :{}, :{}]", output[0], output[1]),
            false => String::new(),
        };
        self.set(activated(activation, &format!("self.{name}(x){cut}")));
        Some(())
    }

    /// PyTorch adds two biases, of the input and of the state. A GRU has both here too; the others have one, and the second
    /// stays 0.
    pub fn recurrent(
        &mut self,
        (name, class): (&'static str, &str),
        (units, returns): (usize, Returns),
        params: &[Param<'a>],
    ) -> Option<()> {
        self.last();
        let features = self.shape.channels();
        let is_bidirectional = params.len() == 6;
        let both = if is_bidirectional { ", bidirectional=True" } else { "" };
        let name = self.module(name, &format!("nn.{class}({features}, {units}, batch_first=True{both})"));
        let directions = if is_bidirectional { &["", "_reverse"][..] } else { &[""][..] };
        // Here the gates of a GRU are z, r, g; PyTorch has r, z, g.
        let gates: &[usize] = match class {
            "RNN" => &[0],
            "GRU" => &[1, 0, 2],
            _ => &[0, 1, 2, 3],
        };
        let rows = |values: &[f32], width: usize| -> Vec<f32> {
            gates.iter().flat_map(|gate| &values[gate * units * width..][..units * width]).copied().collect()
        };
        for (at, suffix) in directions.iter().enumerate() {
            let part = |of: usize| params.get(of * directions.len() + at);
            for (of, tensor) in [(0, "weight_ih_l0"), (1, "weight_hh_l0")] {
                let kernel = part(of)?;
                let (dims, values) = transposed(&kernel.tensor.dims, &kernel.tensor.values, &[1, 0]);
                let values = rows(&values, dims[1]);
                self.array(&format!("{name}.{tensor}{suffix}"), kernel, dims, values);
            }
            let bias = part(2)?;
            let sums = gates.len() * units;
            let (of_input, of_state) = bias.tensor.values.split_at(sums);
            let second = format!("{name}.bias_hh_l0{suffix}");
            self.array(&format!("{name}.bias_ih_l0{suffix}"), bias, vec![sums], rows(of_input, 1));
            if of_state.is_empty() {
                let line = format!("self.{second}.requires_grad_(False)  # one bias is enough; this one stays 0");
                self.class.modules.push(line);
                self.class.arrays.push(Array { name: second, dims: vec![sums], values: vec![0.0; sums] });
            } else {
                self.array(&second, bias, vec![sums], rows(of_state, 1));
            }
        }
        match (returns, is_bidirectional) {
            (Returns::AllSteps, _) => self.line(format!("x, _ = self.{name}(x)")),
            (Returns::LastStep, false) => self.line(format!("x = self.{name}(x)[0][:, -1]  # the last step")),
            (Returns::LastStep, true) => {
                self.line(format!("x, _ = self.{name}(x)"));
                let forwards = format!("x[:, -1, :{units}], x[:, 0, {units}:]");
                self.line(format!("x = torch.cat([{forwards}], dim=1)  # the last step of each direction"));
            }
        }
        Some(())
    }
}
