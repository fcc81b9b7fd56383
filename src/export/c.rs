//! The network as C source without dependencies: fixed buffers, no allocation, for controllers and whatever else has a C
//! compiler.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::plan::Plan;
use super::source::{Argument, Call, calls, constant_bytes, int8_of, is_int8, kernels, meanings, names, one_line};
use super::{Examples, ExportError, File, Format, Input, Model, Output, Proof, proof};
use backprop_nn::compress::Precision;
use backprop_nn::graph::Tensor;

/// C99 source.
pub struct C {
    /// How its weights are stored.
    pub weights: Precision,
}

const KERNELS: &str = include_str!("c/kernels.c");
const EXAMPLE: &str = include_str!("c/example.c");

impl Format for C {
    fn key(&self) -> &'static str {
        if self.weights == Precision::Int8 { "c-int8" } else { "c" }
    }

    fn label(&self) -> &'static str {
        if self.weights == Precision::Int8 { "C source, 8-bit weights" } else { "C source" }
    }

    fn about(&self) -> &'static str {
        match self.weights {
            Precision::Float32 | Precision::Float16 => {
                "C99 without dependencies and without allocation, for controllers and for other languages to call."
            }
            Precision::Int8 => "The same with a quarter of the constants: kernels in 8 bits, a scale for each unit.",
        }
    }

    fn precision(&self) -> Precision {
        self.weights
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        Ok(vec![
            File::text("network.h", header(model, self.weights)),
            File::text("network.c", source(model, self.weights)),
            File::text("example.c", EXAMPLE),
        ])
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        let Some(version) = proof::version("cc", &["--version"]) else {
            return Proof::Missing { what: "there is no C compiler `cc`".to_owned() };
        };
        let Ok(place) = tempfile::tempdir() else {
            return Proof::Missing { what: "no temporary folder can be made".to_owned() };
        };
        let program = place.path().join("example");
        let mut compiler = Command::new("cc");
        compiler.args(["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", "-o"]).arg(&program);
        compiler.args(["network.c", "example.c"].map(|name| folder.join(name))).arg("-lm");
        match proof::compile(&mut compiler) {
            Ok(()) => proof::run(&version, &mut Command::new(&program), examples),
            Err(why) => Proof::Failed { why },
        }
    }
}

fn header(model: &Model<'_>, precision: Precision) -> String {
    let (inputs, outputs) = (model.shape().len(), model.graph.output().len());
    let plan = Plan::of(&model.graph);
    let weights: usize = model.graph.tensors().map(|tensor| constant_bytes(tensor, precision)).sum();
    let mut text = format!("// {}, made by Backprop Studio {}.\n//\n", one_line(model.name), env!("CARGO_PKG_VERSION"));
    for line in meanings(model) {
        let _ = writeln!(text, "// {line}");
    }
    let number = number_of(model);
    let input = match model.input {
        Input::Pixels => "unsigned char",
        Input::Tokens(_) => "unsigned short",
        Input::Numbers { .. } | Input::Noise => "double",
    };
    let _ = write!(
        text,
        "//
// Memory: {weights} bytes of weights, which are constant, and a buffer of {buffer} bytes. One thread at a time.
#ifndef NETWORK_H
#define NETWORK_H

#define NETWORK_INPUTS {inputs}
#define NETWORK_OUTPUTS {outputs}

typedef {input} network_input;
typedef {number} network_output;

// The names of the outputs; 0 where they have none.
extern const char *const network_names[NETWORK_OUTPUTS];

void network_predict(const network_input input[NETWORK_INPUTS], network_output output[NETWORK_OUTPUTS]);

#endif
",
        buffer = plan.len * 4,
    );
    text
}

