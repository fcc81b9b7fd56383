//! Kernels that slide. Here a kernel is square and its padding is `valid` or `same`; one of the file that is neither is put into
//! a larger kernel with zeros around it, wherever that computes the same.

use super::super::layout::{Channels, Value};
use super::super::node::Node;
use super::super::reader::{Known, Reader};
use super::super::tensor::Tensor;
use backprop_nn::layers::{Conv1d, Conv2d, ConvTranspose2d, Function, Padding};
use backprop_nn::{LayerSpec, Shape};

/// The largest kernels of Conv2d and ConvTranspose2d, and of Conv1d.
const LARGEST: [usize; 2] = [31, 11];

/// One axis along which a kernel slides.
#[derive(Clone, Copy, Debug)]
struct Axis {
    size: usize,
    kernel: usize,
    stride: usize,
    dilation: usize,
    /// Zeros before the first pixel and behind the last; of a transpose what is cut off.
    pads: [usize; 2],
    /// Of a transpose: rows that are added behind the last.
    added: usize,
}

/// The kernel here that a kernel of the file lies in.
#[derive(Clone, Debug)]
struct Fit {
    kernel: usize,
    padding: Padding,
    dilation: usize,
    /// Where it lies along each axis.
    offsets: Vec<usize>,
}

impl Axis {
    fn reach(&self, kernel: usize, dilation: usize) -> usize {
        (kernel - 1) * dilation + 1
    }

    fn output(&self) -> Option<usize> {
        let padded = self.size + self.pads[0] + self.pads[1];
        Some(padded.checked_sub(self.reach(self.kernel, self.dilation))? / self.stride + 1)
    }

    /// Zeros before the first pixel and positions of a kernel here.
    fn own(&self, kernel: usize, dilation: usize, padding: Padding) -> Option<[usize; 2]> {
        let reach = self.reach(kernel, dilation);
        match padding {
            Padding::Valid => Some([0, self.size.checked_sub(reach)? / self.stride + 1]),
            Padding::Same => {
                let output = self.size.div_ceil(self.stride);
                let padded = ((output - 1) * self.stride + reach).max(self.size);
                Some([(padded - self.size) / 2, output])
            }
        }
    }

    /// Where the kernel lies in one of this size, if both compute the same.
    fn offset(&self, kernel: usize, dilation: usize, padding: Padding) -> Option<usize> {
        let [before, output] = self.own(kernel, dilation, padding)?;
        let zeros = before.checked_sub(self.pads[0]).filter(|zeros| zeros.is_multiple_of(dilation))?;
        let offset = zeros / dilation;
        (self.output()? == output && offset + self.kernel <= kernel).then_some(offset)
    }

    /// Rows of the output of a transpose, and how many are cut off before them, for a kernel here.
    fn own_transposed(&self, kernel: usize, padding: Padding) -> [usize; 2] {
        let padded = (self.size - 1) * self.stride + kernel.max(self.stride);
        match padding {
            Padding::Valid => [padded, 0],
            Padding::Same => [self.size * self.stride, (padded - self.size * self.stride) / 2],
        }
    }

    fn offset_transposed(&self, kernel: usize, padding: Padding) -> Option<usize> {
        let [own, before] = self.own_transposed(kernel, padding);
        let whole = (self.size - 1) * self.stride + self.kernel + self.added;
        let output = whole.saturating_sub(self.pads[0] + self.pads[1]);
        // What is cut off before the first row here is more than in the file by where the kernel lies.
        let offset = before.checked_sub(self.pads[0])?;
        (own == output && offset + self.kernel <= kernel).then_some(offset)
    }
}

/// The smallest kernel here that computes the same as one of the file.
fn fit(axes: &[Axis], largest: usize, offset: impl Fn(&Axis, usize, usize, Padding) -> Option<usize>) -> Option<Fit> {
    let wide = || axes.iter().filter(|axis| axis.kernel > 1);
    let dilation = wide().map(|axis| axis.dilation).max().unwrap_or(1);
    if !wide().all(|axis| axis.dilation == dilation) {
        return None;
    }
    let least = axes.iter().map(|axis| axis.kernel).max()?;
    (least..=largest).find_map(|kernel| {
        [Padding::Valid, Padding::Same].into_iter().find_map(|padding| {
            let offsets =
                axes.iter().map(|axis| offset(axis, kernel, dilation, padding)).collect::<Option<Vec<_>>>()?;
            Some(Fit { kernel, padding, dilation, offsets })
        })
    })
}

/// Zeros before and behind, by the settings of a node.
fn pads(node: &Node, axis: usize, axes: usize, sizes: &Axis) -> Result<[usize; 2], String> {
    let total = |of: &Axis| {
        let output = of.size.div_ceil(of.stride);
        ((output - 1) * of.stride + of.reach(of.kernel, of.dilation)).saturating_sub(of.size)
    };
    match &*node.text("auto_pad") {
        "" | "NOTSET" => {
            let pads = node.sizes("pads", 2 * axes, 0).map_err(|_| {
                format!("its pads {:?} are not {} sizes", node.ints("pads").unwrap_or_default(), 2 * axes)
            })?;
            Ok([pads[axis], pads[axes + axis]])
        }
        "VALID" => Ok([0, 0]),
        "SAME_UPPER" => Ok([total(sizes) / 2, total(sizes).div_ceil(2)]),
        "SAME_LOWER" => Ok([total(sizes).div_ceil(2), total(sizes) / 2]),
        other => Err(format!("its auto_pad is {other}")),
    }
}

