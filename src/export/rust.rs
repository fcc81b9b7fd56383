//! The network as Rust source without dependencies: one fixed buffer, no allocation.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use super::plan::Plan;
use super::source::{Argument, Call, calls, constant_bytes, int8_of, is_int8, kernels, meanings, names, one_line};
use super::{Examples, ExportError, File, Format, Input, Model, Output, Proof, proof};
use backprop_nn::compress::Precision;
use backprop_nn::graph::Tensor;

/// Source of the 2021 edition, for Rust 1.86 and later.
pub struct Rust {
    /// How its weights are stored.
    pub weights: Precision,
}

const KERNELS: &str = include_str!("rust/kernels.rs.txt");
const EXAMPLE: &str = include_str!("rust/example.rs.txt");

impl Format for Rust {
    fn key(&self) -> &'static str {
        if self.weights == Precision::Int8 { "rust-int8" } else { "rust" }
    }

    fn label(&self) -> &'static str {
        if self.weights == Precision::Int8 { "Rust source, 8-bit weights" } else { "Rust source" }
    }

    fn about(&self) -> &'static str {
        match self.weights {
            Precision::Float32 | Precision::Float16 => {
                "One file of Rust without dependencies and without allocation, for Rust 1.86 and later."
            }
            Precision::Int8 => "The same with a quarter of the constants: kernels in 8 bits, a scale for each unit.",
        }
    }

    fn precision(&self) -> Precision {
        self.weights
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        Ok(vec![File::text("network.rs", source(model, self.weights)), File::text("example.rs", EXAMPLE)])
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        let Some(version) = proof::version("rustc", &["--version"]) else {
            return Proof::Missing { what: "there is no Rust compiler `rustc`".to_owned() };
        };
        let Ok(place) = tempfile::tempdir() else {
            return Proof::Missing { what: "no temporary folder can be made".to_owned() };
        };
        let program = place.path().join("example");
        let mut compiler = Command::new("rustc");
        compiler.args(["-O", "-D", "warnings", "--edition", "2021", "-o"]).arg(&program).arg(folder.join("example.rs"));
        match proof::compile(&mut compiler) {
            Ok(()) => proof::run(&version, &mut Command::new(&program), examples),
            Err(why) => Proof::Failed { why },
        }
    }
}

fn source(model: &Model<'_>, precision: Precision) -> String {
    let plan = Plan::of(&model.graph);
    let calls = calls(&model.graph, &plan);
    let code: String = calls.iter().map(|of| call(of, precision)).collect();
    let (inputs, outputs) = (model.shape().len(), model.graph.output().len());
    let weights: usize = model.graph.tensors().map(|tensor| constant_bytes(tensor, precision)).sum();
    let mut text =
        format!("//! {}, made by Backprop Studio {}.\n//!\n", one_line(model.name), env!("CARGO_PKG_VERSION"));
    for line in meanings(model) {
        let _ = writeln!(text, "//! {line}");
    }
    let input = match model.input {
        Input::Pixels => "u8",
        Input::Tokens(_) => "u16",
        Input::Numbers { .. } | Input::Noise => "f64",
    };
    let number = if matches!(model.output, Output::Numbers { .. }) { "f64" } else { "f32" };
    let names: Vec<String> = names(model).iter().map(|name| format!("{name:?}")).collect();
    let _ = write!(
        text,
        "//!
//! Memory: {weights} bytes of weights, which are constant, and a buffer of {bytes} bytes.
// The name of a constant is that of its tensor, and numbers have the digits that make them exact.
#![allow(dead_code, non_upper_case_globals, clippy::excessive_precision, clippy::approx_constant, clippy::unreadable_literal)]

/// Numbers of a sample.
pub const INPUTS: usize = {inputs};
/// Numbers of an answer.
pub const OUTPUTS: usize = {outputs};
/// A number of a sample.
pub type Input = {input};
/// A number of an answer.
pub type Output = {number};
/// A weight of a kernel.
type Weight = {weight};
/// The names of the outputs, where they have some.
pub const NAMES: &[&str] = &[{names}];

/// The network with the buffer in which it computes.
pub struct Network {{
    buffer: [f32; {len}],
}}

impl Network {{
    /// Its numbers are constant; this only makes the buffer.
    pub const fn new() -> Self {{
        Self {{ buffer: [0.0; {len}] }}
    }}

    /// Answers one sample.
    pub fn predict(&mut self, input: &[Input; INPUTS], output: &mut [Output; OUTPUTS]) {{
        let b = &mut self.buffer;
        for (i, x) in b[{from}..][..INPUTS].iter_mut().enumerate() {{
            *x = {prepared};
        }}
{code}        for (i, y) in b[{to}..][..OUTPUTS].iter().enumerate() {{
            output[i] = {answered};
        }}
    }}
}}

impl Default for Network {{
    fn default() -> Self {{
        Self::new()
    }}
}}

",
        bytes = plan.len * 4,
        weight = if precision == Precision::Int8 { "i8" } else { "f32" },
        names = names.join(", "),
        len = plan.len,
        from = plan.input.start,
        to = plan.output.start,
        prepared = prepared(model),
        answered = answered(model),
    );
    doubles(&mut text, model);
    text += &kernels(KERNELS, &code);
    text.push('\n');
    for tensor in model.graph.tensors() {
        match is_int8(tensor, precision) {
            true => {
                let int8 = int8_of(tensor);
                array(&mut text, ("i8", array_name(tensor)), tensor, &int8.values);
                array(&mut text, ("f32", scale_name(tensor)), tensor, &int8.scales);
            }
            false => array(&mut text, ("f32", array_name(tensor)), tensor, &tensor.values),
        }
    }
    text
}