/// Target numbers keep their digits.
fn number_of(model: &Model<'_>) -> &'static str {
    if matches!(model.output, Output::Numbers { .. }) { "double" } else { "float" }
}

fn source(model: &Model<'_>, precision: Precision) -> String {
    let plan = Plan::of(&model.graph);
    let calls = calls(&model.graph, &plan);
    let code: String = calls.iter().map(|of| call(of, precision)).collect();
    let mut text = "#include \"network.h\"\n\n#include <math.h>\n#include <stddef.h>\n\n".to_owned();
    let weight = if precision == Precision::Int8 { "signed char" } else { "float" };
    let _ = writeln!(text, "// A weight of a kernel.\ntypedef {weight} weight;\n");
    text += &kernels(KERNELS, &code);
    text.push('\n');
    for tensor in model.graph.tensors() {
        match is_int8(tensor, precision) {
            true => {
                let int8 = int8_of(tensor);
                array(&mut text, ("signed char", array_name(tensor)), tensor, &int8.values, |value| value.to_string());
                array(&mut text, ("float", scale_name(tensor)), tensor, &int8.scales, |value| format!("{value:?}f"));
            }
            false => {
                array(&mut text, ("float", array_name(tensor)), tensor, &tensor.values, |value| format!("{value:?}f"))
            }
        }
    }
    let outputs = model.graph.output().len();
    let names: Vec<String> = match names(model) {
        [] => vec!["0".to_owned()],
        names => names.iter().map(|name| string(name)).collect(),
    };
    let _ = writeln!(text, "const char *const network_names[NETWORK_OUTPUTS] = {{{}}};\n", names.join(", "));
    let _ = writeln!(text, "static float buffer[{}];\n", plan.len.max(1));
    doubles(&mut text, model);
    let number = number_of(model);
    let _ = writeln!(
        text,
        "void network_predict(const network_input input[NETWORK_INPUTS], network_output output[NETWORK_OUTPUTS])\n{{"
    );
    let _ = writeln!(text, "    float *x = buffer + {};", plan.input.start);
    let _ = writeln!(text, "    for (int i = 0; i < NETWORK_INPUTS; i++)\n        x[i] = {};", prepared(model));
    text += &code;
    let _ = writeln!(text, "    const float *y = buffer + {};", plan.output.start);
    let _ = writeln!(
        text,
        "    for (int i = 0; i < {outputs}; i++)\n        output[i] = ({number})({});\n}}",
        answered(model)
    );
    text
}

/// Means and deviations, where there are any.
fn doubles(text: &mut String, model: &Model<'_>) {
    let mut list = |name: &str, values: &[f64]| {
        let values: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
        let _ = writeln!(text, "static const double {name}[{}] = {{{}}};", values.len(), values.join(", "));
    };
    if let Input::Numbers { standard, .. } = model.input
        && !standard.mean.is_empty()
    {
        list("input_mean", &standard.mean);
        list("input_deviation", &standard.deviation);
    }
    if let Some(standard) = model.output.standard() {
        list("output_mean", &standard.mean);
        list("output_deviation", &standard.deviation);
    }
    if let Some(naive) = model.naive {
        let places: Vec<String> = naive.targets.iter().map(|at| (naive.row * naive.columns + at).to_string()).collect();
        let _ = writeln!(text, "static const int naive[{}] = {{{}}};", places.len(), places.join(", "));
    }
    if matches!(model.input, Input::Numbers { .. }) {
        text.push_str("\n// What is missing becomes the mean.\nstatic float or_zero(double number)\n{\n    return isnan(number) ? 0.0f : (float)number;\n}\n\n");
    }
}

/// The input at `i` as the network reads it.
fn prepared(model: &Model<'_>) -> String {
    match model.input {
        Input::Pixels => "input[i] * (1.0f / 255.0f)".to_owned(),
        Input::Noise | Input::Tokens(_) => "(float)input[i]".to_owned(),
        Input::Numbers { standard, .. } => {
            let number = match model.naive {
                Some(naive) => format!("(input[i] - input[NETWORK_INPUTS - {0} + i % {0}])", naive.columns),
                None => "input[i]".to_owned(),
            };
            match standard.mean.len() {
                0 => format!("or_zero({number})"),
                len => format!("or_zero(({number} - input_mean[i % {len}]) / input_deviation[i % {len}])"),
            }
        }
    }
}

/// The answer at `i` in its own unit.
fn answered(model: &Model<'_>) -> String {
    let number = match model.output.standard().map(|standard| standard.mean.len()) {
        None => "y[i]".to_owned(),
        Some(len) => format!("y[i] * output_deviation[i % {len}] + output_mean[i % {len}]"),
    };
    if model.naive.is_some() { format!("{number} + input[naive[i]]") } else { number }
}

fn call(call: &Call<'_, '_>, precision: Precision) -> String {
    let mut before = String::new();
    let arguments: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| match argument {
            Argument::Read(start, _) | Argument::Write(start, _) | Argument::Change(start, _) => {
                format!("buffer + {start}")
            }
            Argument::Count(count) => count.to_string(),
            Argument::Number(number) => format!("{number:?}f"),
            Argument::Counts(kind, fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!(".{name} = {value}")).collect();
                before = format!("        const struct {kind} o = {{{}}};\n", fields.join(", "));
                "&o".to_owned()
            }
            Argument::Weights(tensor) => array_name(tensor),
            Argument::Kernel(tensor) if is_int8(tensor, precision) => {
                format!("{}, {}", array_name(tensor), scale_name(tensor))
            }
            Argument::Kernel(tensor) => format!("{}, 0", array_name(tensor)),
            Argument::None => "0".to_owned(),
            Argument::Function(name) => (*name).to_owned(),
        })
        .collect();
    let line = format!("{}({});", call.function, arguments.join(", "));
    match before.is_empty() {
        true => format!("    {line} // {}\n", call.layer),
        false => format!("    {{ // {}\n{before}        {line}\n    }}\n", call.layer),
    }
}

fn array_name(tensor: &Tensor<'_>) -> String {
    format!("w_{}", tensor.name.replace('.', "_"))
}

fn scale_name(tensor: &Tensor<'_>) -> String {
    format!("s_{}", tensor.name.replace('.', "_"))
}

fn array<T>(
    text: &mut String,
    (kind, name): (&str, String),
    tensor: &Tensor<'_>,
    values: &[T],
    write: impl Fn(&T) -> String,
) {
    let dims: Vec<String> = tensor.dims.iter().map(usize::to_string).collect();
    let _ = writeln!(text, "// {}, {}", tensor.name, dims.join("×"));
    let _ = writeln!(text, "static const {kind} {name}[{}] = {{", values.len());
    for line in values.chunks(10) {
        text.push_str("    ");
        line.iter().for_each(|value| {
            let _ = write!(text, "{},", write(value));
        });
        text.push('\n');
    }
    text.push_str("};\n");
}

/// A string of the language. What is no letter, digit or common sign is written as the bytes of UTF-8.
fn string(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b' ' | b'_' | b'-' | b'.' | b'(' | b')' | b'=' => {
            char::from(byte).to_string()
        }
        // Three octal digits end by themselves.
        _ => format!("\\{byte:03o}"),
    };
    format!("\"{}\"", text.bytes().map(byte).collect::<String>())
}
