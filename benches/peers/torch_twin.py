"""A project file as a PyTorch module with the same layers, initialized as PyTorch does."""
import math
import torch, torch.nn as nn, torch.nn.functional as F

FUNCTIONS = {"linear": nn.Identity, "relu": nn.ReLU, "leaky_relu": lambda: nn.LeakyReLU(0.01), "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "elu": nn.ELU, "gelu": nn.GELU, "silu": nn.SiLU}


class Residual(nn.Module):
    def __init__(self, inside): super().__init__(); self.inside = inside
    def forward(self, x): return x + self.inside(x)


class Recurrent(nn.Module):
    """Reads `[n, steps, features]`, or the rows of an image with one channel; gives the last step or all."""
    def __init__(self, cell, last): super().__init__(); self.cell, self.last = cell, last
    def forward(self, x):
        y = self.cell(x.squeeze(1) if x.dim() == 4 else x)[0]
        if not self.last: return y
        if not self.cell.bidirectional: return y[:, -1]
        half = y.shape[2] // 2
        return torch.cat([y[:, -1, :half], y[:, 0, half:]], 1)


class Reshape(nn.Module):
    """To a sequence, or to an image, whose channels PyTorch has first."""
    def __init__(self, dims): super().__init__(); self.dims = dims
    def forward(self, x):
        *places, channels = self.dims
        if len(places) == 1: return x.reshape(len(x), *self.dims)
        return x.reshape(len(x), channels, *places)


def layer(spec, shape):
    """The module, and the shape behind it, channels last."""
    kind, function = spec["kind"], FUNCTIONS[spec.get("activation", "linear")]
    with_function = lambda module: nn.Sequential(module, function()) if function is not nn.Identity else module
    if kind == "dense":
        return with_function(nn.Linear(math.prod(shape), spec["units"])), [spec["units"]]
    if kind == "conv2d":
        size, stride = spec["kernel"], spec.get("stride", 1)
        same = spec.get("padding", "valid") == "same"
        module = nn.Conv2d(shape[2], spec["filters"], size, stride, size // 2 if same else 0)
        sides = [-(-side // stride) if same else (side - size) // stride + 1 for side in shape[:2]]
        return with_function(module), [*sides, spec["filters"]]
    if kind == "conv_transpose2d":
        size, stride = spec["kernel"], spec["stride"]
        before = (size - stride + 1) // 2
        module = nn.ConvTranspose2d(shape[2], spec["filters"], size, stride, before, stride - size + 2 * before)
        return with_function(module), [side * stride for side in shape[:2]] + [spec["filters"]]
    if kind in ("max_pool2d", "average_pool2d"):
        pool = nn.MaxPool2d if kind == "max_pool2d" else nn.AvgPool2d
        return pool(spec["size"]), [side // spec["size"] for side in shape[:2]] + shape[2:]
    if kind == "up_sample2d":
        return nn.Upsample(scale_factor=spec["size"]), [side * spec["size"] for side in shape[:2]] + shape[2:]
    if kind == "global_average_pool":
        return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), shape[2:]
    if kind == "flatten":
        return nn.Flatten(), [math.prod(shape)]
    if kind == "reshape":
        places = [spec["steps"]] if spec.get("form") == "steps" else [spec["height"], spec["width"]]
        dims = [*places, math.prod(shape) // math.prod(places)]
        return Reshape(dims), dims
    if kind == "batch_norm":
        return (nn.BatchNorm2d if len(shape) == 3 else nn.BatchNorm1d)(shape[-1]), shape
    if kind == "activation":
        return FUNCTIONS[spec["function"]](), shape
    if kind == "dropout":
        return nn.Dropout(spec["rate"]), shape
    if kind in ("rnn", "lstm", "gru"):
        both = spec.get("bidirectional", False)
        cell = getattr(nn, kind.upper())(shape[1], spec["units"], batch_first=True, bidirectional=both)
        last = spec.get("returns", "last_step") == "last_step"
        return Recurrent(cell, last), ([] if last else shape[:1]) + [spec["units"] * (2 if both else 1)]
    if kind == "residual":
        inside, after = stack(spec["layers"], shape)
        return Residual(inside), after
    raise SystemExit(f"no twin of the layer {kind}")


def stack(specs, shape):
    modules = []
    for spec in specs:
        module, shape = layer(spec, shape)
        modules.append(module)
    return nn.Sequential(*modules), shape


def loss_of(project):
    spec = project["training"].get("loss", {"kind": "softmax_cross_entropy"})
    kind = spec["kind"]
    if kind == "softmax_cross_entropy":
        return nn.CrossEntropyLoss(label_smoothing=spec.get("label_smoothing", 0.0)), "classes"
    if kind == "binary_cross_entropy":
        return nn.BCEWithLogitsLoss(), "numbers"
    if kind == "mean_squared_error":
        return nn.MSELoss(), "numbers"
    raise SystemExit(f"no twin of the loss {kind}")
