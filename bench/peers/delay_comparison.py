"""DelayComparison as its notebook trains it: relu RNN, cross-entropy over all points, Adam with learning rate 1e-3."""
import slices

PEERS = ("torch-eager", "torch-hoisted", "torch-nn.RNN", "jax-jit")
args = slices.arguments(__doc__, PEERS, batch=16, hidden=64, steps=100)

import numpy as np

B, H, T = args.batch, args.hidden, args.steps
BATCHES = 20  # made before timing, used in turn


def task_trial(rng):
    """Two stimuli with a delay between them; which was larger is answered in the last step (classes 1 and 2; 0: no answer yet)."""
    small = int(rng.integers(5)) * 4 + 10
    first, second = small, small + 8
    answer = int(rng.integers(2))
    if answer:
        first, second = second, first
    delay = int(2 ** rng.integers(1, 6))
    x = np.zeros((16 + delay, 2), np.float32)
    x[:-1, 0] = 1
    for start, value in ((5, first), (10 + delay, second)):
        x[start:start + 5, 1] = (1 + (value - 10) / 24) / 2
        x[start:start + 5] += rng.normal(0, 0.1, (5, 2))
    labels = np.zeros(len(x), np.int64)
    labels[-1] = 1 + answer
    return x, labels


def batch(rng):
    """T steps of task trials one after the other, cut at the end, for each of B sequences; time first."""
    xs, ys = [], []
    for _ in range(B):
        parts = [task_trial(rng) for _ in range(T // 18 + 1)]
        xs.append(np.concatenate([x for x, _ in parts])[:T])
        ys.append(np.concatenate([y for _, y in parts])[:T])
    return np.stack(xs, 1), np.stack(ys, 1)


def arrays(rng):
    """First weights: matrices with variance 1/fan-in, biases in U(-1/8, 1/8)."""
    matrix = lambda i, o: (rng.normal(size=(i, o)) / i**0.5).astype(np.float32)
    bias = lambda n: rng.uniform(-0.125, 0.125, n).astype(np.float32)
    return {"w_in": matrix(2, H), "w_rec": matrix(H, H), "b_rec": bias(H), "w_out": matrix(H, 3), "b_out": bias(3)}


rng = np.random.default_rng(0)
DATA = [batch(rng) for _ in range(BATCHES)]
FIRST = arrays(rng)


def with_torch():
    torch = slices.torch()
    F = torch.nn.functional
    p = {k: torch.nn.Parameter(torch.from_numpy(v)) for k, v in FIRST.items()}
    parameters = list(p.values())
    data = [(torch.from_numpy(x), torch.from_numpy(y)) for x, y in DATA]

    def eager(x):  # as users write it
        h, out = torch.zeros(B, H), []
        for xt in x:
            h = torch.relu(xt @ p["w_in"] + h @ p["w_rec"] + p["b_rec"])
            out.append(h @ p["w_out"] + p["b_out"])
        return torch.stack(out)

    def hoisted(x):  # the products with the input and of the output once for all steps
        h, hs = torch.zeros(B, H), []
        for u in (x @ p["w_in"] + p["b_rec"]).unbind():
            h = torch.relu(torch.addmm(u, h, p["w_rec"]))
            hs.append(h)
        return torch.stack(hs) @ p["w_out"] + p["b_out"]

    forward = {"torch-eager": eager, "torch-hoisted": hoisted}.get(args.peer)
    if args.peer == "torch-nn.RNN":
        cell, out = torch.nn.RNN(2, H, nonlinearity="relu"), torch.nn.Linear(H, 3)
        parameters = [*cell.parameters(), *out.parameters()]
        forward = lambda x: out(cell(x)[0])
    opt = torch.optim.Adam(parameters, lr=1e-3)
    done = 0

    def step():
        nonlocal done
        x, y = data[done % BATCHES]
        done += 1
        loss = F.cross_entropy(forward(x).flatten(0, 1), y.flatten())
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss.item()

    slices.serve(args, step, ["torch"])


def with_jax():
    import jax
    import jax.numpy as jnp
    import optax

    opt = optax.adam(1e-3)
    data = [(jnp.asarray(x), jnp.asarray(y, jnp.int32)) for x, y in DATA]

    def loss_of(p, x, y):
        def step(h, u):
            h = jax.nn.relu(u + h @ p["w_rec"])
            return h, h

        _, hs = jax.lax.scan(step, jnp.zeros((B, H)), x @ p["w_in"] + p["b_rec"])
        return optax.softmax_cross_entropy_with_integer_labels(hs @ p["w_out"] + p["b_out"], y).mean()

    @jax.jit
    def update(p, state, x, y):
        loss, gradients = jax.value_and_grad(loss_of)(p, x, y)
        change, state = opt.update(gradients, state)
        return optax.apply_updates(p, change), state, loss

    p = {k: jnp.asarray(v) for k, v in FIRST.items()}
    state, done = opt.init(p), 0

    def step():
        nonlocal p, state, done
        p, state, loss = update(p, state, *data[done % BATCHES])
        done += 1
        jax.block_until_ready(p)
        return float(loss)

    slices.serve(args, step, ["jax", "jaxlib", "optax"])


with_jax() if args.peer == "jax-jit" else with_torch()