/// The axes along which a kernel of these sizes slides over an array.
fn axes_of(node: &Node, dims: &[usize], kernel: &[usize], is_transposed: bool) -> Result<Vec<Axis>, String> {
    let count = kernel.len();
    let (strides, dilations) = (node.sizes("strides", count, 1)?, node.sizes("dilations", count, 1)?);
    if strides.iter().chain(&dilations).chain(kernel).any(|size| *size == 0) {
        return Err("a kernel, stride or dilation of it is 0".to_owned());
    }
    if strides.iter().any(|stride| *stride != strides[0]) {
        return Err(format!("its strides {strides:?} differ, and a layer here has one"));
    }
    if is_transposed && dilations.iter().any(|dilation| *dilation != 1) {
        return Err(format!("its dilations are {dilations:?}, and 1 here"));
    }
    let added = node.sizes("output_padding", count, 0)?;
    (0..count)
        .map(|at| {
            let (size, kernel, stride, dilation) = (dims[2 + at], kernel[at], strides[at], dilations[at]);
            let axis = Axis { size, kernel, stride, dilation, pads: [0, 0], added: added[at] };
            Ok(Axis { pads: pads(node, at, count, &axis)?, ..axis })
        })
        .collect()
}

/// The axes with the zeros that a node before has put around the array.
fn padded(axes: Vec<Axis>, zeros: &[usize]) -> Result<Vec<Axis>, String> {
    if zeros.is_empty() {
        return Ok(axes);
    }
    let rank = axes.len() + 2;
    let (before, behind) = zeros.split_at(zeros.len() / 2);
    if before.len() != rank || before[..2] != [0, 0] || behind[..2] != [0, 0] {
        return Err("it reads zeros that were put between samples or channels".to_owned());
    }
    let both = before[2..].iter().zip(&behind[2..]);
    Ok(axes
        .into_iter()
        .zip(both)
        .map(|(axis, (a, b))| Axis { pads: [axis.pads[0] + a, axis.pads[1] + b], ..axis })
        .collect())
}

