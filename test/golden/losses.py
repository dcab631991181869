"""Writes losses.json: losses and their gradients in float64, independently of the service.

The neuron is the default one with a hard reset, the surrogate sigmoid. Everything is differentiated forwards, one direction for each input
current and one for tau, so that no formula of a cotangent is needed. The losses are those of PyTorch and snnTorch, as their sources define them:

- cross_entropy: torch.nn.functional.cross_entropy of one sample, on the spike counts (snntorch.functional.ce_count_loss), the largest
  membrane potential (ce_max_membrane_loss), its mean, or the negated first spike time (ce_temporal_loss with inverse="negate").
- first_spike_time_mse: the squared error of mse_temporal_loss with target_is_time=True, in ms, before its mean.
- v_mse: torch.nn.functional.mse_loss, the mean over time.
- van_rossum: the sum over pairs of spikes, of the run and of the target, of q_i q_j exp(-|t_i - t_j| / tau) / 2, q being 1 and -1.

FirstSpike: snntorch.functional.SpikeTime.FirstSpike: a neuron without a spike has it in the last step, and its derivative by the spike is -1.
losses_torch.py holds the numbers to PyTorch and snnTorch themselves, where these are installed.
"""

import json
from pathlib import Path

import numpy as np

ALPHA = 4.0


def sigmoid_grad(x):
    s = 1 / (1 + np.exp(-ALPHA * x))
    return ALPHA * s * (1 - s)


def run(current, tau, dt):
    """Spikes and v, [B, T], and their derivatives by all currents and tau, [B * T + 1, B, T]."""
    neurons, steps = current.shape
    directions = neurons * steps + 1
    dcurrent = np.concatenate([np.eye(neurons * steps), np.zeros((1, neurons * steps))]).reshape(directions, neurons, steps)
    k = dt / tau
    dk = np.zeros((directions, 1))
    dk[-1] = -dt / tau**2
    v, dv = np.zeros(neurons), np.zeros((directions, neurons))
    spikes, potentials = np.zeros((neurons, steps)), np.zeros((neurons, steps))
    dspikes, dpotentials = np.zeros((directions, neurons, steps)), np.zeros((directions, neurons, steps))
    for t in range(steps):
        pre = v + k * (current[:, t] - v)
        dpre = dv + k * (dcurrent[:, :, t] - dv) + dk * (current[:, t] - v)
        s = (pre >= 1).astype(float)
        ds = sigmoid_grad(pre - 1) * dpre
        v, dv = pre * (1 - s), dpre * (1 - s) - pre * ds
        spikes[:, t], potentials[:, t] = s, v
        dspikes[:, :, t], dpotentials[:, :, t] = ds, dv
    return spikes, potentials, dspikes, dpotentials


def cross_entropy(x, dx, label):
    shifted = x - x.max()
    logsumexp = np.log(np.exp(shifted).sum())
    softmax = np.exp(shifted - logsumexp)
    return logsumexp - shifted[label], dx @ softmax - dx[:, label]


def first_spike(spikes, dspikes):
    """In steps."""
    fired = spikes.any(axis=1)
    first = np.where(fired, spikes.argmax(axis=1), spikes.shape[1] - 1)
    return first, -np.take_along_axis(dspikes, first[None, :, None], 2)[:, :, 0]


def van_rossum(spikes, dspikes, target, tau, dt):
    times = dt * np.arange(spikes.shape[1])
    kernel = np.exp(-np.abs(times[:, None] - times[None, :]) / tau) / 2
    difference = spikes - target
    distance = np.einsum('bt,tu,bu->b', difference, kernel, difference)
    return distance, 2 * np.einsum('dbt,tu,bu->db', dspikes, kernel, difference)


def loss_of(loss, spikes, v, dspikes, dv, dt):
    kind = loss['type']
    if kind == 'cross_entropy':
        on = loss['on']
        if on == 'spike_counts':
            x, dx = spikes.sum(axis=1), dspikes.sum(axis=2)
        elif on == 'mean_v':
            x, dx = v.mean(axis=1), dv.mean(axis=2)
        elif on == 'max_v':
            x, dx = v.max(axis=1), np.take_along_axis(dv, v.argmax(axis=1)[None, :, None], 2)[:, :, 0]
        else:
            first, dfirst = first_spike(spikes, dspikes)
            x, dx = -dt * first, -dt * dfirst
        return cross_entropy(x, dx, loss['labels'])
    if kind == 'first_spike_time_mse':
        first, dfirst = first_spike(spikes, dspikes)
        error = dt * first - np.array(loss['target'])
        return error**2, (2 * error * dt * dfirst).sum(axis=1)
    if kind == 'van_rossum':
        distance, ddistance = van_rossum(spikes, dspikes, np.array(loss['target']), loss['tau'], dt)
        return distance, ddistance.sum(axis=1)
    error = v - np.array(loss['target'])
    return (error**2).mean(axis=1), (2 * error * dv).mean(axis=2).sum(axis=1)


def main():
    random = np.random.default_rng(20)
    neurons, steps, dt, tau = 4, 60, 0.5, 8.0
    # float32 holds them exactly. The last neuron never fires.
    current = np.float64(np.float32(np.array([[1.5], [2.2], [1.2], [0.6]]) * (0.5 + random.random((neurons, steps)))))
    target_trains = np.zeros((neurons, steps))
    for b, times in enumerate([[9, 30], [4, 20, 41], [], [25]]):
        target_trains[b, times] = 1
    losses = [
        {'type': 'cross_entropy', 'on': on, 'labels': label}
        for label, on in enumerate(['spike_counts', 'max_v', 'mean_v', 'first_spike_times'])
    ] + [
        {'type': 'first_spike_time_mse', 'target': [4.0, 6.5, 10.0, 12.0]},
        {'type': 'van_rossum', 'target': target_trains.tolist(), 'tau': 5.0},
        {'type': 'v_mse', 'target': np.float64(np.float32(random.random((neurons, steps)))).tolist()},
    ]
    spikes, v, dspikes, dv = run(current, tau, dt)
    cases = []
    for loss in losses:
        value, gradient = loss_of(loss, spikes, v, dspikes, dv, dt)
        cases.append({'loss': loss, 'value': np.asarray(value).tolist(), 'current': gradient[:-1].reshape(neurons, steps).tolist(), 'tau': gradient[-1]})
    golden = {
        'request': {'current': current.tolist(), 'dt': dt, 'neuron': {'tau': tau}, 'surrogate': {'name': 'sigmoid', 'alpha': ALPHA}},
        'spike_counts': spikes.sum(axis=1).astype(int).tolist(),
        'cases': cases,
    }
    Path(__file__).with_suffix('.json').write_text(json.dumps(golden) + '\n')


if __name__ == '__main__':
    main()
