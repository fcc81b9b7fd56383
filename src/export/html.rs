//! A web page that holds the network: a single file that opens in any browser, and answers there.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::model::Input;
use super::{Examples, ExportError, File, Format, Model, Proof, proof};
use crate::data::photo::Fit;
use crate::data::source::SourcePart;
use crate::data::sources::{images, series};
use backprop_nn::graph::{Attention, Convolution, ConvolutionTranspose, Direction, Node, Operation, Tensor};
use backprop_nn::weights::{Param, le_bytes};

/// A page with the network in plain JavaScript.
pub struct Html;

const PAGE: &str = "index.html";
const PREDICT: &str = "predict.js";

/// What `{{name}}` in the page stands for.
const PARTS: [(&str, &str); 8] = [
    ("style", include_str!("html/style.css")),
    ("network", include_str!("html/network.js")),
    ("pictures", include_str!("html/pictures.js")),
    ("noise", include_str!("html/noise.js")),
    ("answers", include_str!("html/answers.js")),
    ("inputs", include_str!("html/inputs.js")),
    ("text", include_str!("html/text.js")),
    ("page", include_str!("html/page.js")),
];

impl Format for Html {
    fn key(&self) -> &'static str {
        "html"
    }

    fn label(&self) -> &'static str {
        "Web page"
    }

    fn about(&self) -> &'static str {
        "One page for any browser, without a connection: draw, open a picture, fill in a row or paste a series."
    }

    fn files(&self, model: &Model<'_>, _examples: &Examples) -> Result<Vec<File>, ExportError> {
        let mut description = model.description();
        // The folders of this machine are nobody's business.
        description["data"] = json!(trained_on(model));
        description["page"] = page_of(model);
        let mut weights = Vec::new();
        let graph = nodes(model, &mut weights);
        let name = if model.name.is_empty() { "Network" } else { model.name };
        let page = filled(include_str!("html/page.html"), |part| match part {
            "title" => escaped(name),
            "model" => in_script(&description),
            "graph" => in_script(&graph),
            "weights" => base64(&le_bytes(&weights)),
            _ => PARTS.iter().find(|(name, _)| *name == part).map_or_else(String::new, |(_, text)| (*text).to_owned()),
        });
        Ok(vec![File::text(PAGE, page), File::text(PREDICT, include_str!("html/predict.js"))])
    }

    fn prove(&self, folder: &Path, _model: &Model<'_>, examples: &Examples) -> Proof {
        match proof::version("node", &["--version"]) {
            Some(version) => {
                proof::run(&format!("Node.js {version}"), Command::new("node").arg(folder.join(PREDICT)), examples)
            }
            None => Proof::Missing { what: "it takes Node.js, as `node`".to_owned() },
        }
    }
}

/// The names of the files or sets that the network was trained on.
fn trained_on(model: &Model<'_>) -> String {
    let name = |part: &SourcePart| {
        let file = part.argument.rsplit(['/', '\\']).find(|name| !name.is_empty());
        file.map_or_else(|| part.name.clone(), str::to_owned)
    };
    model.project.data.source.parts.iter().map(name).collect::<Vec<_>>().join(" and ")
}

/// What the page says and does besides the description of the model.
fn page_of(model: &Model<'_>) -> Value {
    let source = &model.project.data.source;
    let reading = images::reading_for(source).map(|reading| {
        let fit = match reading.fit {
            Fit::Stretch => "stretch",
            Fit::Crop => "crop",
            Fit::Pad => "pad",
        };
        json!({ "fit": fit, "background": reading.background })
    });
    let forecast = source.single().filter(|part| part.name == series::SOURCE.name);
    let horizon: Option<usize> =
        forecast.map(|part| part.values("horizon").first().and_then(|rows| rows.parse().ok()).unwrap_or(1));
    let is_here = |param: &&Param| param.info.is_trained && !param.name.starts_with("discriminator.");
    let parameters: usize = model.network.params().iter().filter(is_here).map(|param| param.range.len()).sum();
    // A generator may end in a row of numbers, which its discriminator reads as an image.
    let sample = match model.input {
        Input::Noise => model.network.last_input(),
        Input::Pixels | Input::Numbers { .. } | Input::Tokens(_) => model.graph.output(),
    };
    json!({ "parameters": parameters, "reading": reading, "horizon": horizon, "sample": sample.dims() })
}

/// The operations as the script reads them. Their numbers are appended to `weights`, and each array says where.
fn nodes(model: &Model<'_>, weights: &mut Vec<f32>) -> Value {
    let graph = &model.graph;
    let node = |node: &Node<'_>| {
        let mut told = settings(&node.operation, weights);
        told["name"] = json!(node.name);
        told["reads"] = json!(node.input);
        told["from"] = json!(graph.shape(node.input).dims());
        told["to"] = json!(node.output.dims());
        told
    };
    graph.nodes.iter().map(node).collect()
}

