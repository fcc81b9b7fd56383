//! Networks that read texts: language models and classifiers, through every format.

use std::fs;
use std::path::Path;
use std::process::Command;

use backprop_nn::ModelSpec;
use backprop_nn::init::stream;
use backprop_studio::data::{Lookup, TextFeature, TokenUnit, Tokenizer};
use backprop_studio::export::{Export, ExportError, FORMATS, Input, Model, Proof, Text};
use backprop_studio::project::run_folder::DataRecord;
use backprop_studio::project::{Project, RunFolder};
use backprop_studio::train::writer::{Sampling, Writer};
use serde_json::{Value, json};

use super::{export, prove_in_one_python, python_with, write};

/// The largest difference of a probability.
const ROUNDING: f64 = 1e-5;

/// A run of a preset, or of other layers on its data, with weights as after a training, where no bias is 0.
fn run(preset: &str, layers: Option<&str>) -> RunFolder {
    let mut project = Project::find(preset).unwrap();
    if let Some(layers) = layers {
        project.model = serde_json::from_str::<ModelSpec>(layers).unwrap();
    }
    let dataset = project.data.load(&Lookup::default()).unwrap();
    let network = project.network(dataset.shape, dataset.task.output()).unwrap_or_else(|misfit| panic!("{misfit}"));
    let mut weights = network.init_weights(3);
    let nudge = |at: usize| 0.14 * ((at * 7919 % 101) as f32 / 101.0 - 0.5);
    weights.values_mut().iter_mut().enumerate().for_each(|(at, weight)| *weight += nudge(at));
    let (task, features) = (dataset.task.clone(), dataset.features.clone());
    let scaling = dataset.learn_scaling(&[]);
    let data = DataRecord { task, target: dataset.target.clone(), features, scaling, threshold: None, origin: None };
    RunFolder { project, data, network, weights }
}

const PRESETS: [&str; 4] = ["tiny-gpt", "char-rnn", "sums-gpt", "sentiment"];

/// The presets, a language model of the layers that these do not have, and a classifier that leaves out padding.
fn runs() -> Vec<RunFolder> {
    let tied = r#"[{"kind":"embedding","vocabulary":41,"units":24},{"kind":"positional_embedding","positions":"sinusoidal"},
        {"kind":"repeat","times":2,"layers":[{"kind":"residual","layers":["rms_norm",
            {"kind":"multi_head_attention","heads":3,"causal":true,"rotary":true,"padding":true,"dropout":0.1}]}]},
        "rms_norm",{"kind":"dense","units":41,"activation":"linear","tied":true}]"#;
    let padded = r#"[{"kind":"embedding","vocabulary":100,"units":16},
        {"kind":"multi_head_attention","heads":2,"causal":false,"padding":true},
        {"kind":"global_average_pool","padding":true},{"kind":"dense","units":2,"activation":"linear"}]"#;
    let presets = PRESETS.into_iter().map(|preset| run(preset, None));
    presets.chain([run("tiny-gpt", Some(tied)), run("sentiment", Some(padded))]).collect()
}

/// Every run in a format, whose program answers as the network here where it is on this machine.
fn prove(key: &str) {
    for (at, run) in runs().iter().enumerate() {
        let (folder, Export { proof, .. }) = export(run, key).unwrap_or_else(|error| panic!("{key}: {error}"));
        let name = PRESETS.get(at).copied().unwrap_or("other layers");
        println!("{key}, {name}: {proof}");
        match proof {
            Proof::Compared { difference, of, .. } => {
                assert!(difference <= ROUNDING && of == 100, "{key}, {name}: {proof}")
            }
            proof => assert!(!proof.is_refuted(), "{key}, {name}: {proof}"),
        }
        let read = |file: &str| -> Value {
            serde_json::from_str(&fs::read_to_string(folder.path().join("export").join(file)).unwrap()).unwrap()
        };
        let (model, examples) = (read("model.json"), read("examples.json"));
        let means = &model["input"]["means"];
        let tokens = means["tokenizer"]["tokens"].as_array().unwrap();
        assert_eq!((means["kind"].as_str(), tokens[1].as_str()), (Some("tokens"), Some("\u{fffd}")));
        // What a row of tokens says is beside it.
        let text: String = examples["inputs"][7]
            .as_array()
            .unwrap()
            .iter()
            .map(|at| tokens[at.as_f64().unwrap() as usize].as_str().unwrap())
            .collect();
        assert_eq!(examples["texts"][7], json!(text));
        let card = fs::read_to_string(folder.path().join("export/model-card.md")).unwrap();
        assert!(
            card.contains("## How a text becomes tokens") && card.contains("where 0 is padding and 1 stands for"),
            "{card}"
        );
    }
}

