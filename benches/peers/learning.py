#!/usr/bin/env python3
"""What PyTorch reaches on the CPU where `backprop bench --measure evaluation,accuracy` measures this program.

    python3 -m venv .peers/torch && .peers/torch/bin/pip install torch numpy
    .peers/torch/bin/python benches/peers/learning.py --data DIR [--measure FIGURE,...] [--threads N] [--seconds S]
        [--runs N] [WORKLOAD ...]

DIR holds the four files of MNIST, plain or gzipped. Networks and settings are those of assets/presets/*.json: the same
layers, batch, epochs, Adam (fused) under half a cosine, Glorot-uniform kernels and zero biases, on all training samples,
which lie in memory as float tensors. Prints the rows of `backprop bench --json`.

PyTorch gets its best: the test images are read in batches of several sizes, in both memory layouts, and the fastest
counts. The whole is run twice, once with glibc's allocator told to keep its memory, which its convolutions gain from;
the row says so under "malloc", and the better one is the one to compare with.
"""
import argparse
import gzip
import json
import math
import os
import pathlib
import struct
import subprocess
import sys
import time

import numpy
import torch
from torch import nn

PRESETS = pathlib.Path(__file__).resolve().parents[2] / "assets" / "presets"
KEEP_MEMORY = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_TOP_PAD_": "67108864",
}


def idx(folder, stem):
    """The numbers of one IDX file of bytes."""
    path = next(path for path in sorted(folder.iterdir()) if path.name.startswith(stem))
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rb") as file:
        content = file.read()
    axes = content[3]
    dims = struct.unpack(f">{axes}I", content[4 : 4 + 4 * axes])
    return numpy.frombuffer(content, numpy.uint8, offset=4 + 4 * axes).reshape(dims)


def load(folder, part):
    """Images from 0 to 1, [n, 1, height, width], and their classes."""
    images = torch.tensor(idx(folder, f"{part}-images")).float().div_(255).unsqueeze(1)
    return images, torch.tensor(idx(folder, f"{part}-labels")).long()


def build(layers):
    """The network of a preset, with the initial values that this program draws."""
    channels, side, features = 1, 28, None
    stack = []
    for layer in layers:
        match layer["layer"]:
            case "conv2d":
                kernel, stride = layer["kernel"], layer["stride"]
                padding = kernel // 2 if layer["padding"] == "same" else 0
                stack.append(nn.Conv2d(channels, layer["filters"], kernel, stride, padding))
                channels, side = layer["filters"], (side + 2 * padding - kernel) // stride + 1
            case "max_pool2d":
                stack.append(nn.MaxPool2d(layer["size"]))
                side //= layer["size"]
            case "flatten":
                stack.append(nn.Flatten())
                features = channels * side * side
            case "dense":
                stack.append(nn.Linear(features, layer["units"]))
                features = layer["units"]
            case other:
                sys.exit(f"no {other} here yet")
        if layer.get("activation") == "relu":
            stack.append(nn.ReLU())
    network = nn.Sequential(*stack)
    for name, parameter in network.named_parameters():
        nn.init.zeros_(parameter) if name.endswith("bias") else nn.init.xavier_uniform_(parameter)
    return network


@torch.inference_mode()
def classify(network, images, batch):
    return torch.cat([network(part).argmax(1) for part in images.split(batch)])


def evaluation(preset, options):
    """Test images a second: the fastest pass of all batch sizes and memory layouts."""
    images = load(options.data, "t10k")[0]
    best = (0.0, None, None)
    layouts = {"contiguous": torch.contiguous_format, "channels_last": torch.channels_last}
    batches = [16, 32, 64, 128, 250, 1000]
    for layout, memory_format in layouts.items():
        network = build(preset["model"]).eval().to(memory_format=memory_format)
        inputs = images.to(memory_format=memory_format)
        for batch in batches:
            classify(network, inputs, batch)
            until = time.perf_counter() + options.seconds / len(batches) / len(layouts)
            while True:
                started = time.perf_counter()
                classify(network, inputs, batch)
                ended = time.perf_counter()
                best = max(best, (len(images) / (ended - started), batch, layout))
                if ended > until:
                    break
    rate, batch, layout = best
    return {"samples": len(images), "samples_per_s": round(rate), "batch": batch, "layout": layout}


