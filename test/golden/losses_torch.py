"""Holds losses.json to PyTorch's autograd and snnTorch's own losses: prints the largest relative difference of each loss and of its gradients.

Needs torch, snntorch and numpy.
"""

import json
import math
from pathlib import Path

import snntorch.functional as functional
import torch

torch.set_default_dtype(torch.float64)
golden = json.loads(Path(__file__).with_name('losses.json').read_text())
request = golden['request']
dt, alpha = request['dt'], request['surrogate']['alpha']


class Spike(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx, bar):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(alpha * x)
        return bar * alpha * s * (1 - s)


def run(current, tau):
    """Spikes and v, [T, 1, B], as snnTorch's losses take them."""
    v = torch.zeros(len(current))
    spikes, potentials = [], []
    for i in current.T:
        v = v + dt / tau * (i - v)
        s = Spike.apply(v - 1)
        v = v * (1 - s)
        spikes.append(s)
        potentials.append(v)
    return torch.stack(spikes)[:, None], torch.stack(potentials)[:, None]


def first_spike_times(spikes):
    return dt * functional.loss.SpikeTime.FirstSpike.apply(spikes, 'cpu')


def van_rossum(spikes, target, tau):
    """The squared difference of the trains, each filtered by exp(-t / tau), integrated in closed form."""
    times = dt * torch.arange(len(spikes))
    kernel = torch.exp(-(times[:, None] - times[None]).abs() / tau) / 2
    difference = spikes[:, 0] - target.T
    return torch.einsum('tb,tu,ub->b', difference, kernel, difference)


def value_of(loss, spikes, v):
    kind = loss['type']
    if kind == 'cross_entropy':
        label = torch.tensor([loss['labels']])
        if loss['on'] == 'spike_counts':
            return functional.ce_count_loss()(spikes, label)
        if loss['on'] == 'max_v':
            return functional.ce_max_membrane_loss()(v, label)
        scores = v.mean(dim=0) if loss['on'] == 'mean_v' else -first_spike_times(spikes)
        return torch.nn.functional.cross_entropy(scores, label)
    target = torch.tensor(loss['target'])
    if kind == 'first_spike_time_mse':
        return (first_spike_times(spikes)[0] - target) ** 2
    if kind == 'van_rossum':
        return van_rossum(spikes, target, loss['tau'])
    return torch.nn.functional.mse_loss(v[:, 0], target.T, reduction='none').mean(dim=0)


def difference(found, given):
    given = torch.tensor(given)
    return ((found - given).abs().max() / max(given.abs().max(), 1e-300)).item()


for case in golden['cases']:
    current = torch.tensor(request['current'], requires_grad=True)
    tau = torch.tensor(float(request['neuron']['tau']), requires_grad=True)
    value = value_of(case['loss'], *run(current, tau))
    value.sum().backward()
    found = [difference(value.detach(), case['value']), difference(current.grad, case['current']), difference(tau.grad, case['tau'])]
    assert all(map(math.isfinite, found))
    name = ' on '.join(str(case['loss'][key]) for key in ('type', 'on') if key in case['loss'])
    print(f'{name} differs from torch by {found[0]:.1e}, its gradients by {found[1]:.1e} in current, {found[2]:.1e} in tau')
