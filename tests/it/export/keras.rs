use std::fs;

use super::{compiles, prove_in_one_python, python_with, runs, write};

/// Answers for every folder.
const ANSWER: &str = r#"
import importlib.util, json, os, sys
import numpy as np
for folder in sys.argv[1:]:
    spec = importlib.util.spec_from_file_location("model", os.path.join(folder, "model.py"))
    model = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(model)
    rows = json.load(open(os.path.join(folder, "inputs.json")))
    inputs = np.array([[np.nan if number is None else number for number in row] for row in rows])
    answers = np.asarray(model.answer(model.load(model.build()), inputs), float)
    json.dump(answers.tolist(), open(os.path.join(folder, "answers.json"), "w"))
"#;

#[test]
fn keras_answers_as_the_network_here() {
    match python_with("keras, numpy, safetensors") {
        Some(python) => {
            prove_in_one_python("keras", &python, ANSWER, &runs());
        }
        None => eprintln!("no Python with keras, numpy and safetensors: the Keras export is not proven"),
    }
}

#[test]
fn the_program_reads_like_the_stack() {
    let folder = tempfile::tempdir().unwrap();
    write("keras", folder.path(), &runs()[17]);
    compiles(folder.path(), "model.py");
    let text = fs::read_to_string(folder.path().join("model.py")).unwrap();
    for line in [
        "x = inputs = keras.Input(INPUT)",
        "x = layers.SimpleRNN(3, name=\"rnn1\")(x)",
        "x = layers.Dense(2, name=\"dense1\")(x)",
        "\"rnn1\": [\"kernel\", \"recurrent_kernel\", \"bias\"]",
        "keras.optimizers.Adam(LEARNING_RATE",
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}
