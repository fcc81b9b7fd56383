"""The project that `backprop train FILE` suggests for a table, against scikit-learn's MLP and gradient boosting with their
defaults, on the same folds: accuracy for classes, R² for numbers.

    python benches/peers/tables.py target/release/backprop FOLDER [NAME ...]

FOLDER holds iris.csv, winequality-red.csv, ai4i2020.csv, steel-plates-faults.csv and auto-mpg.data; the other tables come
with scikit-learn.
"""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
from sklearn import datasets
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, r2_score
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

warnings.filterwarnings("ignore")
FOLDS = 5


def of_file(path, separator=",", header=True, drop=(), target=-1, missing="?"):
    """Rows of texts and the target column of a file."""
    lines = [line for line in Path(path).read_text().splitlines() if line.strip()]
    split = (lambda line: [cell.strip().strip('"') for cell in line.split(separator)]) if separator else str.split
    rows = [split(line) for line in lines[1 if header else 0 :]]
    columns = [list(column) for column in zip(*rows)]
    y = columns.pop(target)
    x = [column for at, column in enumerate(columns) if at not in drop]
    return x, y


def as_numbers(column):
    try:
        return [float(cell) if cell not in ("?", "") else np.nan for cell in column]
    except ValueError:
        return None


def auto_mpg(path):
    rows = [line.split("\t")[0].split() for line in Path(path).read_text().splitlines() if line.strip()]
    columns = list(zip(*rows))
    return [list(column) for column in columns[1:]], list(columns[0])


def tables(folder):
    folder = Path(folder)
    yield "iris", "classes", of_file(folder / "iris.csv", header=False)
    yield "wine-red", "classes", of_file(folder / "winequality-red.csv", separator=";")
    x, y = of_file(folder / "steel-plates-faults.csv")
    yield "steel-plates", "classes", (x, y)
    yield "machine-failure", "classes", of_file(folder / "ai4i2020.csv", drop=(0, 1, 8, 9, 10, 11, 12), target=8)
    yield "auto-mpg", "numbers", auto_mpg(folder / "auto-mpg.data")
    for name, load, kind in [
        ("breast-cancer", datasets.load_breast_cancer, "classes"),
        ("wine-cultivars", datasets.load_wine, "classes"),
        ("digits-8x8", datasets.load_digits, "classes"),
        ("diabetes", datasets.load_diabetes, "numbers"),
    ]:
        data = load()
        y = [f"c{int(value)}" for value in data.target] if kind == "classes" else [repr(float(v)) for v in data.target]
        yield name, kind, ([[repr(float(v)) for v in column] for column in data.data.T], y)
    x, y = datasets.make_friedman1(1500, noise=1.0, random_state=1)
    yield "friedman-1", "numbers", ([[repr(float(v)) for v in column] for column in x.T], [repr(float(v)) for v in y])
    x, y = datasets.make_classification(2000, 20, n_informative=8, n_classes=4, n_clusters_per_class=2, random_state=1)
    yield "clusters", "classes", ([[repr(float(v)) for v in column] for column in x.T], [f"c{v}" for v in y])


def ours(program, folder, x, y, train, test, kind):
    names = [f"x{at}" for at in range(len(x))] + ["y"]
    for name, rows in (("train.csv", train), ("test.csv", test)):
        lines = [",".join(names)]
        lines += [",".join([column[row] for column in x] + [y[row]]) for row in rows]
        (folder / name).write_text("\n".join(lines) + "\n")
    task = "task=classification" if kind == "classes" else "task=regression"
    source = f"csv:train.csv?test_file=test.csv&{task}"
    run = [program, "train", source, "--json", "--out", "run"]
    done = subprocess.run(run, cwd=folder, capture_output=True, text=True)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    last = [event for event in events if "test_accuracy" in event or "test_r2" in event]
    if not last:
        sys.exit(done.stderr + done.stdout[-500:])
    subprocess.run(["rm", "-rf", "run"], cwd=folder)
    return last[-1]["test_accuracy" if kind == "classes" else "test_r2"]


def peers(x, y, train, test, kind):
    columns = [as_numbers(column) for column in x]
    numbers = [at for at, column in enumerate(columns) if column is not None]
    words = [at for at, column in enumerate(columns) if column is None]
    table = np.array([columns[at] if at in numbers else x[at] for at in range(len(x))], dtype=object).T
    target = np.array(y) if kind == "classes" else np.array([float(value) for value in y])
    encode = lambda: make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore", sparse_output=False), words),
    )
    models = (MLPClassifier, HistGradientBoostingClassifier) if kind == "classes" else (MLPRegressor, HistGradientBoostingRegressor)
    score = accuracy_score if kind == "classes" else r2_score
    for model in models:
        fitted = make_pipeline(encode(), model(random_state=0)).fit(table[train], target[train])
        yield score(target[test], fitted.predict(table[test]))


def main():
    program, folder, only = str(Path(sys.argv[1]).resolve()), sys.argv[2], sys.argv[3:]
    print(f"{'table':16} {'rows':>6}  {'ours':>7} {'MLP':>7} {'boost':>7}  seconds a fold, ours")
    for name, kind, (x, y) in tables(folder):
        if only and name not in only:
            continue
        rows = np.arange(len(y))
        folds = StratifiedKFold if kind == "classes" else KFold
        splits = list(folds(FOLDS, shuffle=True, random_state=0).split(rows, y if kind == "classes" else None))
        scores, seconds = [], 0.0
        with tempfile.TemporaryDirectory() as place:
            for train, test in splits:
                started = time.time()
                own = ours(program, Path(place), x, y, train, test, kind)
                seconds += time.time() - started
                scores.append([own, *peers(x, y, train, test, kind)])
        means = np.mean(scores, axis=0)
        figures = " ".join(f"{value:7.3f}" for value in means)
        print(f"{name:16} {len(y):6}  {figures}  {seconds / FOLDS:.1f}", flush=True)


if __name__ == "__main__":
    main()
