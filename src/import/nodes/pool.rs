//! Pooling and enlarging.

use super::super::layout::{Channels, Value};
use super::super::node::Node;
use super::super::reader::Reader;
use backprop_nn::layers::{AveragePool1d, AveragePool2d, GlobalAveragePool, MaxPool1d, MaxPool2d, UpSample2d};
use backprop_nn::{LayerSpec, Shape};

impl Reader<'_> {
    /// The value with its channels last, as an image or a sequence.
    fn spatial(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        match (value.samples_axis(), &value.dims()[..]) {
            (Some(0), &[_, channels, height, width]) => {
                self.arranged(value, &[2, 3, 1], Shape::image(height, width, channels))
            }
            (Some(0), &[_, channels, steps]) => self.arranged(value, &[2, 1], Shape::steps(steps, channels)),
            (_, dims) => Err(format!("its input is {dims:?}; sequences and images are pooled")),
        }
    }

    /// Windows that lie side by side.
    pub fn pool(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.spatial(node)?;
        let (dims, count) = (value.dims(), value.axes.len() - 2);
        let window = node.sizes("kernel_shape", count, 0)?;
        let (strides, dilations) = (node.sizes("strides", count, 1)?, node.sizes("dilations", count, 1)?);
        let pads = node.sizes("pads", 2 * count, 0)?;
        let is_padded = pads.iter().any(|pad| *pad > 0) || node.text("auto_pad").starts_with("SAME");
        let is_average = node.kind == "AveragePool";
        if window == dims[2..] && !is_padded && is_average {
            return self.global(&value, GlobalAveragePool::default().into());
        }
        let size = window[0];
        let is_divided = dims[2..].iter().all(|dim| size > 0 && dim.is_multiple_of(size));
        let what = if size == 0 || window.iter().any(|other| *other != size) {
            format!("its window {window:?} is not as wide as it is high")
        } else if strides.iter().any(|stride| *stride != size) && dims[2..] != window[..] {
            format!("its windows {window:?} overlap or leave gaps (strides {strides:?}); here they lie side by side")
        } else if is_padded {
            format!("it pads the image ({pads:?}), which no pooling here does")
        } else if dilations.iter().any(|dilation| *dilation != 1) {
            format!("its dilations are {dilations:?}, and 1 here")
        } else if node.int("ceil_mode", 0) != 0 && !is_divided {
            "it keeps windows that are not full (ceil_mode)".to_owned()
        } else {
            let spec: LayerSpec = match (is_average, count) {
                (true, 1) => AveragePool1d { size }.into(),
                (true, _) => AveragePool2d { size }.into(),
                (false, 1) => MaxPool1d { size }.into(),
                (false, _) => MaxPool2d { size }.into(),
            };
            let (token, shape) = self.stack.place(&value, spec, Vec::new())?;
            return Ok(Value::new(token, self.samples, shape, Channels::First));
        };
        Err(what)
    }

    /// The mean or the maximum of the whole image.
    pub fn global_pool(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.spatial(node)?;
        if node.kind == "GlobalAveragePool" {
            return self.global(&value, GlobalAveragePool::default().into());
        }
        let dims = value.dims();
        let spec: LayerSpec = match dims[2..] {
            [steps] => MaxPool1d { size: steps }.into(),
            [height, width] if height == width => MaxPool2d { size: height }.into(),
            _ => return Err("the maximum over an image that is not square cannot be expressed".to_owned()),
        };
        let (token, shape) = self.stack.place(&value, spec, Vec::new())?;
        Ok(Value::new(token, self.samples, shape, Channels::First))
    }

    /// A layer that leaves one number of each channel; the axes of the image stay as ones.
    fn global(&mut self, value: &Value, spec: LayerSpec) -> Result<Value, String> {
        let rank = value.axes.len();
        let (token, shape) = self.stack.place(value, spec, Vec::new())?;
        let row = Value::new(token, self.samples, shape, Channels::Last);
        let ones = vec![1; rank - 2];
        row.reshaped(&[&[self.samples, shape.len()], &ones[..]].concat())
            .ok_or_else(|| "its output has no shape".to_owned())
    }

    /// The mean over all axes but those of the samples and the channels.
    pub fn reduce_mean(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.value(node, 0)?;
        let rank = value.axes.len();
        let input = self.optional(node, 1)?;
        let axes =
            super::super::constants::axes_of(node, input.as_deref(), rank)?.unwrap_or_else(|| (0..rank).collect());
        let channels: Vec<usize> =
            (0..rank).filter(|axis| !axes.contains(axis) && value.samples_axis() != Some(*axis)).collect();
        let [channels] = channels[..] else {
            return Err(format!(
                "a mean over the axes {axes:?} cannot be expressed; one over all but the channels can"
            ));
        };
        if value.samples_axis().is_none_or(|samples| axes.contains(&samples)) {
            return Err("it takes the mean over samples".to_owned());
        }
        let (value, places) = self.with_channels(value, channels)?;
        let is_in_order = places.iter().enumerate().all(|(at, place)| at == *place);
        if !is_in_order || value.shape.is_flat() {
            return Err("it takes the mean along an axis that is not one of steps or pixels here".to_owned());
        }
        let (token, shape) = self.stack.place(&value, GlobalAveragePool::default(), Vec::new())?;
        let row = Value::new(token, self.samples, shape, Channels::Last);
        let size = |axis: usize| match axis {
            axis if axis == channels => Some(shape.len()),
            axis if !axes.contains(&axis) => Some(self.samples),
            _ => (node.int("keepdims", 1) != 0).then_some(1),
        };
        let dims: Vec<usize> = (0..rank).filter_map(size).collect();
        row.reshaped(&dims).ok_or_else(|| "its output has no shape".to_owned())
    }

    /// Every pixel so many times in both directions.
    pub fn up_sample(&mut self, node: &Node) -> Result<Value, String> {
        let value = self.spatial(node)?;
        let dims = value.dims();
        if !matches!(&*node.text("mode"), "" | "nearest") {
            return Err(format!("it interpolates ({}), and pixels are repeated here", node.text("mode")));
        }
        let sizes = if node.kind == "Resize" { self.optional(node, 3)? } else { None };
        let at = if node.kind == "Resize" && node.opset >= 11 { 2 } else { 1 };
        let scales: Vec<f64> = match (sizes, node.floats("scales")) {
            (Some(sizes), _) => sizes.values.iter().zip(&dims).map(|(size, dim)| size / *dim as f64).collect(),
            (_, Some(scales)) => scales.iter().map(|scale| f64::from(*scale)).collect(),
            _ => self.constant(node, at)?.values.clone(),
        };
        let size = scales.last().copied().unwrap_or(0.0);
        if scales.len() != 4 || scales[..2] != [1.0; 2] || scales[2] != size || size.fract() != 0.0 || size < 1.0 {
            return Err(format!("it enlarges by {scales:?}; a whole number along both axes can be expressed"));
        }
        let coordinates = node.text("coordinate_transformation_mode");
        let is_floor = node.text("nearest_mode") == "floor";
        let repeats = match &*coordinates {
            "asymmetric" => is_floor || node.opset < 11,
            "" | "half_pixel" | "pytorch_half_pixel" => !is_floor || node.opset < 11,
            _ => false,
        };
        if !repeats {
            return Err(format!("it takes pixels by {coordinates}, which is not the same as to repeat each"));
        }
        let layer = UpSample2d { size: size as usize };
        let (token, shape) = self.stack.place(&value, layer, Vec::new())?;
        Ok(Value::new(token, self.samples, shape, Channels::First))
    }
}
