"""How a peer takes part in `make bench`: it warms up, says that it is ready, then times steps when it is told to.

On standard input come lines "run N"; each is answered by one line of JSON with the milliseconds of N full training steps. The
end of the input ends the program. Which processors it may use is its parent's choice: the program is pinned before it starts.

Import this module before torch, jax or numpy: their libraries read the number of threads from the environment when they start.
"""
import argparse
import ctypes
import importlib.metadata
import json
import os
import sys
import time

THREADS = len(os.sched_getaffinity(0))
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = str(THREADS)
os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["CUDA_VISIBLE_DEVICES"] = ""


def arguments(doc, peers, **sizes):
    """The command line: which peer, and the sizes of the problem, whole numbers with the given defaults."""
    p = argparse.ArgumentParser(description=doc)
    p.add_argument("--peer", choices=list(peers), required=True)
    p.add_argument("--warmup", type=int, default=2, help="steps before the first timed one; the first compiles")
    p.add_argument("--keep-heap", action="store_true", help="glibc keeps memory that is freed, instead of handing it back to the system after every step")
    for name, default in sizes.items():
        p.add_argument("--" + name, type=int, default=default)
    a = p.parse_args()
    if a.keep_heap:
        libc = ctypes.CDLL("libc.so.6")
        libc.mallopt(-4, 0)  # M_MMAP_MAX: no block gets a mapping of its own
        libc.mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD: the heap never shrinks
    return a


def say(**fields):
    print(json.dumps(fields), flush=True)


def serve(args, step, packages):
    """step does one full training step and returns its loss as a float, which also waits for the end of it."""
    began = time.perf_counter()
    losses = [step() for _ in range(args.warmup)]
    say(ready=args.peer, threads=THREADS, warmup_s=round(time.perf_counter() - began, 2), loss=losses[0],
        versions={p: importlib.metadata.version(p) for p in packages})
    for line in sys.stdin:
        command, count = line.split()
        assert command == "run", line
        ms, loss = [], None
        for _ in range(int(count)):
            t = time.perf_counter()
            loss = step()
            ms.append(round((time.perf_counter() - t) * 1e3, 4))
        say(ms=ms, loss=loss)


def torch():
    """PyTorch with as many threads as the program has processors."""
    import torch
    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    return torch
