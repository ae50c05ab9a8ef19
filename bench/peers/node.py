"""NODE on 3BFF as the CtD benchmark trains it: perceptron of three layers, one Euler step a bin, masked mean square, Adam 1e-3 with L2 1e-10."""
import slices

PEERS = ("torch-loop", "jax-jit")
args = slices.arguments(__doc__, PEERS, batch=800, latent=3, hidden=64, steps=500)

import flip_flop

B, L, H, T = args.batch, args.latent, args.hidden, args.steps
X, Y, MASK = flip_flop.trials(0, B, T)


def with_torch():
    torch = slices.torch()
    nn = torch.nn
    x, y, mask = (torch.from_numpy(a) for a in (X, Y, MASK))
    f = nn.Sequential(nn.Linear(L + 3, H), nn.ReLU(), nn.Linear(H, H), nn.ReLU(), nn.Linear(H, L))
    out = nn.Linear(L, 3)
    h0 = nn.Parameter(torch.zeros(L))
    opt = torch.optim.Adam([*f.parameters(), *out.parameters(), h0], lr=1e-3, weight_decay=1e-10)

    def step():
        opt.zero_grad()
        h, hs = h0.expand(B, L), []
        for xt in x:
            h = h + 0.1 * f(torch.cat((h, xt), 1))
            hs.append(h)
        loss = (mask * (out(torch.stack(hs)) - y).square()).mean()
        loss.backward()
        opt.step()
        return loss.item()

    slices.serve(args, step, ["torch"])


def with_jax():
    import jax
    import jax.numpy as jnp
    import optax

    x, y, mask = (jnp.asarray(a) for a in (X, Y, MASK))
    keys = iter(jax.random.split(jax.random.PRNGKey(0), 8))

    def linear(i, o):
        uniform = lambda *shape: jax.random.uniform(next(keys), shape, minval=-(i**-0.5), maxval=i**-0.5)
        return {"w": uniform(i, o), "b": uniform(o)}

    p = {"first": linear(L + 3, H), "middle": linear(H, H), "last": linear(H, L), "out": linear(L, 3), "h0": jnp.zeros(L)}
    opt = optax.chain(optax.add_decayed_weights(1e-10), optax.adam(1e-3))

    def loss_of(p):
        apply = lambda name, v: v @ p[name]["w"] + p[name]["b"]

        def step(h, a):  # a: what the inputs give to the first layer, computed for all steps at once
            v = jax.nn.relu(a + h @ p["first"]["w"][:L])
            h = h + 0.1 * apply("last", jax.nn.relu(apply("middle", v)))
            return h, h

        inputs = x @ p["first"]["w"][L:] + p["first"]["b"]
        _, hs = jax.lax.scan(step, jnp.broadcast_to(p["h0"], (B, L)), inputs)
        return (mask * jnp.square(apply("out", hs) - y)).mean()

    @jax.jit
    def update(p, state):
        loss, gradients = jax.value_and_grad(loss_of)(p)
        change, state = opt.update(gradients, state, p)
        return optax.apply_updates(p, change), state, loss

    state = opt.init(p)

    def step():
        nonlocal p, state
        p, state, loss = update(p, state)
        jax.block_until_ready(p)
        return float(loss)

    slices.serve(args, step, ["jax", "jaxlib", "optax"])


with_jax() if args.peer == "jax-jit" else with_torch()
