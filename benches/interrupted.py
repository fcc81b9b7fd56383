"""Kills a training at random moments, lets it go on, and compares with one that was never interrupted: the epochs of
metrics.jsonl without their times, and the weights, byte for byte.

    python benches/interrupted.py target/release/backprop [ROUNDS]
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 10
KILLS = 3  # in each round at most
TRAIN = ["train", "mlp", "--data", "digits?count=4000", "--epochs", "120", "--threads", "1", "--json"]

random.seed(1)


def start(folder, arguments):
    return subprocess.Popen([PROGRAM, *arguments], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def told(run):
    lines = map(json.loads, (run / "metrics.jsonl").read_text().splitlines())
    keep = lambda key: "seconds" not in key and "samples_per" not in key
    return [{key: value for key, value in line.items() if keep(key)} for line in lines if line["event"] == "epoch"]


def state(folder, run):
    shown = subprocess.run([PROGRAM, "runs", "show", run, "--json"], cwd=folder, capture_output=True, text=True)
    return json.loads(shown.stdout)["state"] if shown.returncode == 0 else "not begun"


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    began = time.monotonic()
    start(folder, [*TRAIN, "--out", "whole"]).wait()
    seconds = time.monotonic() - began
    expected = told(folder / "whole"), (folder / "whole/weights.safetensors").read_bytes()
    killed = resumed = differing = 0
    for number in range(ROUNDS):
        run, arguments = folder / f"run-{number}", [*TRAIN, "--out", f"run-{number}"]
        for kill in range(KILLS + 1):
            process = start(folder, arguments)
            try:
                process.wait(random.uniform(0, seconds) if kill < KILLS else None)
                break
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            killed += 1
            assert state(folder, run.name) in ("interrupted", "not begun", "finished")
            if any(run.glob("checkpoints/*.safetensors")):
                arguments = ["train", "--resume", run.name, "--json"]
                resumed += 1
            else:
                arguments = [*TRAIN, "--out", run.name, "--overwrite"] if run.exists() else arguments
        differing += (told(run), (run / "weights.safetensors").read_bytes()) != expected
    print(f"{killed} kills in {ROUNDS} runs, {resumed} times gone on from a checkpoint, {differing} runs differ")