impl Reader<'_> {
    /// The value as an image or a sequence, and its weights.
    fn slid(&mut self, node: &Node, value: Value) -> Result<(Value, Tensor), String> {
        let kernel = (*self.constant(node, 1)?).clone();
        let rank = kernel.dims.len();
        if !(3..=4).contains(&rank) || value.axes.len() != rank || value.samples_axis() != Some(0) {
            return Err(format!(
                "a kernel {:?} slides over {:?}; sequences and images are expressed",
                kernel.dims,
                value.dims()
            ));
        }
        let dims = value.dims();
        let (axes, shape) = match dims[..] {
            [_, channels, height, width] => (vec![2, 3, 1], Shape::image(height, width, channels)),
            [_, channels, steps, ..] => (vec![2, 1], Shape::steps(steps, channels)),
            _ => return Err("its input has no axis to slide along".to_owned()),
        };
        Ok((self.arranged(value, &axes, shape)?, kernel))
    }

    /// The sizes that a convolution or a pooling makes of others, whether or not it can be expressed.
    pub fn slid_dims(&mut self, node: &Node, dims: &[usize]) -> Option<Vec<usize>> {
        let kernel = match &*node.kind {
            "Conv" => self.optional(node, 1).ok()??.dims.clone(),
            "MaxPool" | "AveragePool" => {
                let window = node.sizes("kernel_shape", dims.len().checked_sub(2)?, 1).ok()?;
                [&[*dims.get(1)?, 1], &window[..]].concat()
            }
            _ => return None,
        };
        let spatial = kernel.get(2..).filter(|spatial| spatial.len() + 2 == dims.len())?;
        let axes = axes_of(node, dims, spatial, false).ok()?;
        let sizes = axes.iter().map(Axis::output).collect::<Option<Vec<_>>>()?;
        Some([&[dims[0], kernel[0]], &sizes[..]].concat())
    }

    /// The value in this shape, with its axes in this order.
    pub fn arranged(&mut self, value: Value, axes: &[usize], shape: Shape) -> Result<Value, String> {
        let value = match value.lies_as(axes) {
            true => value,
            false => self.stack.reordered(value, axes).ok_or(
                "its input has the axes in an order that no layer here gives; move the transposition or the reshape before it",
            )?,
        };
        self.stack.shaped(value, shape)
    }

    pub fn convolution(&mut self, node: &Node) -> Result<Value, String> {
        let name = node.inputs.first().cloned().unwrap_or_default();
        let (value, zeros) = match self.get(&name)? {
            Known::Padded(value, zeros) => (value, zeros),
            _ => (self.value(node, 0)?, Vec::new()),
        };
        let (value, kernel) = self.slid(node, value)?;
        let (filters, depth, spatial) = (kernel.dims[0], kernel.dims[1], &kernel.dims[2..]);
        let axes = padded(axes_of(node, &value.dims(), spatial, false)?, &zeros)?;
        let groups = usize::try_from(node.int("group", 1)).unwrap_or(0).max(1);
        if depth * groups != value.shape.channels() {
            let channels = value.shape.channels();
            return Err(format!("its kernels read {} channels, and {channels} arrive", depth * groups));
        }
        let Some(fit) = fit(&axes, LARGEST[axes.len() - 1], Axis::offset) else {
            let pads: Vec<[usize; 2]> = axes.iter().map(|axis| axis.pads).collect();
            return Err(format!(
                "kernel {spatial:?} with stride {} and padding {pads:?} is neither valid nor same, nor a part of such a kernel",
                axes[0].stride
            ));
        };
        self.note_zeros(node, spatial, &fit);
        let bias = self.bias(node, filters)?;
        let weights = embedded(&kernel, &fit, [filters, depth]);
        let Fit { kernel, padding, dilation, .. } = fit;
        let (stride, activation) = (axes[0].stride, Function::Linear);
        let spec: LayerSpec = match axes.len() {
            1 => Conv1d { filters, kernel, stride, dilation, groups, padding, activation, ..Conv1d::default() }.into(),
            _ => Conv2d { filters, kernel, stride, dilation, groups, padding, activation, ..Conv2d::default() }.into(),
        };
        let (token, shape) = self.stack.place(&value, spec, vec![weights, bias])?;
        Ok(Value::new(token, self.samples, shape, Channels::First))
    }

    pub fn convolution_transpose(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let (value, kernel) = self.slid(node, value)?;
        let [channels, filters, height, width] = kernel.dims[..] else {
            return Err("a transposed convolution of a sequence cannot be expressed".to_owned());
        };
        if node.int("group", 1) != 1 || channels != value.shape.channels() {
            return Err("a transposed convolution in groups cannot be expressed".to_owned());
        }
        if node.has("output_shape") || !matches!(&*node.text("auto_pad"), "" | "NOTSET") {
            return Err("its padding is not said in pads; export it with pads and output_padding".to_owned());
        }
        let axes = axes_of(node, &value.dims(), &[height, width], true)?;
        let offset = |axis: &Axis, kernel, _, padding| axis.offset_transposed(kernel, padding);
        let fit = fit(&axes, LARGEST[1], offset).ok_or_else(|| {
            format!("kernel {height}×{width} with pads {:?} gives another size than valid or same", axes[0].pads)
        })?;
        self.note_zeros(node, &[height, width], &fit);
        let bias = self.bias(node, filters)?;
        let weights = embedded(&kernel, &fit, [channels, filters]);
        let Fit { kernel, padding, .. } = fit;
        let layer = ConvTranspose2d {
            filters,
            kernel,
            stride: axes[0].stride,
            padding,
            activation: Function::Linear,
            ..ConvTranspose2d::default()
        };
        let (token, shape) = self.stack.place(&value, layer, vec![weights, bias])?;
        Ok(Value::new(token, self.samples, shape, Channels::First))
    }

    fn note_zeros(&mut self, node: &Node, spatial: &[usize], fit: &Fit) {
        if spatial.iter().any(|size| *size != fit.kernel) {
            let Fit { kernel, .. } = fit;
            self.notes.push(format!(
                "{}: the kernel {spatial:?} with its padding is one of size {kernel} here, with zeros around it, which a training \
                 may change",
                node.name
            ));
        }
    }

    fn bias(&mut self, node: &Node, filters: usize) -> Result<Vec<f32>, String> {
        match self.optional(node, 2)? {
            None => Ok(vec![0.0; filters]),
            Some(bias) if bias.values.len() == filters => Ok(bias.to_f32()),
            Some(_) => Err(format!("its bias is not one number for each of its {filters} filters")),
        }
    }
}

/// A kernel `[a, b, rows, columns]` as `[rows, columns, b, a]`, inside a larger one with zeros.
fn embedded(kernel: &Tensor, fit: &Fit, [outer, inner]: [usize; 2]) -> Vec<f32> {
    let spatial = &kernel.dims[2..];
    let (rows, columns) = if let [rows, columns] = *spatial { (rows, columns) } else { (1, spatial[0]) };
    let (first_row, first_column) =
        if let [row, column] = fit.offsets[..] { (row, column) } else { (0, fit.offsets[0]) };
    let all_rows = if spatial.len() == 2 { fit.kernel } else { 1 };
    let mut weights = vec![0.0; all_rows * fit.kernel * inner * outer];
    let mut values = kernel.values.iter();
    for (a, b) in (0..outer).flat_map(|a| (0..inner).map(move |b| (a, b))) {
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let tap = (row + first_row) * fit.kernel + column + first_column;
            weights[(tap * inner + b) * outer + a] = values.next().copied().unwrap_or(0.0) as f32;
        }
    }
    weights
}
