//! The program in its sections, which stand in one file, or in the cells of a notebook.

use super::network::Class;
use super::tensors::Array;
use super::training::{self, Settings};
use crate::export::model::{Input, Model};
use crate::export::text::Text;
use crate::export::{ExportError, numpy};
use backprop_nn::layers::{Embedding, LayerSpec};

const LAYERS: &str = include_str!("layers.py");
const MAIN: &str = include_str!("main.py");
const TRAIN_CALL: &str = include_str!("train_call.py");

/// The weights as they are saved, tied ones twice.
pub const STATE: &str = "{name: value.cpu().clone() for name, value in network.state_dict().items()}";

/// A part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What it is, a sentence above the cell of a notebook.
    pub about: &'static str,
    /// Its lines.
    pub code: String,
}

/// The program of a model.
pub struct Program {
    /// What stands above all of it.
    pub about: String,
    /// The imports, the settings, the network, the data, the training.
    pub sections: Vec<Section>,
    /// What a file does when it is called.
    pub main: String,
    /// The weights.
    pub arrays: Vec<Array>,
    /// Whether it has a training.
    pub is_trained: bool,
}

impl Program {
    /// The program of a model.
    ///
    /// # Errors
    /// If it has a layer that is defined elsewhere.
    pub fn of(model: &Model<'_>) -> Result<Self, ExportError> {
        let class = Class::of(model)?;
        let settings = model.project.adversary.is_none().then(|| Settings::of(model, &class));
        let mut imports =
            "import argparse\nimport copy\nimport os\nimport sys\n\nimport numpy as np\nimport torch\n".to_owned();
        if settings.is_some() {
            imports.push_str("import torch.distributed as dist\n");
        }
        imports.push_str("import torch.nn.functional as F\nfrom safetensors.torch import load_file");
        if settings.is_some() {
            imports.push_str(", save_file");
        }
        imports.push_str("\nfrom torch import nn\n");
        if let Some(settings) = &settings {
            imports.push_str("from torch.nn.parallel import DistributedDataParallel\n");
            imports.push_str(settings.imports);
        }
        if model.project.training.early_stopping.is_off() || settings.is_none() {
            imports = imports.replace("import copy\n", "");
        }
        let text = text_of(model);
        if let Some(text) = text {
            imports = imports.replace("import os\n", &format!("{}import os\n", text.imports()));
            imports = in_order(&imports);
        }
        let mut sections = vec![
            Section { about: "What is needed.", code: imports },
            Section { about: "What goes in and what comes out.", code: numpy::constants(model) },
        ];
        if let Some(text) = text {
            let code = text.python("os.path.dirname(WEIGHTS)") + "\n";
            sections.push(Section { about: "From a text to tokens, and back.", code });
        }
        if let Some(settings) = &settings {
            sections.push(Section { about: "The settings of the training.", code: settings.constants.clone() });
        }
        let used = class.used.iter().copied().chain(settings.iter().flat_map(|settings| settings.used));
        let helpers: String = used.map(|name| part(LAYERS, name)).collect::<Vec<_>>().join("\n\n\n");
        if !helpers.is_empty() {
            sections.push(Section { about: "What PyTorch does not have.", code: helpers + "\n" });
        }
        sections.push(Section { about: "The network.", code: class_code(model, &class) });
        sections.push(Section {
            about: "From the data to the network, and from its outputs to answers.",
            code: numpy::preparation_as(model, if reads_whole_numbers(model) { "np.int64" } else { "np.float32" })
                + "\n\n"
                + ANSWER
                + &text
                    .filter(|text| text.is_written)
                    .map_or_else(String::new, |text| format!("\n\n{}", text.generation())),
        });
        if let Some(settings) = &settings {
            sections.push(Section { about: "The training.", code: settings.code.clone() });
        }
        let (arguments, call, help) = match settings.is_some() {
            true => (
                "    parser.add_argument(\"--train\", metavar=\"DATA.npz\", help=\"train on its arrays X and y\")\n    \
                 parser.add_argument(\"--resume\", action=\"store_true\", help=\"train on from the weights\")\n    \
                 parser.add_argument(\"--out\", default=\"trained.safetensors\", help=\"where the trained weights go\")\n",
                TRAIN_CALL,
                ", or to train on from",
            ),
            false => ("", "", ""),
        };
        let main = MAIN
            .replace(
                "<<text_arguments>>",
                text.map_or("", |text| if text.is_written { PROMPT_ARGUMENTS } else { TEXT_ARGUMENTS }),
            )
            .replace("<<text_call>>", text.map_or("", |text| if text.is_written { PROMPT_CALL } else { TEXT_CALL }))
            .replace("<<train_arguments>>", arguments)
            .replace("<<train_call>>", &call.replace("<<state>>", STATE))
            .replace("<<weights_help>>", help)
            .replace(", or trains.", if settings.is_some() { ", or trains." } else { "." });
        let about = about(model);
        Ok(Self { about, sections, main, arrays: class.arrays, is_trained: settings.is_some() })
    }

    /// The file.
    pub fn text(&self) -> String {
        let mut text = format!("\"\"\"{}\"\"\"\n\n", self.about);
        for section in &self.sections {
            let is_definition = section.code.starts_with("class ") || section.code.starts_with("def ");
            if is_definition {
                text.push('\n');
            }
            text.push_str(&section.code);
            text.push('\n');
        }
        text + "\n" + &self.main
    }
}

