//! What stands around a network, in numpy: the names and numbers, the preparation of what goes in and of targets, and what the
//! outputs say. Every Python export has it.

use super::model::{Input, Model, Output};
use super::pytorch::WEIGHTS;
use crate::data::scaling::Standard;
use backprop_nn::LossSpec;
use backprop_nn::activation::Function;
use backprop_nn::graph::Operation;

/// The names and numbers of what goes in and comes out.
pub fn constants(model: &Model<'_>) -> String {
    let dims: Vec<String> = model.shape().dims().iter().map(usize::to_string).collect();
    let shape = format!("({}{})", dims.join(", "), if dims.len() == 1 { "," } else { "" });
    let mut lines = vec![
        format!("WEIGHTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), {})", quoted(WEIGHTS)),
        format!("INPUT = {shape}  # the shape of a sample{}", if dims.len() == 3 { ", channels last" } else { "" }),
    ];
    let scaling = |lines: &mut Vec<String>, name: &str, standard: &Standard| {
        if !standard.mean.is_empty() {
            lines.push(format!("{name}_MEAN = np.array({})", numbers(&standard.mean, "")));
            lines.push(format!("{name}_DEVIATION = np.array({})", numbers(&standard.deviation, "")));
        }
    };
    if let Input::Numbers { features, standard } = model.input {
        if !features.is_empty() {
            let names: Vec<String> = features.iter().map(|feature| quoted(&feature.to_string())).collect();
            lines.push(format!("FEATURES = {}", numbers(&names, "")));
        }
        scaling(&mut lines, "INPUT", standard);
    }
    match model.output {
        Output::Probabilities { classes, threshold } => {
            let names: Vec<String> = classes.iter().map(|class| quoted(class)).collect();
            lines.push(format!("CLASSES = {}", numbers(&names, "")));
            if let Some(threshold) = threshold {
                lines.push(format!(
                    "THRESHOLD = {threshold}  # the probability from which the second class is predicted"
                ));
            }
        }
        Output::Numbers { targets, standard, .. } => {
            let names: Vec<String> = targets.iter().map(|target| quoted(target)).collect();
            lines.push(format!("TARGETS = {}", numbers(&names, "")));
            scaling(&mut lines, "TARGET", standard);
        }
        Output::NextToken => {}
        Output::Sample { standard } => scaling(&mut lines, "SAMPLE", standard),
    }
    lines.join("\n") + "\n"
}

/// `prepare`, `prepare_targets` and `interpret`.
pub fn preparation(model: &Model<'_>) -> String {
    preparation_as(model, "np.float32")
}

/// The same where an embedding takes whole numbers; `tokens` is the kind of number that a token becomes.
pub fn preparation_as(model: &Model<'_>, tokens: &str) -> String {
    let mut parts = vec![prepare(model, tokens)];
    if let Some(naive) = model.naive {
        parts.push(format!(
            "def naive_forecast(X):\n    \"\"\"A row of each window, which the network forecasts the change from.\"\"\"\n    \
             rows = np.asarray(X, np.float64).reshape(len(X), -1, {})\n    return rows[:, {}, {}]\n",
            naive.columns,
            naive.row,
            numbers(&naive.targets, "    ")
        ));
    }
    if model.project.adversary.is_none() {
        parts.push(prepare_targets(model));
    }
    parts.push(interpret(model));
    parts.join("\n\n")
}

fn prepare(model: &Model<'_>, tokens: &str) -> String {
    let mut lines = vec!["def prepare(X):".to_owned()];
    let mut say = |line: &str| lines.push(format!("    {line}"));
    say(match model.input {
        Input::Pixels => "\"\"\"Images with pixels from 0 to 255 as the network reads them.\"\"\"",
        Input::Tokens(_) => "\"\"\"The numbers of tokens as the network reads them.\"\"\"",
        Input::Noise => "\"\"\"Numbers from the standard normal distribution as the network reads them.\"\"\"",
        Input::Numbers { .. } => {
            "\"\"\"Numbers in their own units as the network reads them; NaN where one is missing.\"\"\""
        }
    });
    if let Input::Tokens(_) = model.input {
        say(&format!("return np.asarray(X).reshape(len(X), *INPUT).astype({tokens})"));
        return lines.join("\n") + "\n";
    }
    say("X = np.asarray(X, np.float64).reshape(len(X), *INPUT)");
    match model.input {
        Input::Pixels => say("return (X / 255).astype(np.float32)"),
        Input::Noise | Input::Tokens(_) => say("return X.astype(np.float32)"),
        Input::Numbers { standard, .. } => {
            if let Some(naive) = model.naive {
                say(&format!("rows = X.reshape(len(X), -1, {})", naive.columns));
                say("X = (rows - rows[:, -1:]).reshape(X.shape)  # a window less its last row");
            }
            let width = standard.mean.len();
            if width == model.shape().channels() {
                say("X = (X - INPUT_MEAN) / INPUT_DEVIATION");
            } else if width > 0 {
                say(&format!("rows = X.reshape(len(X), -1, {width})"));
                say("X = ((rows - INPUT_MEAN) / INPUT_DEVIATION).reshape(X.shape)");
            }
            say("return np.where(np.isnan(X), 0.0, X).astype(np.float32)");
        }
    }
    lines.join("\n") + "\n"
}

/// Whether a loss compares with class numbers, and not with a number for each output.
pub fn is_of_classes(loss: &LossSpec) -> bool {
    matches!(loss, LossSpec::SoftmaxCrossEntropy(_) | LossSpec::Focal(_))
}

