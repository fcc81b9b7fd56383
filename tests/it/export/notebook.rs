use std::fs;

use super::{prove_in_one_python, python_with, runs, write};
use serde_json::Value;

/// Runs the cells of every folder from top to bottom.
const CELLS: &str = r#"
import json, os, sys
for folder in sys.argv[1:]:
    os.chdir(folder)
    rows = json.load(open("inputs.json"))
    json.dump({"from": "", "inputs": rows, "outputs": [[0.0]] * len(rows), "classes": None}, open("examples.json", "w"))
    names = {}
    for cell in json.load(open("network.ipynb", encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
    inputs = names["np"].array([[float("nan") if number is None else number for number in row] for row in rows])
    answers = names["answer"](names["network"], inputs)
    json.dump(answers.tolist(), open("answers.json", "w"))
"#;

#[test]
fn the_cells_run_from_top_to_bottom_and_answer_as_the_network_here() {
    match python_with("torch, numpy, safetensors") {
        Some(python) => {
            let some: Vec<_> = runs().into_iter().step_by(6).collect();
            prove_in_one_python("notebook", &python, CELLS, &some);
        }
        None => eprintln!("no Python with torch, numpy and safetensors: the notebook is not proven"),
    }
}

#[test]
fn a_notebook_is_one_of_the_fourth_format() {
    let folder = tempfile::tempdir().unwrap();
    write("notebook", folder.path(), &runs()[0]);
    let text = fs::read_to_string(folder.path().join("network.ipynb")).unwrap();
    let notebook: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((notebook["nbformat"].as_u64(), notebook["nbformat_minor"].as_u64()), (Some(4), Some(5)));
    for cell in notebook["cells"].as_array().unwrap() {
        assert!(cell["id"].is_string() && cell["source"].is_array(), "{cell}");
        let is_code = cell["cell_type"] == "code";
        assert_eq!(cell["outputs"].is_array(), is_code, "{cell}");
    }
}