#[test]
fn texts_are_read_in_a_page() {
    prove("html");
}

#[test]
fn texts_are_read_by_onnx() {
    prove("onnx");
    prove("onnx-float16");
    let Some(python) = python_with("onnxruntime") else { return };
    for (preset, text, told) in
        [("sums-gpt", "1+2=\n", "1+2="), ("sentiment", "a fine film\n", "label,negative,positive")]
    {
        let (folder, _) = export(&run(preset, None), "onnx").unwrap();
        let texts = folder.path().join("texts.txt");
        fs::write(&texts, text).unwrap();
        let mut predict = Command::new(&python);
        predict.arg(folder.path().join("export/predict.py")).arg("--text").stdin(fs::File::open(&texts).unwrap());
        let output = predict.output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.starts_with(told), "{said}{}", String::from_utf8_lossy(&output.stderr));
    }
}

#[test]
fn texts_are_read_by_c() {
    prove("c");
    prove("c-int8");
}

#[test]
fn texts_are_read_by_rust() {
    prove("rust");
    prove("rust-int8");
}

#[test]
fn texts_are_read_from_safetensors() {
    prove("safetensors");
    prove("safetensors-float16");
}

/// Answers for every folder, trains an epoch, and lets a language model write.
const ANSWER_TRAIN_AND_WRITE: &str = r#"
import contextlib, importlib.util, io, json, os, sys
import numpy as np
for folder in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    inputs = np.array(json.load(open(os.path.join(folder, "inputs.json"))))
    network = model.load(model.Network())
    answers = np.asarray(model.answer(network, inputs), float)
    json.dump(answers.tolist(), open(os.path.join(folder, "answers.json"), "w"))
    if hasattr(model, "generate"):
        prompt = "1+2=" if "+" in model.TOKENS else "an"
        print(json.dumps([prompt, model.generate(network, prompt, tokens=5, temperature=0)]))
        assert isinstance(model.generate(network, "", tokens=40, temperature=1.0), str)
    sys.argv = ["model.py", *(["--prompt", "a"] if hasattr(model, "generate") else ["--text", "a fine film"])]
    with contextlib.redirect_stdout(io.StringIO()) as told:
        model.main()
    assert told.getvalue().strip(), folder
    targets = answers.argmax(1) if hasattr(model, "CLASSES") else None
    history = model.train(model.Network(), inputs[:9], targets if targets is None else targets[:9], epochs=1)
    assert history and np.isfinite(history).all(), (folder, history)
"#;

#[test]
fn pytorch_reads_texts_trains_and_writes_what_is_written_here() {
    let Some(python) = python_with("torch, numpy, safetensors") else {
        eprintln!("no Python with torch, numpy and safetensors: the PyTorch export is not proven");
        return;
    };
    let runs = runs();
    let printed = prove_in_one_python("pytorch", &python, ANSWER_TRAIN_AND_WRITE, &runs);
    let written: Vec<[String; 2]> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let models = runs.iter().filter(|run| run.data.task.classes().is_empty());
    assert_eq!(written.len(), models.clone().count());
    for ([prompt, written], run) in written.iter().zip(models) {
        let mut writer = Writer::new(run.trained(), run.data.tokenizer().unwrap());
        writer.begin(prompt);
        let mut rng = stream(1, 1);
        for _ in 0..5 {
            writer.write(Sampling { temperature: 0.0, ..Sampling::default() }, &mut rng).unwrap();
        }
        let (here, until) = (writer.text(), writer.text());
        let here = here.split('\n').next().unwrap();
        assert_eq!(written, here, "{until:?}");
    }
    prove("pytorch");
}

#[test]
fn a_notebook_reads_texts() {
    prove("notebook");
}

#[test]
fn keras_refuses_what_it_does_not_write_before_anything_is_written() {
    for (run, refused) in runs().iter().zip([
        Some("a language model yet"),
        Some("a language model yet"),
        Some("a language model yet"),
        None,
        Some("a language model yet"),
        Some("layer 2, MultiHeadAttention, yet; export the network as ONNX or PyTorch"),
    ]) {
        match (export(run, "keras"), refused) {
            (Ok((folder, done)), None) => {
                assert!(!done.proof.is_refuted(), "{}", done.proof);
                assert!(folder.path().join("export/tokenizer.py").is_file());
            }
            (Err(error @ ExportError::Unwritten { .. }), Some(refused)) => {
                assert!(error.to_string().contains(refused), "{error}");
            }
            (other, _) => panic!("{refused:?}: {:?}", other.map(|(_, done)| done)),
        }
    }
}

