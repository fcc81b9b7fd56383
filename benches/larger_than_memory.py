"""Trains on images that do not fit into the memory that a training may use, and on the same images in memory.

    python benches/larger_than_memory.py target/release/backprop FOLDER [IMAGES]

Makes IMAGES (200,000 by default) of 128 × 128 pixels in FOLDER, gratings of four widths, which are 9.8 GB; trains a small
convolutional network for one epoch on a file that is mapped into memory, under a limit of 1 GB that is set with a control
group (as root, version 1 or 2); then without a limit on all images in memory. Prints samples per second of both.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT = 1 << 30
MODEL = [
    {"kind": "conv2d", "filters": 16, "kernel": 5, "stride": 4, "padding": "same", "activation": "relu"},
    {"kind": "max_pool2d", "size": 2},
    {"kind": "conv2d", "filters": 32, "kernel": 3, "padding": "same", "activation": "relu"},
    "global_average_pool",
    {"kind": "dense", "units": 4, "activation": "linear"},
]
TRAINING = {"loss": "softmax_cross_entropy", "optimizer": "adam", "learning_rate": 0.002, "batch": 64, "epochs": 1}


def make(folder, images):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[0:128, 0:128]
    for kind in range(4):
        (folder / f"kind{kind}").mkdir(parents=True, exist_ok=True)
    for at in range(images):
        kind, angle = at % 4, rng.uniform(0, np.pi)
        along = np.cos(angle) * x + np.sin(angle) * y
        wave = 128 + 100 * np.sin([0.05, 0.1, 0.2, 0.4][kind] * along + rng.uniform(0, 6))
        image = np.stack([wave, wave * rng.uniform(0.5, 1), 255 - wave], -1).astype(np.uint8)
        Image.fromarray(image).save(folder / f"kind{kind}" / f"{at}.jpg", quality=60)


def limited():
    """A group of processes that may use so much memory."""
    old = Path("/sys/fs/cgroup/memory")
    group = (old if old.is_dir() else Path("/sys/fs/cgroup")) / "backprop-limited"
    group.mkdir(exist_ok=True)
    (group / ("memory.limit_in_bytes" if old.is_dir() else "memory.max")).write_text(str(LIMIT))
    return group


def train(program, folder, cache, group=None):
    source = f"images:set?size=128&test=0.05&cache={cache}"
    project = {"version": 2, "name": cache, "data": {"source": source, "validation": 0.05}, "model": MODEL, "training": TRAINING}
    (folder / "project.json").write_text(json.dumps(project))
    command = [program, "train", "project.json", "--json", "--out", f"run-{cache}"]
    if group:
        command = ["sh", "-c", f'echo $$ > {group}/cgroup.procs; exec "$@"', "sh", *command]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    epochs = [json.loads(line) for line in done.stdout.splitlines() if '"epoch":' in line]
    if not epochs:
        sys.exit(done.stderr)
    return epochs[-1]["samples_per_s"]


def main():
    program, folder = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2])
    if not (folder / "set").is_dir():
        make(folder / "set", int(sys.argv[3]) if len(sys.argv) > 3 else 200_000)
    file = train(program, folder, "file", limited())
    print(f"from a file, with {LIMIT >> 20} MB: {file:.0f} samples a second")
    memory = train(program, folder, "memory")
    print(f"in memory: {memory:.0f}; the time from a file is {memory / file:.2f} of it")


if __name__ == "__main__":
    main()
