"""The architectures in PyTorch, each with the arrays of the Go model of its name in the same order: lists of (name, tensor), matrices inputs x outputs.

Where PyTorch has the network, it is PyTorch's own module that computes it; the arrays are views of its parameters.
"""
import torch
from torch import nn


class Network(nn.Module):
    """arrays is what a Go checkpoint holds; transposed ones are PyTorch's matrices, which stand the other way round."""

    start, step = (), ()  # widths of the noise calls

    def arrays(self):
        return list(self.named())

    def load(self, values):
        with torch.no_grad():
            for (_, p, transposed), v in zip(self.named(), values, strict=True):
                v = torch.as_tensor(v, dtype=p.dtype)
                p.copy_(v.reshape(p.shape[::-1]).T if transposed else v.reshape(p.shape))

    def flat(self):
        return torch.cat([(p.T if transposed else p).detach().reshape(-1) for _, p, transposed in self.named()])


def linear(name, layer):
    yield "w_" + name, layer.weight, True
    yield "b_" + name, layer.bias, False


class Recurrent(Network):
    """nn.RNN, nn.GRU or nn.LSTM over the whole sequence, time first, with a linear readout."""

    def __init__(self, kind, inputs, outputs, hidden, learned=False, initial_noise=0.0, **options):
        super().__init__()
        self.cell = kind(inputs, hidden, **options)
        self.out = nn.Linear(hidden, outputs)
        self.h0 = nn.Parameter(torch.zeros(hidden)) if learned else None
        self.hidden, self.initial_noise = hidden, initial_noise
        self.start = (hidden,) if initial_noise else ()

    def named(self):
        c = self.cell
        yield from (("w_in", c.weight_ih_l0, True), ("w_rec", c.weight_hh_l0, True), ("b_in", c.bias_ih_l0, False), ("b_rec", c.bias_hh_l0, False))
        yield from linear("out", self.out)
        if self.h0 is not None:
            yield "h0", self.h0, False

    def initial(self, x, noise):
        h = x.new_zeros(x.shape[1], self.hidden)
        if self.h0 is not None:
            h = h + self.h0
        if self.initial_noise:
            h = h + self.initial_noise * noise(0, 0)
        return h

    def forward(self, x, noise):
        if self.h0 is None and not self.initial_noise:
            return self.out(self.cell(x)[0])
        return self.out(self.cell(x, self.initial(x, noise)[None])[0])


class NoisyGRU(Recurrent):
    """A GRU whose output is read from the noise-free state, and whose next step gets the noisy one."""

    def __init__(self, inputs, outputs, hidden, noise, **options):
        super().__init__(nn.GRU, inputs, outputs, hidden, **options)
        self.noise, self.step = noise, (hidden,)

    def forward(self, x, noise):
        h, ys = self.initial(x, noise), []
        for t in range(x.shape[0]):
            h = self.cell(x[t:t + 1], h[None])[1][0]
            ys.append(self.out(h))
            h = h + self.noise * noise(t + 1, 0)
        return torch.stack(ys)


class NODE(Network):
    def __init__(self, inputs, outputs, latent, hidden, layers, step, learned):
        super().__init__()
        widths = [latent + inputs] + [hidden] * (layers - 1) + [latent]
        self.f = nn.ModuleList(nn.Linear(i, o) for i, o in zip(widths, widths[1:]))
        self.out = nn.Linear(latent, outputs)
        self.h0 = nn.Parameter(torch.zeros(latent)) if learned else None
        self.latent, self.euler = latent, step

    def named(self):
        for k, layer in enumerate(self.f):
            yield from linear(str(k + 1), layer)
        yield from linear("out", self.out)
        if self.h0 is not None:
            yield "h0", self.h0, False

    def forward(self, x, noise):
        h, ys = x.new_zeros(x.shape[1], self.latent), []
        if self.h0 is not None:
            h = h + self.h0
        for xt in x:
            v = torch.cat((h, xt), 1)
            for layer in self.f[:-1]:
                v = torch.relu(layer(v))
            h = h + self.euler * self.f[-1](v)
            ys.append(self.out(h))
        return torch.stack(ys)


class Plain(Network):
    """What the two leaky networks share: w_in, w_rec, b_rec and a linear readout."""

    def __init__(self, inputs, outputs, hidden):
        super().__init__()
        self.w_in = nn.Parameter(torch.zeros(inputs, hidden))
        self.w_rec = nn.Parameter(torch.zeros(hidden, hidden))
        self.b_rec = nn.Parameter(torch.zeros(hidden))
        self.out = nn.Linear(hidden, outputs)
        self.hidden = hidden

    def named(self):
        yield from (("w_in", self.w_in, False), ("w_rec", self.w_rec, False), ("b_rec", self.b_rec, False))
        yield from linear("out", self.out)


class LeakyRNN(Plain):
    def __init__(self, inputs, outputs, hidden, tau, dt):
        super().__init__(inputs, outputs, hidden)
        self.alpha = dt / tau

    def forward(self, x, noise):
        h, ys = x.new_zeros(x.shape[1], self.hidden), []
        for xt in x:
            h = torch.relu((1 - self.alpha) * h + self.alpha * (xt @ self.w_in + h @ self.w_rec + self.b_rec))
            ys.append(self.out(h))
        return torch.stack(ys)


class DriscollRNN(Plain):
    def __init__(self, inputs, outputs, hidden, gamma, noise, leak, readout):
        super().__init__(inputs, outputs, hidden)
        self.gamma, self.noise, self.leak, self.readout = gamma, noise, leak, readout
        self.step = (hidden,) if noise else ()

    def forward(self, x, noise):
        h, ys = x.new_zeros(x.shape[1], self.hidden), []
        for t, xt in enumerate(x):
            a = h @ self.w_rec
            drive = a + xt @ self.w_in + self.b_rec
            if self.noise:
                drive = drive + self.noise * noise(t + 1, 0)
            old, kept = h, a if self.leak == "recurrent" else h
            h = (1 - self.gamma) * kept + self.gamma * torch.tanh(drive)
            ys.append(self.out(old if self.readout == "old" else h))
        return torch.stack(ys)


def make(name, inputs, outputs, p):
    """The network that a spec's model section describes; p has every parameter of the Go model."""
    p = dict(p)
    learned = p.pop("initial", "zero") == "learned"
    match name:
        case "rnn":
            return Recurrent(nn.RNN, inputs, outputs, **p)
        case "gru":
            return Recurrent(nn.GRU, inputs, outputs, learned=learned, **p)
        case "lstm":
            return Recurrent(nn.LSTM, inputs, outputs, **p)
        case "noisy_gru":
            return NoisyGRU(inputs, outputs, learned=learned, **p)
        case "node":
            return NODE(inputs, outputs, learned=learned, **p)
        case "leaky_rnn":
            return LeakyRNN(inputs, outputs, **p)
        case "driscoll_rnn":
            return DriscollRNN(inputs, outputs, **p)
    raise ValueError(f"no network is called {name}")