/// Means and deviations, where there are any.
fn doubles(text: &mut String, model: &Model<'_>) {
    let mut list = |name: &str, values: &[f64]| {
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let _ = writeln!(text, "const {name}: [f64; {}] = [{}];", values.len(), values.join(", "));
    };
    if let Input::Numbers { standard, .. } = model.input
        && !standard.mean.is_empty()
    {
        list("INPUT_MEAN", &standard.mean);
        list("INPUT_DEVIATION", &standard.deviation);
    }
    if let Some(standard) = model.output.standard() {
        list("OUTPUT_MEAN", &standard.mean);
        list("OUTPUT_DEVIATION", &standard.deviation);
    }
    if let Some(naive) = model.naive {
        let places: Vec<String> = naive.targets.iter().map(|at| (naive.row * naive.columns + at).to_string()).collect();
        let _ = writeln!(text, "const NAIVE: [usize; {}] = [{}];", places.len(), places.join(", "));
    }
    if matches!(model.input, Input::Numbers { .. }) {
        text.push_str("\n/// What is missing becomes the mean.\nfn or_zero(number: f64) -> f32 {\n    if number.is_nan() { 0.0 } else { number as f32 }\n}\n\n");
    }
}

/// The input at `i` as the network reads it.
fn prepared(model: &Model<'_>) -> String {
    match model.input {
        Input::Pixels => "f32::from(input[i]) * (1.0 / 255.0)".to_owned(),
        Input::Noise => "input[i] as f32".to_owned(),
        Input::Tokens(_) => "f32::from(input[i])".to_owned(),
        Input::Numbers { standard, .. } => {
            let number = match model.naive {
                Some(naive) => format!("(input[i] - input[INPUTS - {0} + i % {0}])", naive.columns),
                None => "input[i]".to_owned(),
            };
            match standard.mean.len() {
                0 => format!("or_zero({number})"),
                len => format!("or_zero(({number} - INPUT_MEAN[i % {len}]) / INPUT_DEVIATION[i % {len}])"),
            }
        }
    }
}

/// The answer at `i` in its own unit.
fn answered(model: &Model<'_>) -> String {
    let number = match model.output.standard().map(|standard| standard.mean.len()) {
        None if matches!(model.output, Output::Numbers { .. }) => "f64::from(*y)".to_owned(),
        None => return "*y".to_owned(),
        Some(len) => format!("f64::from(*y) * OUTPUT_DEVIATION[i % {len}] + OUTPUT_MEAN[i % {len}]"),
    };
    match (model.naive, model.output) {
        (Some(_), _) => format!("{number} + input[NAIVE[i]]"),
        (None, Output::Numbers { .. }) => number,
        (None, _) => format!("({number}) as f32"),
    }
}

/// Takes the parts of the buffer that a function works on, which never overlap.
fn call(call: &Call<'_, '_>, precision: Precision) -> String {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let arguments: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Read(start, len) | Argument::Write(start, len) | Argument::Change(start, len) => {
                parts.push(*start..start + len);
                format!("p{}", parts.len() - 1)
            }
            Argument::Count(count) => count.to_string(),
            Argument::Number(number) => format!("{number:?}"),
            Argument::Counts(kind, fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                let kind = kind[..1].to_uppercase() + &kind[1..];
                format!("{kind} {{ {} }}", fields.join(", "))
            }
            Argument::Weights(tensor) => format!("&{}", array_name(tensor)),
            Argument::Kernel(tensor) if is_int8(tensor, precision) => {
                format!("&{}, &{}", array_name(tensor), scale_name(tensor))
            }
            Argument::Kernel(tensor) => format!("&{}, &[]", array_name(tensor)),
            Argument::None => "&[]".to_owned(),
            Argument::Function(name) => (*name).to_owned(),
        })
        .collect();
    let names: Vec<String> = (0..parts.len()).map(|at| format!("p{at}")).collect();
    let ranges: Vec<String> = parts.iter().map(|part| format!("{}..{}", part.start, part.end)).collect();
    format!(
        "        if let Ok([{}]) = b.get_disjoint_mut([{}]) {{\n            {}({}); // {}\n        }}\n",
        names.join(", "),
        ranges.join(", "),
        call.function,
        arguments.join(", "),
        call.layer
    )
}

fn array_name(tensor: &Tensor<'_>) -> String {
    format!("W_{}", tensor.name.replace('.', "_"))
}

fn scale_name(tensor: &Tensor<'_>) -> String {
    format!("S_{}", tensor.name.replace('.', "_"))
}

fn array<T: std::fmt::Debug>(text: &mut String, (kind, name): (&str, String), tensor: &Tensor<'_>, values: &[T]) {
    let dims: Vec<String> = tensor.dims.iter().map(usize::to_string).collect();
    let _ = writeln!(text, "/// {}, {}", tensor.name, dims.join("×"));
    let _ = writeln!(text, "static {name}: [{kind}; {}] = [", values.len());
    for line in values.chunks(10) {
        text.push_str("    ");
        line.iter().for_each(|value| {
            let _ = write!(text, "{value:?}, ");
        });
        text.push('\n');
    }
    text.push_str("];\n");
}
