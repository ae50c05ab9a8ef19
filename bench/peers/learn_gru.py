"""A control for docs/three_bit_flip_flop.md: PyTorch's GRUCell on 3BFF, trained as the CtD tutorial trains it, with data and first weights of its own.

Prints the loss of the training trials and of 200 held-out ones after every 100 updates: python learn_gru.py --lr 1e-3 --seed 0
"""
import argparse

import torch

import flip_flop

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--clip", type=float, default=0, help="bound of the gradient's norm; 0: none")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--updates", type=int, default=500)
parser.add_argument("--hidden", type=int, default=128)
args = parser.parse_args()

torch.manual_seed(args.seed)
x, y, mask = (torch.from_numpy(a) for a in flip_flop.trials(args.seed, 1000, 500))
cell, out, h0 = torch.nn.GRUCell(3, args.hidden), torch.nn.Linear(args.hidden, 3), torch.nn.Parameter(torch.zeros(args.hidden))
weights = [*cell.parameters(), *out.parameters(), h0]
optimizer = torch.optim.Adam(weights, lr=args.lr, weight_decay=1e-8)


def loss_of(trials):
    h, hs = h0 + 0.05 * torch.randn(len(range(1000)[trials]), args.hidden), []
    for step in x[:, trials]:
        h = cell(step, h)
        hs.append(h)
    return (mask[:, trials] * (out(torch.stack(hs)) - y[:, trials]).square()).mean()


for update in range(1, args.updates + 1):
    optimizer.zero_grad()
    loss = loss_of(slice(0, 800))
    loss.backward()
    if args.clip:
        torch.nn.utils.clip_grad_norm_(weights, args.clip)
    optimizer.step()
    if update % 100 == 0:
        with torch.no_grad():
            print(f"lr {args.lr:g} seed {args.seed} update {update}: training {loss.item():.5f}, held out {loss_of(slice(800, 1000)).item():.5f}", flush=True)
