"""3BFF trials for the two programs that train on them: inputs, targets and the mask of the loss."""
import numpy as np

BITS, P, SIGMA, BLIND = 3, 0.015, 0.15, 4


def trials(seed, count, steps):
    """Three arrays of steps x count x 3, time first."""
    rng = np.random.default_rng(seed)
    draw = rng.random((steps, count, BITS))
    pulses = (draw > 1 - P) * 1.0 - (draw < P)
    pulses[:3] = 0
    targets, mask, state = np.zeros_like(pulses), np.ones_like(pulses), np.zeros((count, BITS))
    for t in range(steps):
        before, state = state, np.where(pulses[t] == 0, state, pulses[t] > 0)
        targets[t] = state
        mask[t + 1:t + 1 + BLIND][:, before != state] = 0
    mask[:5] = 0
    inputs = pulses + rng.normal(0, SIGMA, pulses.shape)
    return tuple(a.astype(np.float32) for a in (inputs, targets, mask))
