"""A small recurrent network in NumPy that learns to add: an ordinary script with W&B's calls, run by `sweep run`.

Two numbers are marked in a random sequence, and the network says their sum at its end. Back-propagation through time by hand, Adam. The script can be killed at any moment: it
goes on from its last checkpoint, and ends with the same numbers as if it had not been.
"""
import argparse, os

import numpy as np

import neurosweep as wandb

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--hidden", type=int, default=16)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--updates", type=int, default=300)
parser.add_argument("--every", type=int, default=50, help="updates between checkpoints")
args = parser.parse_args()
run = wandb.init(config=args)

LENGTH, BATCH = 10, 32


def batch(*seed):
    """Inputs (time, batch, 2) and targets (batch, 1), from the seed alone: whoever resumes sees the same data."""
    random = np.random.default_rng(seed)
    x = np.zeros((LENGTH, BATCH, 2))
    x[:, :, 0] = random.uniform(0, 1, (LENGTH, BATCH))
    first, second = random.integers(0, LENGTH // 2, BATCH), random.integers(LENGTH // 2, LENGTH, BATCH)
    x[first, np.arange(BATCH), 1] = x[second, np.arange(BATCH), 1] = 1
    return x, (x[:, :, 0] * x[:, :, 1]).sum(0)[:, None]


def forward(p, x):
    h = [np.zeros((BATCH, args.hidden))]
    for step in x:
        h.append(np.tanh(step @ p["win"] + h[-1] @ p["w"] + p["b"]))
    return h, h[-1] @ p["wout"] + p["bout"]


def gradients(p, x, target):
    h, y = forward(p, x)
    error = y - target
    g = {name: np.zeros_like(v) for name, v in p.items()}
    dy = 2 * error / error.size
    g["wout"], g["bout"] = h[-1].T @ dy, dy.sum(0)
    dh = dy @ p["wout"].T
    for t in reversed(range(LENGTH)):
        da = dh * (1 - h[t + 1] ** 2)
        g["win"] += x[t].T @ da
        g["w"] += h[t].T @ da
        g["b"] += da.sum(0)
        dh = da @ p["w"].T
    return float((error**2).mean()), g


def fresh():
    random, n = np.random.default_rng((args.seed, 0)), args.hidden
    p = {"win": random.normal(0, 1, (2, n)), "w": np.linalg.qr(random.normal(0, 1, (n, n)))[0], "b": np.zeros(n),
         "wout": random.normal(0, n**-0.5, (n, 1)), "bout": np.zeros(1)}
    return {**p, **{m + name: np.zeros_like(v) for m in ("adam1.", "adam2.") for name, v in p.items()}}


state = dict(np.load(run.resume_path)) if run.resumed else fresh()
p = {name: v for name, v in state.items() if not name.startswith("adam")}
for update in range(run.resume_update + 1, args.updates + 1):
    loss, g = gradients(p, *batch(args.seed, 1, update))
    for name in p:
        m, v = state["adam1." + name], state["adam2." + name]
        m += 0.1 * (g[name] - m)
        v += 0.001 * (g[name] ** 2 - v)
        p[name] -= args.lr * (m / (1 - 0.9**update)) / (np.sqrt(v / (1 - 0.999**update)) + 1e-8)
    wandb.log({"loss": loss}, step=update)
    if update % args.every == 0 or update == args.updates:
        x, target = batch(args.seed, 2, 0)
        wandb.log({"test_loss": float(((forward(p, x)[1] - target) ** 2).mean())}, step=update)
        path = os.path.join(wandb.folder(), f"u{update:06d}.npz")
        with open(path, "wb") as f:
            np.savez(f, **state)
        wandb.checkpoint(path, update)
print(f"update {args.updates}: loss {loss:.4f}" if run.resume_update < args.updates else "nothing was left to do")
wandb.finish()
