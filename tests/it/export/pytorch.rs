use std::fs;

use super::{compiles, prove_in_one_python, python_with, runs, write};
use backprop_studio::project::RunFolder;

/// Answers for every folder, and trains a step.
const ANSWER_AND_TRAIN: &str = r#"
import importlib.util, json, os, sys
import numpy as np
for folder in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    rows = json.load(open(os.path.join(folder, "inputs.json")))
    inputs = np.array([[np.nan if number is None else number for number in row] for row in rows])
    answers = np.asarray(model.answer(model.load(model.Network()), inputs), float)
    json.dump(answers.tolist(), open(os.path.join(folder, "answers.json"), "w"))
    targets = answers if hasattr(model, "TARGETS") else answers.argmax(1)
    history = model.train(model.Network(), inputs[:9], targets[:9], epochs=1)
    assert history and np.isfinite(history).all(), (folder, history)
"#;

/// With settings that change what has to be written of a training.
fn trained_otherwise() -> Vec<RunFolder> {
    let settings: [&[(&str, &str)]; 6] = [
        &[("training.optimizer", "lion"), ("training.regularization.l1", "0.001"), ("training.schedule", "step")],
        &[("training.optimizer", "adamw"), ("training.regularization.l2", "0.01"), ("training.schedule", "one_cycle")],
        &[("training.optimizer", "rmsprop"), ("training.regularization.max_norm", "2"), ("training.warmup", "0.2")],
        &[
            ("training.optimizer", "nadam"),
            ("training.schedule", "plateau"),
            ("training.regularization.average", "0.9"),
        ],
        &[("training.early_stopping.patience", "2"), ("training.schedule", "cosine_restarts")],
        &[("training.regularization.clip_norm", "1"), ("training.regularization.clip_value", "1")],
    ];
    let with = |(run, settings): (RunFolder, &[(&str, &str)])| {
        let mut run = run;
        settings.iter().for_each(|(place, value)| run.project.set(place, value).unwrap());
        run
    };
    runs().into_iter().skip(7).zip(settings).map(with).collect()
}

#[test]
fn pytorch_answers_as_the_network_here_and_trains_every_layer() {
    match python_with("torch, numpy, safetensors") {
        Some(python) => {
            let runs: Vec<RunFolder> = runs().into_iter().chain(trained_otherwise()).collect();
            prove_in_one_python("pytorch", &python, ANSWER_AND_TRAIN, &runs);
        }
        None => eprintln!("no Python with torch, numpy and safetensors: the PyTorch export is not proven"),
    }
}

#[test]
fn the_program_reads_like_the_stack_and_its_tensors_have_the_names_of_pytorch() {
    let folder = tempfile::tempdir().unwrap();
    let run = &runs()[17];
    write("pytorch", folder.path(), run);
    compiles(folder.path(), "model.py");
    let text = fs::read_to_string(folder.path().join("model.py")).unwrap();
    for line in [
        "self.rnn1 = nn.RNN(3, 3, batch_first=True)",
        "x = self.rnn1(x)[0][:, -1]",
        "x = self.dense1(x)",
        "def prepare(X):",
        "torch.optim.Adam(parameters, lr=LEARNING_RATE",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
    let bytes = fs::read(folder.path().join("weights.safetensors")).unwrap();
    let header = String::from_utf8_lossy(&bytes[8..1000.min(bytes.len())]).into_owned();
    for name in ["rnn1.weight_ih_l0", "rnn1.bias_hh_l0", "dense1.weight"] {
        assert!(header.contains(&format!("{name:?}")), "{name} is not in {header}");
    }
}