/// Tells the tokens of the texts that stand in a file.
const ENCODE: &str = "
import json, sys
sys.path.insert(0, sys.argv[1])
import tokenizer
print(json.dumps([tokenizer.encode(text) for text in json.load(open(sys.argv[1] + '/texts.json', encoding='utf-8'))]))
";

/// Texts that are hard to cut.
const TEXTS: [&str; 9] = [
    "Once  upon a\ttime, there was\na queen. It's 3.5 % of 1,000; don't ask!\n",
    "“Quotes” – naïve, Zoë and cafe\u{301} l'été; x_1 = f(a.b, 3.x) -- e.g. this",
    "从前有一位女王。她很老了，3.5 カタカナ ひらがな",
    "   leading and trailing   ",
    "def f(x):\n    return x*2 # \"a comment\"\n",
    "Привет, мир! Καλημέρα κόσμε; שלום עולם",
    "win\r\nmac\rend  \n\n  a",
    "A.B.C. rock'n'roll 10:30 a:b 1;2 don’t ...what?",
    "Unknown: \u{fffd} ☃ zzz",
];

fn tokenizer_of(unit: TokenUnit, folder: &Path) -> Tokenizer {
    let (tokenizer, _) = Tokenizer::learn(unit, TEXTS[..8].iter().copied().chain(TEXTS[..2].iter().copied()), 400);
    let feature = TextFeature { tokenizer, length: 50 };
    let text = Text { feature: &feature, is_written: false, ends_at_line: false };
    for file in text.tokenizer_files() {
        fs::write(folder.join(file.name), file.bytes).unwrap();
    }
    fs::write(folder.join("texts.json"), json!(TEXTS).to_string()).unwrap();
    feature.tokenizer
}

#[test]
fn python_and_the_page_cut_texts_as_here() {
    for unit in [TokenUnit::Character, TokenUnit::Word, TokenUnit::Subword] {
        let folder = tempfile::tempdir().unwrap();
        let tokenizer = tokenizer_of(unit, folder.path());
        let here: Vec<Vec<u16>> = TEXTS.iter().map(|text| tokenizer.encoder().encode(text)).collect();
        let same = |output: std::process::Output| {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let there: Vec<Vec<u16>> = serde_json::from_slice(&output.stdout).unwrap();
            for ((text, here), there) in TEXTS.iter().zip(&here).zip(&there) {
                let cut =
                    |numbers: &[u16]| numbers.iter().map(|at| tokenizer.token(*at).to_owned()).collect::<Vec<_>>();
                assert_eq!(cut(here), cut(there), "{unit:?} of {text:?}");
            }
        };
        if let Some(python) = python_with("re, unicodedata") {
            same(Command::new(python).args(["-c", ENCODE]).arg(folder.path()).output().unwrap());
        }
        if Command::new("node").arg("--version").output().is_ok_and(|output| output.status.success()) {
            let scripts = ["network", "text"].map(|name| {
                fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/export/html/{name}.js")))
                    .unwrap()
            });
            let code = format!(
                "{}\nconst means = {};\nconsole.log(JSON.stringify({}.map(encoderOf(means))));",
                scripts.join("\n"),
                json!({ "tokenizer": tokenizer, "unknown": 1 }),
                json!(TEXTS)
            );
            fs::write(folder.path().join("encode.js"), code).unwrap();
            same(Command::new("node").arg(folder.path().join("encode.js")).output().unwrap());
        }
    }
}

#[test]
fn every_format_of_the_list_is_proven_here() {
    let proven = [
        "html",
        "onnx",
        "onnx-float16",
        "pytorch",
        "notebook",
        "keras",
        "c",
        "c-int8",
        "rust",
        "rust-int8",
        "safetensors",
        "safetensors-float16",
    ];
    assert_eq!(FORMATS.iter().map(|format| format.key()).collect::<Vec<_>>(), proven);
    let run = run("char-rnn", None);
    let model = Model::of(&run).unwrap();
    let Input::Tokens(text) = model.input else { panic!() };
    let [cut, fill] = text.described();
    assert!(cut.starts_with("A text is cut into characters"), "{cut}");
    assert!(fill.contains("those of the text after the line end (token 2), and 0 until there are so many"), "{fill}");
    let folder = tempfile::tempdir().unwrap();
    let examples = write("pytorch", folder.path(), &run);
    assert!(examples.texts.is_some());
}
