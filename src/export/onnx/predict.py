"""What the network in model.onnx answers. It needs: pip install onnxruntime

python3 predict.py < LINES       a sample a line, its numbers with commas between, nan where one is missing;
                                 categories are numbers there, as in examples.json
python3 predict.py --csv FILE    a table with the names of its columns in the first line, in any order
python3 predict.py --text < TEXTS  a text a line, for a network that reads texts
python3 predict.py IMAGE ...     images of the size that the network reads; it needs: pip install pillow
"""

import csv
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path

import numpy
import onnxruntime

session = onnxruntime.InferenceSession(str(Path(__file__).with_name("model.onnx")), providers=["CPUExecutionProvider"])
description = json.loads(session.get_modelmeta().custom_metadata_map["backprop"])
inputs = {put.name: put for put in session.get_inputs()}
outputs = [put.name for put in session.get_outputs()]
shape = description["input"]["shape"]
features = description["input"]["means"].get("features", [])
# The features of each column: several where a column has categories.
columns = {}
for place, feature in enumerate(features):
    columns.setdefault(feature["column"], []).append((place, feature))
is_table = list(inputs) == list(columns) and len(shape) == 1


def answers(columns_or_samples):
    """Runs the network: of each output, an array with a row for each sample."""
    return dict(zip(outputs, session.run(outputs, columns_or_samples)))


def from_rows(rows):
    """The inputs for rows of numbers, `[samples, numbers]`."""
    rows = numpy.array(rows, dtype=numpy.float64).reshape(len(rows), -1)
    if is_table:
        return {name: column(rows, parts) for name, parts in columns.items()}
    ((name, put),) = inputs.items()
    kinds = {"tensor(float)": numpy.float32, "tensor(int64)": numpy.int64}
    return {name: rows.reshape(-1, *shape).astype(kinds.get(put.type, numpy.float64))}


def column(rows, parts):
    """A column of a table from encoded rows: a category and a word as text again, other numbers as they are."""
    place, feature = parts[0]
    if "category" in feature:
        words = [next((part["category"] for at, part in parts if row[at] == 1), "") for row in rows]
    elif "words" in feature:
        listed = ["", *feature["words"]["list"]]
        words = [listed[int(row[place]) - feature["words"]["first"]] for row in rows]
    else:
        return rows[:, [place]]
    return numpy.array(words, dtype=object).reshape(-1, 1)


def from_table(path):
    """The inputs for a table: columns by their names; those that the network does not read are passed over."""
    if not is_table:
        sys.exit("The network reads no table with a column for each number.")
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    lacking = [name for name in columns if rows and name not in rows[0]]
    if lacking:
        sys.exit(f"{path}: lacks the column {lacking[0]!r}; it has {', '.join(rows[0])}")
    of = {name: [cell(row[name], parts[0][1]) for row in rows] for name, parts in columns.items()}
    kind = {name: object if put.type == "tensor(string)" else numpy.float64 for name, put in inputs.items()}
    return {name: numpy.array(cells, dtype=kind[name]).reshape(-1, 1) for name, cells in of.items()}


def cell(text, feature):
    """What stands in a cell: a word, a number, or the days since 1970 of a time."""
    text = (text or "").strip()
    if "category" in feature or "words" in feature:
        return text
    try:
        return days(text, feature["dates"]) if "dates" in feature else float(text)
    except ValueError:
        return float("nan")


def days(text, written):
    """Days since 1970 of a time; `%.f` is a fraction of a second where there is one."""
    written = written.replace("%.f", ".%f" if "." in text else "")
    return (datetime.strptime(text, written) - datetime(1970, 1, 1)) / timedelta(days=1)


def from_images(paths):
    """The input for images of exactly the size that the network reads."""
    from PIL import Image

    if "pixels" not in inputs or len(shape) != 3 or shape[2] not in (1, 3):
        sys.exit("The network reads no images.")
    height, width, channels = shape
    images = [Image.open(path).convert("L" if channels == 1 else "RGB") for path in paths]
    for path, image in zip(paths, images):
        if image.size != (width, height):
            sys.exit(f"{path}: is {image.width} by {image.height} pixels, and the network reads {width} by {height}.")
    pixels = [numpy.asarray(image, dtype=numpy.float32).reshape(shape) for image in images]
    return {"pixels": numpy.stack(pixels)}


def read_texts(texts):
    """Prints what the network says of each text: its class, or what a language model writes on, the most likely token each time."""
    if "tokens" not in inputs:
        sys.exit("The network reads no texts.")
    import tokenizer

    if len(outputs) > 1:
        return show(answers({"tokens": numpy.array([tokenizer.row_of(text) for text in texts], dtype=numpy.int64)}))
    for text in texts:
        numbers = tokenizer.begun(text)
        while len(numbers) < tokenizer.LENGTH:
            tokens = numpy.array([tokenizer.row_of(numbers)], dtype=numpy.int64)
            probabilities = answers({"tokens": tokens})[outputs[0]][0, len(numbers) - 1]
            probabilities[[tokenizer.PADDING, tokenizer.UNKNOWN]] = 0
            numbers.append(int(probabilities.argmax()))
            if tokenizer.TOKENS[numbers[-1]] == "\n":
                break
        print(tokenizer.decode(numbers).strip("\n"))


def show(answer):
    """The answers as a table: the label where there is one, and the numbers by their names."""
    means = description["output"]["means"]
    numbers = answer[outputs[0]].reshape(len(answer[outputs[0]]), -1)
    names = means.get("classes") or means.get("targets") or [f"number {at + 1}" for at in range(numbers.shape[1])]
    out = csv.writer(sys.stdout, lineterminator="\n")
    labels = [[label] for label in answer[outputs[1]]] if len(outputs) > 1 else [[]] * len(numbers)
    if "pixels" in inputs:
        labels = [[names[at] for at in label] for label in labels]
    out.writerow(["label"] * (len(outputs) > 1) + names)
    out.writerows(label + row for label, row in zip(labels, numbers.tolist()))


def main():
    match sys.argv[1:]:
        case []:
            rows = [[float(number) for number in line.split(",")] for line in sys.stdin if line.strip()]
            numbers = answers(from_rows(rows))[outputs[0]] if rows else numpy.zeros(0)
            for row in numbers.reshape(len(rows), -1 if rows else 0).tolist():
                print(",".join(map(repr, row)))
        case ["--text"]:
            read_texts([line.rstrip("\n") for line in sys.stdin])
        case ["--csv", path]:
            show(answers(from_table(path)))
        case ["-h" | "--help"]:
            print(__doc__)
        case paths:
            show(answers(from_images(paths)))


if __name__ == "__main__":
    main()
