#!/usr/bin/env python3
"""Training samples per second of PyTorch with separable and grouped convolutions, two threads, batch size 128, Adam.

The stack is Conv2d 32 3x3, the layer, MaxPool2d, Flatten, Dense 10, on images of 28x28. docs/measurements.md says how the
program's own figures are made.
"""
import time
import torch
from torch.nn import Conv2d, Flatten, Linear, MaxPool2d, ReLU, Sequential

SECONDS, ROUNDS, BATCH = 2.0, 3, 128
LAYERS = {
    "Conv2d 64": (Conv2d(32, 64, 3), 64),
    "Conv2d 64, 4 groups": (Conv2d(32, 64, 3, groups=4), 64),
    "Conv2d 32, 32 groups": (Conv2d(32, 32, 3, groups=32), 32),
    "SeparableConv2d 64": (Sequential(Conv2d(32, 32, 3, groups=32, bias=False), Conv2d(32, 64, 1)), 64),
}


def rate(layer, filters):
    model = Sequential(Conv2d(1, 32, 3), ReLU(), layer, ReLU(), MaxPool2d(2), Flatten(), Linear(filters * 144, 10))
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    images, labels = torch.rand(BATCH, 1, 28, 28), torch.randint(0, 10, (BATCH,))
    best = 0.0
    for _ in range(ROUNDS):
        start, samples = time.time(), 0
        while time.time() - start < SECONDS:
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(model(images), labels).backward()
            optimizer.step()
            samples += BATCH
        best = max(best, samples / (time.time() - start))
    return best


torch.set_num_threads(2)
for name, (layer, filters) in LAYERS.items():
    print(name, round(rate(layer, filters)), flush=True)