/// A part of a file with several: what follows its mark.
pub fn part(file: &'static str, name: &str) -> String {
    let mark = format!("# <<{name}>>\n");
    let rest = file.split_once(&mark).map_or("", |(_, rest)| rest);
    rest.split("\n# <<").next().unwrap_or(rest).trim_end().to_owned()
}

/// The text that a network reads, if it reads one.
fn text_of<'a>(model: &Model<'a>) -> Option<Text<'a>> {
    match model.input {
        Input::Tokens(text) => Some(text),
        Input::Pixels | Input::Numbers { .. } | Input::Noise => None,
    }
}

/// Whether what enters the network are whole numbers, for an embedding.
fn reads_whole_numbers(model: &Model<'_>) -> bool {
    matches!(model.project.model.layers.first(), Some(LayerSpec::Embedding(Embedding { numbers: 0, .. })))
}

/// The imports of the standard library in the order of the alphabet.
fn in_order(imports: &str) -> String {
    let (standard, others) = imports.split_once("\n\n").unwrap_or((imports, ""));
    let mut lines: Vec<&str> = standard.lines().collect();
    lines.sort_unstable();
    format!("{}\n\n{others}", lines.join("\n"))
}

const PROMPT_ARGUMENTS: &str = "    parser.add_argument(\"--prompt\", help=\"write on from this text\")
    parser.add_argument(\"--tokens\", type=int, default=200, help=\"how many tokens to write at most\")
    parser.add_argument(\"--temperature\", type=float, default=0.8, help=\"0 takes the most likely token each time\")
";
const PROMPT_CALL: &str = "    if arguments.prompt is not None:
        print(generate(network, arguments.prompt, arguments.tokens, arguments.temperature))
        return
";
const TEXT_ARGUMENTS: &str = "    parser.add_argument(\"--text\", help=\"tell the classes of this text\")
";
const TEXT_CALL: &str = "    if arguments.text is not None:
        for name, share in zip(CLASSES, answer(network, [row_of(arguments.text)])[0]):
            print(f\"{name}: {share:.1%}\")
        return
";

fn about(model: &Model<'_>) -> String {
    let mut lines = vec![
        format!("{}, a network that was trained in Backprop Studio.", in_text(model.name)),
        String::new(),
        "    python model.py < samples.csv            answers: a line of numbers for each line of numbers".to_owned(),
    ];
    match text_of(model) {
        Some(text) if text.is_written => {
            lines.push("    python model.py --prompt \"a text\"           writes on".to_owned())
        }
        Some(_) => lines.push("    python model.py --text \"a text\"             tells its classes".to_owned()),
        None => {}
    }
    if model.project.adversary.is_none() {
        lines.push("    python model.py --train data.npz         trains on the arrays X and y of the file".to_owned());
        lines.push(
            "    torchrun --nproc-per-node 2 model.py --train data.npz     the same with two processes".to_owned(),
        );
    }
    if let Some(text) = text_of(model) {
        lines.push(String::new());
        lines.extend(text.described());
    }
    lines.extend([String::new(), "Needed: pip install torch numpy safetensors".to_owned()]);
    let notes = training::notes(model);
    if !notes.is_empty() {
        lines.extend([String::new(), "Other than in the program:".to_owned()]);
        lines.extend(notes.iter().map(|note| format!("- {}", in_text(note))));
    }
    lines.join("\n") + "\n"
}

/// A text within a text.
pub fn in_text(text: &str) -> String {
    text.replace('\\', "/").replace("\"\"\"", "'''")
}

fn class_code(model: &Model<'_>, class: &Class) -> String {
    let mut lines = vec![
        "class Network(nn.Module):".to_owned(),
        format!("    \"\"\"From [n, {}] to [n, {}]:", shape_of(model.shape()), shape_of(model.graph.output())),
        String::new(),
    ];
    lines.extend(class.stack.iter().map(|layer| format!("    {layer}")));
    lines.extend(["    \"\"\"".to_owned(), String::new()]);
    lines.extend(["    def __init__(self):".to_owned(), "        super().__init__()".to_owned()]);
    lines.extend(class.modules.iter().map(|line| format!("        {line}")));
    if !class.initial.is_empty() {
        lines.push("        self.initialize()".to_owned());
        lines.extend([String::new(), "    def initialize(self):".to_owned()]);
        lines.push("        \"\"\"The weights before a training, drawn as in the program.\"\"\"".to_owned());
        lines.push("        for name, parameter in self.named_parameters():".to_owned());
        lines.push("            if \"bias\" in name:".to_owned());
        lines.push("                nn.init.zeros_(parameter)".to_owned());
        lines.extend(class.initial.iter().map(|line| format!("        {line}")));
    }
    lines.extend([String::new(), "    def forward(self, x):".to_owned()]);
    lines.extend(class.forward.iter().map(|line| format!("        {line}")));
    lines.push("        return x".to_owned());
    lines.join("\n") + "\n"
}

pub fn shape_of(shape: backprop_nn::Shape) -> String {
    shape.dims().iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// `load` and `answer`.
const ANSWER: &str = "def load(network, path=WEIGHTS):
    network.load_state_dict(load_file(path), strict=True)
    return network.eval()


@torch.no_grad()
def answer(network, X):
    \"\"\"What the network says of samples in the units of the data, a row for each.\"\"\"
    outputs = network(torch.from_numpy(prepare(X)))
    return interpret(X, outputs.numpy())
";
