"""Writes the golden curves to which the Go tests hold machines and optimisers: python bench/peers/goldens.py models/train/testdata/goldens

Each case trains one network for ten updates on one batch, in float64 and in float32, and stores the loss before each update and the
weights after the last. Data, first weights and noise are formulas (formulas.py), so that a file holds little else.
"""
import fnmatch
import json
import math
import pathlib
import sys

import numpy as np
import torch

import formulas
import networks

UPDATES = 10
INPUTS, OUTPUTS, STEPS, SIZE = 3, 2, 11, 19
NOISE_SEED, NOISE_STREAM = 2024, 4

# Lanes of the hash: array i of a network is lane ARRAYS + i.
DATA, TARGETS, LABELS, WEIGHTS, ARRAYS = 0, 1, 2, 3, 16

CROSS_ENTROPY, SQUARED_ERROR = "cross_entropy", "squared_error"
# Optimisers by the keys of a spec's train section.
ADAM = {"optimizer": "adam", "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "epsilon_form": "corrected"}
ADAMW = {"optimizer": "adamw", "lr": 0.01, "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weight_decay": 0.3}
RNN = {"hidden": 6, "nonlinearity": "tanh"}
GRU = {"hidden": 5, "initial": "learned", "initial_noise": 0.0}
NODE = {"latent": 3, "hidden": 6, "layers": 3, "step": 0.1, "initial": "learned"}
DRISCOLL = {"hidden": 6, "gamma": 0.2, "noise": 0.0, "leak": "recurrent", "readout": "old"}

# name: model, its parameters, loss, whether there is a mask, optimiser
CASES = {
    "leaky_rnn": ("leaky_rnn", {"hidden": 6, "tau": 250.0, "dt": 100.0}, CROSS_ENTROPY, False, ADAM),
    "rnn_tanh": ("rnn", RNN, SQUARED_ERROR, False, ADAM),
    "rnn_relu": ("rnn", RNN | {"nonlinearity": "relu"}, CROSS_ENTROPY, True, ADAM),
    "gru": ("gru", GRU, SQUARED_ERROR, True, ADAM),
    "gru_zero": ("gru", GRU | {"initial": "zero"}, CROSS_ENTROPY, False, ADAM),
    "gru_noise": ("gru", GRU | {"initial_noise": 0.25}, SQUARED_ERROR, False, ADAM),
    "lstm": ("lstm", {"hidden": 4}, SQUARED_ERROR, False, ADAM),
    "lstm_masked": ("lstm", {"hidden": 4}, CROSS_ENTROPY, True, ADAM),
    "node": ("node", NODE, SQUARED_ERROR, True, ADAM),
    "node_two_layers": ("node", NODE | {"layers": 2, "initial": "zero", "step": 0.25}, CROSS_ENTROPY, False, ADAM),
    "noisy_gru": ("noisy_gru", GRU | {"noise": 0.3, "initial_noise": 0.2}, SQUARED_ERROR, False, ADAM),
    "driscoll_rnn": ("driscoll_rnn", DRISCOLL, CROSS_ENTROPY, False, ADAM),
    "driscoll_rnn_noise": ("driscoll_rnn", DRISCOLL | {"noise": 0.3}, SQUARED_ERROR, True, ADAM),
    "driscoll_rnn_textbook": ("driscoll_rnn", DRISCOLL | {"leak": "state", "readout": "new"}, SQUARED_ERROR, False, ADAM),
    "clip": ("gru", GRU, SQUARED_ERROR, True, ADAM | {"clip": 0.05}),
    "clip_unused": ("rnn", RNN, CROSS_ENTROPY, False, ADAM | {"clip": 100.0}),
    "weight_decay": ("gru", GRU, SQUARED_ERROR, True, ADAM | {"weight_decay": 0.02}),
    "clip_and_weight_decay": ("node", NODE, SQUARED_ERROR, True, ADAM | {"clip": 0.05, "weight_decay": 0.02}),
    "adam_epsilon": ("rnn", RNN, CROSS_ENTROPY, False, ADAM | {"epsilon": 1e-2}),
    "adamw": ("gru", GRU, CROSS_ENTROPY, False, ADAMW),
    "groups": ("rnn", RNN, CROSS_ENTROPY, False, ADAMW | {"no_decay": ["b_*"], "lr_factors": ["w_rec=0.5"]}),
    "cosine": ("rnn", RNN, CROSS_ENTROPY, False, ADAM | {"schedule.kind": "cosine", "schedule.updates": 10, "schedule.final": 0.1}),
    "steps": ("rnn", RNN, CROSS_ENTROPY, False, ADAM | {"schedule.kind": "step", "schedule.every": 3, "schedule.factor": 0.5}),
    "sgd": ("lstm", {"hidden": 4}, CROSS_ENTROPY, True, {"optimizer": "sgd", "lr": 0.3, "momentum": 0.8, "weight_decay": 0.01, "clip": 0.3}),
    "rmsprop": ("rnn", RNN, SQUARED_ERROR, False, {"optimizer": "rmsprop", "lr": 0.01, "alpha": 0.9, "momentum": 0.5, "epsilon": 1e-8}),
}


def groups(network, o):
    """One parameter group for each array."""
    for name, p, _ in network.arrays():
        group = {"params": [p], "lr": o["lr"], "weight_decay": o.get("weight_decay", 0.0)}
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in o.get("no_decay", [])):
            group["weight_decay"] = 0.0
        for pattern, factor in (text.split("=") for text in o.get("lr_factors", [])):
            if fnmatch.fnmatchcase(name, pattern):
                group["lr"] *= float(factor)
        yield group