def train(preset, seed, train_data, test_data):
    """Trains to the last epoch; after each, the test accuracy, and the seconds of training and in all so far."""
    training = preset["training"]
    (images, classes), (test_images, test_classes) = train_data, test_data
    torch.manual_seed(seed)
    network, loss_of = build(preset["model"]), nn.CrossEntropyLoss()
    rule = training["optimizer"]
    adam = torch.optim.Adam(
        network.parameters(),
        training["learning_rate"],
        betas=(rule["beta1"], rule["beta2"]),
        eps=rule["epsilon"],
        fused=True,
    )
    batch, epochs = training["batch"], training["epochs"]
    steps = epochs * math.ceil(len(images) / batch)
    step, trained, total, states = 0, 0.0, 0.0, []
    for epoch in range(1, epochs + 1):
        started = time.perf_counter()
        for at in torch.randperm(len(images)).split(batch):
            cosine = 0.5 * (1 + math.cos(math.pi * step / steps))
            adam.param_groups[0]["lr"] = training["learning_rate"] * (cosine if training["schedule"]["kind"] == "cosine" else 1)
            adam.zero_grad(set_to_none=True)
            loss_of(network(images[at]), classes[at]).backward()
            adam.step()
            step += 1
        trained += time.perf_counter() - started
        right = (classify(network, test_images, 1000) == test_classes).sum().item()
        total += time.perf_counter() - started
        share = right / len(test_classes)
        states.append({"epoch": epoch, "accuracy": share, "training_seconds": trained, "seconds": total})
    return states


def accuracy(preset, options):
    """Seconds until the test accuracy first reaches 98 % and 99 %: the median of runs with seeds of their own."""
    train_data, test_data = load(options.data, "train"), load(options.data, "t10k")
    seeds = range(preset["training"]["seed"], preset["training"]["seed"] + options.runs)
    runs = [train(preset, seed, train_data, test_data) for seed in seeds]
    reached = []
    for percent in (98, 99):
        firsts = [next((state for state in run if state["accuracy"] * 100 >= percent), None) for run in runs]
        firsts = sorted((first for first in firsts if first), key=lambda first: first["training_seconds"])
        # A run that did not get there took longer than all that did.
        median = firsts[len(runs) // 2] if len(firsts) > len(runs) // 2 else {}
        fields = {key: median.get(key) for key in ("epoch", "training_seconds", "seconds")}
        reached.append({"percent": percent, "runs": len(firsts)} | fields)
    last = sorted(run[-1]["accuracy"] for run in runs)[len(runs) // 2]
    return {"batch": preset["training"]["batch"], "runs": len(runs), "reached": reached, "last_accuracy": last}


FIGURES = {"evaluation": evaluation, "accuracy": accuracy}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="folder with the four files of MNIST")
    parser.add_argument("--measure", default="evaluation,accuracy", help="what to measure, joined by a comma")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=10.0, help="time for an evaluation")
    parser.add_argument("--runs", type=int, default=1, help="trainings for accuracy, each with a seed of its own")
    parser.add_argument("--malloc", help=argparse.SUPPRESS)
    parser.add_argument("workload", nargs="*", default=["mlp", "cnn-deep"])
    options = parser.parse_args()
    if options.malloc is None:
        # The allocator reads its settings when a process starts.
        for malloc, environment in (("default", {}), ("keep", KEEP_MEMORY)):
            subprocess.run([sys.executable, *sys.argv, "--malloc", malloc], env=os.environ | environment, check=True)
        return
    torch.set_num_threads(options.threads)
    for figure in options.measure.split(","):
        if figure not in FIGURES:
            parser.error(f"no figure {figure}; there are {', '.join(FIGURES)}")
        for name in options.workload:
            preset = json.loads((PRESETS / f"{name}.json").read_text())
            row = {"peer": "torch", "measure": figure, "workload": name, "data": options.data.resolve().name}
            row |= {"threads": options.threads, "malloc": options.malloc}
            print(json.dumps(row | FIGURES[figure](preset, options)), flush=True)


main()