fn prepare_targets(model: &Model<'_>) -> String {
    let mut lines = vec!["def prepare_targets(X, y):".to_owned()];
    let mut say = |line: &str| lines.push(format!("    {line}"));
    match model.output {
        Output::NextToken => {
            say(
                "\"\"\"The token that follows on each, [n, tokens], as the loss takes it: -1 where none is asked for.\"\"\"",
            );
            say("if y is None:  # the next one of the same text");
            say("    X = np.asarray(X, np.int64).reshape(len(X), LENGTH)");
            say("    y = np.concatenate([X[:, 1:], np.full((len(X), 1), PADDING)], axis=1)");
            say("    y[y == PADDING] = -1");
            say("return np.asarray(y, np.int64).reshape(len(y), LENGTH)");
        }
        Output::Probabilities { classes, .. } => {
            say("\"\"\"The numbers of the classes, [n], counted from 0, as the loss takes them.\"\"\"");
            match is_of_classes(&model.project.training.loss) {
                true => say("return np.asarray(y, np.int64)"),
                false => say(&format!("return np.eye({}, dtype=np.float32)[np.asarray(y, np.int64)]", classes.len())),
            }
        }
        Output::Numbers { standard, .. } => {
            say("\"\"\"Targets in their own units, [n, targets], as the network learns them.\"\"\"");
            say("y = np.asarray(y, np.float64).reshape(len(y), -1)");
            if model.naive.is_some() {
                say("y = y - naive_forecast(X)");
            }
            if !standard.mean.is_empty() {
                say("y = (y - TARGET_MEAN) / TARGET_DEVIATION");
            }
            say("return y.astype(np.float32)");
        }
        Output::Sample { .. } => {
            say("\"\"\"Every sample is its own target.\"\"\"");
            let dims: Vec<String> = model.graph.output().dims().iter().map(usize::to_string).collect();
            say(&format!("return prepare(X).reshape(len(X), {})", dims.join(", ")));
        }
    }
    lines.join("\n") + "\n"
}

fn interpret(model: &Model<'_>) -> String {
    let mut lines = vec!["def interpret(X, outputs):".to_owned()];
    let mut say = |line: &str| lines.push(format!("    {line}"));
    let softmax = "np.exp(outputs - outputs.max(1, keepdims=True))";
    match model.output {
        Output::NextToken => {
            say("\"\"\"The probability of every token to be the next at each step, [n, steps * tokens].\"\"\"");
            say("exponentials = np.exp(outputs - outputs.max(2, keepdims=True))");
            say("return (exponentials / exponentials.sum(2, keepdims=True)).reshape(len(outputs), -1)");
        }
        Output::Probabilities { .. } => {
            say("\"\"\"The probabilities of the classes, [n, classes].\"\"\"");
            say(&format!("exponentials = {softmax}"));
            let softmax = "exponentials / exponentials.sum(1, keepdims=True)";
            match model.graph.nodes.last().map(|node| &node.operation) {
                Some(Operation::Shares(function)) => {
                    say(&format!("softmax = {softmax}"));
                    say(&format!("shares = {}", applied(*function)));
                    say("total = shares.sum(1, keepdims=True)");
                    say("return np.where(total > 0, shares / np.where(total > 0, total, 1), softmax)");
                }
                _ => say(&format!("return {softmax}")),
            }
        }
        Output::Numbers { standard, .. } => {
            say("\"\"\"Numbers in their own units, [n, targets].\"\"\"");
            say("outputs = outputs.astype(np.float64).reshape(len(outputs), -1)");
            if !standard.mean.is_empty() {
                say("outputs = outputs * TARGET_DEVIATION + TARGET_MEAN");
            }
            say(if model.naive.is_some() { "return outputs + naive_forecast(X)" } else { "return outputs" });
        }
        Output::Sample { standard } => {
            say("\"\"\"Samples, flattened: pixels from 0 to 1, or numbers in their own units.\"\"\"");
            let function = match model.project.adversary {
                Some(_) => Function::Linear,
                None => model.project.training.loss.prediction(),
            };
            say(&format!("outputs = {}.reshape(len(outputs), -1)", applied(function)));
            match standard.mean.is_empty() {
                true => say("return outputs"),
                false => {
                    say("rows = outputs.astype(np.float64).reshape(len(outputs), -1, len(SAMPLE_MEAN))");
                    say("return (rows * SAMPLE_DEVIATION + SAMPLE_MEAN).reshape(len(outputs), -1)");
                }
            }
        }
    }
    lines.join("\n") + "\n"
}

/// A function of the outputs.
fn applied(function: Function) -> &'static str {
    match function {
        Function::Sigmoid => "(1 / (1 + np.exp(-outputs)))",
        Function::Relu => "np.maximum(outputs, 0)",
        _ => "outputs",
    }
}

/// A number as Python reads it.
pub fn number(value: f32) -> String {
    match value == 0.0 || value.abs() >= 1e-4 {
        true => format!("{value}"),
        false => format!("{value:e}"),
    }
}

/// A list of numbers as Python reads it, in lines that are not too long; `indent` is where the list begins.
pub fn numbers<N: ToString>(values: &[N], indent: &str) -> String {
    let mut lines = vec![String::new()];
    for value in values {
        let value = value.to_string().replace("NaN", "np.nan");
        if let Some(line) = lines.last_mut() {
            match line.len() + value.len() > 100 {
                true => lines.push(value),
                false if line.is_empty() => *line = value,
                false => line.push_str(&format!(", {value}")),
            }
        }
    }
    match lines.len() {
        1 => format!("[{}]", lines.concat()),
        _ => format!("[\n{indent}    {},\n{indent}]", lines.join(&format!(",\n{indent}    "))),
    }
}

/// A text as Python reads it.
pub fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}