def optimizer(network, o):
    g = list(groups(network, o))
    match o["optimizer"]:
        case "adam":
            return torch.optim.Adam(g, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
        case "adamw":
            return torch.optim.AdamW(g, betas=(o["beta1"], o["beta2"]), eps=o["epsilon"])
        case "sgd":
            return torch.optim.SGD(g, momentum=o["momentum"])
        case "rmsprop":
            return torch.optim.RMSprop(g, alpha=o["alpha"], eps=o["epsilon"], momentum=o["momentum"])
    raise ValueError(o["optimizer"])


def scheduler(opt, o):
    match o.get("schedule.kind", "constant"):
        case "cosine":
            floor = o["lr"] * o["schedule.final"]
            return torch.optim.lr_scheduler.CosineAnnealingLR(opt, o["schedule.updates"], eta_min=floor)
        case "step":
            return torch.optim.lr_scheduler.StepLR(opt, o["schedule.every"], o["schedule.factor"])
    return torch.optim.lr_scheduler.ConstantLR(opt, 1.0)


def batch(kind, masked, dtype):
    """Inputs in [-2, 2), targets in [-1, 1), labels, and mask weights 0, 1, 2 or 3 for each point or, for squared error, each output."""
    points = STEPS * SIZE
    x = 4 * formulas.hashed(DATA, points * INPUTS).reshape(STEPS, SIZE, INPUTS)
    y = 2 * formulas.hashed(TARGETS, points * OUTPUTS).reshape(STEPS, SIZE, OUTPUTS)
    labels = np.floor((formulas.hashed(LABELS, points) + 0.5) * OUTPUTS).astype(np.int64).reshape(STEPS, SIZE)
    shape = (STEPS, SIZE) if kind == CROSS_ENTROPY else (STEPS, SIZE, OUTPUTS)
    mask = np.ones(shape)
    if masked:
        mask = np.floor((formulas.hashed(WEIGHTS, mask.size) + 0.5) * 4).reshape(shape)
    tensor = lambda v: torch.tensor(v, dtype=dtype)
    return tensor(x), tensor(y), torch.tensor(labels), tensor(mask)


def loss(kind, out, targets, labels, mask):
    if kind == SQUARED_ERROR:
        return (mask * (out - targets).square()).mean()
    each = torch.nn.functional.cross_entropy(out.flatten(0, 1), labels.flatten(), reduction="none")
    return (mask.flatten() * each).sum() / mask.sum()


def train(case, dtype):
    model, params, kind, masked, o = case
    torch.set_default_dtype(dtype)
    network = networks.make(model, INPUTS, OUTPUTS, params)
    network.load([formulas.hashed(ARRAYS + i, p.numel()) for i, (_, p, _) in enumerate(network.arrays())])
    opt = optimizer(network, o)
    schedule = scheduler(opt, o)
    x, targets, labels, mask = batch(kind, masked, dtype)
    losses = []
    for update in range(1, UPDATES + 1):
        noise = formulas.Noise(NOISE_SEED, NOISE_STREAM, update, SIZE, network.start, network.step)
        out = network(x, lambda t, i: torch.tensor(noise.draw(t, i), dtype=dtype))
        value = loss(kind, out, targets, labels, mask)
        opt.zero_grad()
        value.backward()
        if "clip" in o:
            torch.nn.utils.clip_grad_norm_(network.parameters(), o["clip"])
        opt.step()
        schedule.step()
        losses.append(value.item())
    return losses, network.flat().tolist(), [{"name": n, "size": p.numel()} for n, p, _ in network.arrays()]


def short(values):
    """Float32 numbers with as many digits as tell them apart."""
    return [float(str(np.float32(v))) for v in values]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name, case in CASES.items():
        losses, weights, arrays = train(case, torch.float64)
        losses32, weights32, _ = train(case, torch.float32)
        assert all(map(math.isfinite, losses + weights)) and losses[-1] < losses[0], name
        model, params, kind, masked, o = case
        fields = {
            "torch": torch.__version__.split("+")[0], "model": {"name": model} | params, "loss": kind, "masked": masked, "optimizer": o,
            "inputs": INPUTS, "outputs": OUTPUTS, "steps": STEPS, "size": SIZE, "noise_seed": NOISE_SEED, "noise_stream": NOISE_STREAM,
            "arrays": arrays, "losses": losses, "weights": weights, "losses32": short(losses32), "weights32": short(weights32),
        }
        lines = ",\n".join(f" {json.dumps(k)}: {json.dumps(v)}" for k, v in fields.items())
        (folder / f"{name}.json").write_text("{\n" + lines + "\n}\n")
        print(f"{name}: {len(weights)} weights, loss {losses[0]:.6f} to {losses[-1]:.6f}, float32 off by {max(abs(a - b) for a, b in zip(weights, weights32)):.1e}")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
