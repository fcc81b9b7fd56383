"""Stops a training at up to three random steps, lets it go on with another number of threads, and compares every step, every epoch, the test result
and the weights with those of a training that was never stopped: each preset, optimizer and schedule, and what remembers more than weights.

    BACKPROP_DATA=FOLDER python benches/resumed.py target/release/backprop [ONLY]

A preset whose data are not in that folder is named and left out.
"""

import json
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
ONLY = sys.argv[2] if len(sys.argv) > 2 else ""
STOPS = 3
DIGITS = ["--data", "digits?count=2000", "--epochs", "4"]
# Fewer samples or epochs where the preset's own would take minutes, and more where they would take a moment.
SHORT = {
    **dict.fromkeys(["mlp", "cnn-small", "cnn-5x5", "cnn-deep", "lenet", "rnn", "lstm", "gru"], DIGITS),
    "best-mnist": ["--data", "digits?count=1500", "--epochs", "3"],
    "resnet-mini": ["--data", "digits?count=1500", "--epochs", "3"],
    "steel-surface": ["--epochs", "2"],
    "remaining-life": ["--epochs", "2"],
    "gan-digits": ["--data", "digits?count=2000", "--epochs", "4"],
    "autoencoder": ["--data", "digits?count=2000", "--epochs", "4"],
    "gan-points": ["--epochs", "40"],
    "iris": ["--epochs", "2000"],
    "wine": ["--epochs", "200"],
    "steel-plates": ["--epochs", "200"],
    "machine-failure": ["--epochs", "30"],
    "fuel": ["--epochs", "2000"],
    "airline": ["--epochs", "4000"],
    "temperatures": ["--epochs", "60"],
    "spiral": ["--epochs", "2000"],
    "xor": ["--epochs", "5000"],
    "regression-2d": ["--epochs", "500"],
}
# What else has a memory: early stopping and its best weights, averaged weights, dropout, noise and batch statistics, augmentation.
OTHERS = {
    "early stopping": ["early_stopping.patience=2"],
    "averaged weights": ["regularization.average=0.99"],
    "warm-up, L1, clipping": ["warmup=0.2", "regularization.l1=0.0001", "regularization.clip_norm=1"],
}

random.seed(13)


def listed(heading):
    """The options of a list in the documentation, which the program writes itself."""
    table = (Path(__file__).parent.parent / "docs/settings.md").read_text()
    row = next(line for line in table.splitlines() if line.startswith(f"| `{heading}` | `"))
    return re.findall(r"`(\w+)`", row.split("|")[2])


def presets():
    told = subprocess.run([PROGRAM, "presets", "--json"], capture_output=True, text=True, check=True).stdout
    return [json.loads(line)["name"] for line in told.splitlines()]


def cases():
    for name in presets():
        yield f"preset {name}", [name, *SHORT.get(name, ["--epochs", "5"])]
    for name in listed("optimizer"):
        yield f"optimizer {name}", ["mlp", *DIGITS, "--set", f"training.optimizer.kind={name}"]
    for name in listed("schedule"):
        yield f"schedule {name}", ["mlp", *DIGITS, "--set", f"training.schedule.kind={name}"]
    for name, sets in OTHERS.items():
        yield name, ["mlp", *DIGITS, *(part for value in sets for part in ("--set", f"training.{value}"))]


def train(folder, arguments, threads, seconds=None):
    """Trains to the end, or until so many seconds after its first line; the line that tells how it ended, or why it did not begin."""
    command = [PROGRAM, "train", *arguments, "--threads", str(threads), "--json", "--steps"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    last, timer = None, None
    for line in process.stdout:
        if timer is None and seconds is not None:
            timer = threading.Timer(seconds, process.send_signal, [signal.SIGINT])
            timer.start()
        last = line
    if timer:
        timer.cancel()
    return json.loads(last) if process.wait() == 0 else process.stderr.read().strip()


def step(run):
    return json.loads((run / "run.json").read_text())["step"]


def told(run):
    """Every line with numbers, without the times."""
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    keep = lambda key: "seconds" not in key and "samples_per" not in key
    return [{key: value for key, value in line.items() if keep(key)} for line in lines if line["event"] in ("step", "epoch", "best", "done")]


differing = count = stopped_times = 0
for name, arguments in cases():
    if ONLY not in name:
        continue
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        ended = train(folder, [*arguments, "--out", "whole"], 2)
        if not isinstance(ended, dict):
            print(f"{name}: not tried, {ended}", flush=True)
            continue
        stops, train_again, steps = set(), [*arguments, "--out", "stopped"], step(folder / "whole")
        for share in sorted(random.uniform(0, 0.8) for _ in range(STOPS)):
            train(folder, train_again, random.choice([1, 2, 3]), (share - max(stops, default=0) / steps) * ended["seconds"])
            stops.add(step(folder / "stopped"))
            train_again = ["stopped", "--resume"]
        train(folder, train_again, 2)
        whole, stopped = folder / "whole", folder / "stopped"
        same = told(whole) == told(stopped) and (whole / "weights.safetensors").read_bytes() == (stopped / "weights.safetensors").read_bytes()
        # A stop that is heard after the last step is none.
        stops = sorted(stops - {steps})
        if not stops:
            print(f"{name}: was over before it was stopped, and counts for nothing", flush=True)
            continue
        count, differing, stopped_times = count + 1, differing + (not same), stopped_times + len(stops)
        print(f"{name}: {steps} steps, stopped after {', '.join(map(str, stops))}: {'the same' if same else 'DIFFERS'}", flush=True)
print(f"{count} trainings, stopped {stopped_times} times, {differing} differ")
sys.exit(differing > 0)
