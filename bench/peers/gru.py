"""GRU on 3BFF as the CtD benchmark trains it: learned noisy initial state, masked mean square, Adam 1e-3 with L2 1e-8, no clipping."""
import slices

PEERS = ("torch-nn.GRU", "torch-GRUCell", "jax-jit")
args = slices.arguments(__doc__, PEERS, batch=800, hidden=128, steps=500)

import flip_flop

B, H, T = args.batch, args.hidden, args.steps
X, Y, MASK = flip_flop.trials(0, B, T)


def with_torch():
    torch = slices.torch()
    x, y, mask = (torch.from_numpy(a) for a in (X, Y, MASK))
    fused = args.peer == "torch-nn.GRU"
    cell = (torch.nn.GRU if fused else torch.nn.GRUCell)(3, H)
    out = torch.nn.Linear(H, 3)
    h0 = torch.nn.Parameter(torch.zeros(H))
    opt = torch.optim.Adam([*cell.parameters(), *out.parameters(), h0], lr=1e-3, weight_decay=1e-8)

    def forward():
        h = h0 + 0.05 * torch.randn(B, H)
        if fused:
            return out(cell(x, h[None])[0])
        hs = []
        for xt in x:
            h = cell(xt, h)
            hs.append(h)
        return out(torch.stack(hs))

    def step():
        opt.zero_grad()
        loss = (mask * (forward() - y).square()).mean()
        loss.backward()
        opt.step()
        return loss.item()

    slices.serve(args, step, ["torch"])


def with_jax():
    import jax
    import jax.numpy as jnp
    import optax

    x, y, mask = (jnp.asarray(a) for a in (X, Y, MASK))
    keys = iter(jax.random.split(jax.random.PRNGKey(0), 7))
    uniform = lambda *shape: jax.random.uniform(next(keys), shape, minval=-(H**-0.5), maxval=H**-0.5)
    p = {"w_in": uniform(3, 3 * H), "w_rec": uniform(H, 3 * H), "b_in": uniform(3 * H), "b_rec": uniform(3 * H),
         "w_out": uniform(H, 3), "b_out": uniform(3), "h0": jnp.zeros(H)}
    key = next(keys)
    opt = optax.chain(optax.add_decayed_weights(1e-8), optax.adam(1e-3))

    def loss_of(p, key):
        def step(h, a):
            b = h @ p["w_rec"] + p["b_rec"]
            gates = jax.nn.sigmoid(a[:, :2 * H] + b[:, :2 * H])
            n = jnp.tanh(a[:, 2 * H:] + gates[:, :H] * b[:, 2 * H:])
            h = n + gates[:, H:] * (h - n)
            return h, h

        h = p["h0"] + 0.05 * jax.random.normal(key, (B, H))
        _, hs = jax.lax.scan(step, h, x @ p["w_in"] + p["b_in"])
        return (mask * jnp.square(hs @ p["w_out"] + p["b_out"] - y)).mean()

    @jax.jit
    def update(p, state, key):
        key, drawn = jax.random.split(key)
        loss, gradients = jax.value_and_grad(loss_of)(p, drawn)
        change, state = opt.update(gradients, state, p)
        return optax.apply_updates(p, change), state, key, loss

    state = opt.init(p)

    def step():
        nonlocal p, state, key
        p, state, key, loss = update(p, state, key)
        jax.block_until_ready(p)
        return float(loss)

    slices.serve(args, step, ["jax", "jaxlib", "optax"])


with_jax() if args.peer == "jax-jit" else with_torch()