fn settings(operation: &Operation<'_>, weights: &mut Vec<f32>) -> Value {
    let mut array = |tensor: &Tensor<'_>| {
        let at = weights.len();
        weights.extend_from_slice(&tensor.values);
        json!({ "at": at, "dims": tensor.dims })
    };
    match operation {
        Operation::Dense { kernel, bias } => {
            json!({ "operation": "dense", "kernel": array(kernel), "bias": array(bias) })
        }
        // Its table is that of the first node.
        Operation::Tied { bias, .. } => json!({ "operation": "tied", "bias": array(bias) }),
        Operation::Convolution(Convolution { kernel, bias, stride, dilation, groups, before, .. }) => json!({
            "operation": "convolution",
            "kernel": array(kernel),
            "bias": bias.as_ref().map(array),
            "stride": stride,
            "dilation": dilation,
            "groups": groups,
            "before": before,
        }),
        Operation::ConvolutionTranspose(ConvolutionTranspose { kernel, bias, stride, before, .. }) => json!({
            "operation": "convolution_transpose",
            "kernel": array(kernel),
            "bias": array(bias),
            "stride": stride,
            "before": before,
        }),
        Operation::MaxPool { size } => json!({ "operation": "max_pool", "size": size }),
        Operation::AveragePool { size } => json!({ "operation": "average_pool", "size": size }),
        Operation::UpSample { size } => json!({ "operation": "up_sample", "size": size }),
        Operation::Mean => json!({ "operation": "mean" }),
        Operation::MeanOfTokens => json!({ "operation": "mean_of_tokens" }),
        Operation::Positions { table } => json!({ "operation": "positions", "table": array(table) }),
        Operation::Attention(attention) => {
            let Attention { kernels, biases, heads, causal, rotary, padding } = &**attention;
            let mut projections = Vec::new();
            for (kernel, bias) in kernels.iter().zip(biases) {
                projections.push(json!({ "kernel": array(kernel), "bias": array(bias) }));
            }
            json!({
                "operation": "attention",
                "projections": projections,
                "heads": heads,
                "causal": causal,
                "rotary": rotary,
                "padding": padding,
            })
        }
        Operation::Reshape { .. } => json!({ "operation": "reshape" }),
        Operation::Embedding { table, numbers } => {
            json!({ "operation": "embedding", "table": array(table), "numbers": numbers })
        }
        Operation::NumericEmbedding { frequencies, phases, weights, bias } => json!({
            "operation": "numeric_embedding",
            "frequencies": array(frequencies),
            "phases": array(phases),
            "weights": array(weights),
            "bias": array(bias),
        }),
        Operation::Rnn { directions, returns } => recurrent("rnn", directions, json!(returns), array),
        Operation::Lstm { directions, returns } => recurrent("lstm", directions, json!(returns), array),
        Operation::Gru { directions, returns } => recurrent("gru", directions, json!(returns), array),
        Operation::Members { scale } => json!({ "operation": "members", "scale": array(scale) }),
        Operation::Affine { scale, shift } => {
            json!({ "operation": "affine", "scale": array(scale), "shift": array(shift) })
        }
        Operation::LayerNorm { epsilon, gamma, beta } => {
            json!({ "operation": "layer_norm", "epsilon": epsilon, "gamma": array(gamma), "beta": array(beta) })
        }
        Operation::RmsNorm { epsilon, gamma } => {
            json!({ "operation": "rms_norm", "epsilon": epsilon, "gamma": array(gamma) })
        }
        Operation::Activation(function) => json!({ "operation": "activation", "function": function }),
        Operation::PRelu { alpha } => json!({ "operation": "p_relu", "alpha": array(alpha) }),
        Operation::Softmax => json!({ "operation": "softmax" }),
        Operation::Shares(function) => json!({ "operation": "shares", "function": function }),
        Operation::Add { value } => json!({ "operation": "add", "value": value }),
    }
}

fn recurrent(
    operation: &str,
    directions: &[Direction<'_>],
    returns: Value,
    mut array: impl FnMut(&Tensor<'_>) -> Value,
) -> Value {
    let mut told = Vec::new();
    for Direction { kernel, recurrent, bias } in directions {
        told.push(json!({ "kernel": array(kernel), "recurrent": array(recurrent), "bias": array(bias) }));
    }
    json!({ "operation": operation, "directions": told, "returns": returns })
}

/// A text with every `{{name}}` replaced by `part(name)`, which is not searched again.
pub fn filled(template: &str, part: impl Fn(&str) -> String) -> String {
    let mut pieces = template.split("{{");
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| match piece.split_once("}}") {
        Some((name, rest)) => text + &part(name) + rest,
        None => text + "{{" + piece,
    })
}

/// Text between the tags of a page.
pub fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// A value inside a script element, which ends at `</script` wherever that stands.
fn in_script(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// Three bytes as four characters (RFC 4648).
pub fn base64(bytes: &[u8]) -> String {
    const CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for at in 0..4 {
            let character = char::from(CHARACTERS[(bits >> (18 - 6 * at) & 63) as usize]);
            text.push(if at <= group.len() { character } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_written_as_the_standard_has_them() {
        // RFC 4648, section 10.
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let part = |name: &str| if name == "a" { "{{b}}".to_owned() } else { "2".to_owned() };
        assert_eq!(filled("{{a}} and {{b}}; {{", part), "{{b}} and 2; {{");
    }

    #[test]
    fn the_page_names_every_part() {
        for (name, text) in PARTS {
            assert!(include_str!("html/page.html").contains(&format!("{{{{{name}}}}}")), "{name}");
            assert!(!text.contains("</script"), "{name} would end its element");
        }
    }
}
