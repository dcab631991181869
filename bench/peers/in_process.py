"""What a gradient takes in the process of a training loop, and over HTTP: eager PyTorch beside the layers of examples/torch_autograd.py.

    SURROGATE_URL=http://127.0.0.1:3000 python bench/peers/in_process.py

Needs torch and numpy. Each time is the median of many, the ways taking turns.
"""

import statistics
import sys
import time
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[2] / 'examples'))
from torch_autograd import LIF, LocalSpike, Spike, difference, gradients, recurrence  # noqa: E402

WAYS = {
    'eager PyTorch, in process': lambda i, tau: recurrence(i, tau, lambda x: LocalSpike.apply(x, 4)),
    'LIF over HTTP, two requests': lambda i, tau: LIF.apply(i, tau, 'sigmoid'),
    'Spike over HTTP, two requests a step': lambda i, tau: recurrence(i, tau, lambda x: Spike.apply(x, 'sigmoid')),
}


def measure(neurons, steps, rounds):
    generator = torch.Generator().manual_seed(1)
    current = 4 * torch.rand(neurons, steps, generator=generator)
    weight = torch.randn(neurons, steps, generator=generator)
    tau = torch.tensor(10.0)
    times = {name: [] for name in WAYS}
    expected = None
    for _ in range(rounds):
        for name, way in WAYS.items():
            start = time.perf_counter()
            found = gradients(way, current, tau, weight)
            times[name].append(1000 * (time.perf_counter() - start))
            expected = expected or found
            assert difference(found[1], expected[1]) < 1e-4, f'{name} has other gradients'
    print(f'{neurons} neurons, {steps} steps, {rounds} rounds, torch {torch.__version__}:')
    for name, taken in times.items():
        print(f'  {name}: {statistics.median(taken[1:]):.2f} ms')


if __name__ == '__main__':
    measure(50, 100, 21)
    measure(10_000, 100, 7)
