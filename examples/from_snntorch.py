"""From snnTorch to the service: your Leaky neurons and losses, then the same over HTTP, with equal numbers.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/from_snntorch.py

Needs torch, snntorch and numpy, and numpy_client.py beside it. The cells between `# %%` run one by one in an editor that knows them.
"""

# %% Your layer: time first, [T, batch, neurons].
import numpy as np
import snntorch
import snntorch.functional as SF
import torch
from numpy_client import post_framed

steps, neurons, label = 50, 4, 2
values = np.random.default_rng(1).uniform(0, 0.6, (steps, 1, neurons)).astype(np.float32)
current = torch.tensor(values, requires_grad=True)

lif = snntorch.Leaky(beta=0.9, spike_grad=snntorch.surrogate.atan(alpha=2.0))
membrane = torch.zeros(1, neurons)
spike_rec, membrane_rec = [], []
for t in range(steps):
    spikes, membrane = lif(current[t], membrane)
    spike_rec.append(spikes)
    membrane_rec.append(membrane)
spike_rec, membrane_rec = torch.stack(spike_rec), torch.stack(membrane_rec)

# %% The same layer here: one row a neuron, [neurons, T]. Names and units are snnTorch's; a step is 1 ms.
layer = {
    'current': np.ascontiguousarray(values[:, 0].T),
    'neuron': {'model': 'snntorch.Leaky', 'beta': 0.9},
}
run = post_framed('/lif/simulate', {**layer, 'record': ['spikes', 'v']})
print('spikes:', int(spike_rec.sum()), int(run['spikes'].sum()))
print(f'v differs by {np.abs(run["v"] - membrane_rec.detach()[:, 0].T.numpy()).max():.1e}')


# %% Your losses, and what they are called here.
def compare(name, loss, request, scale=1.0):
    """Prints how far the service's gradient is from `scale` times the gradient of a loss of PyTorch, relative to its largest number."""
    (gradient,) = torch.autograd.grad(scale * loss, current, retain_graph=True)
    expected = gradient[:, 0].T.numpy()
    answer = post_framed('/lif/grad', {**layer, 'surrogate': {'name': 'snntorch.atan', 'alpha': 2}, 'loss': request})['results'][0]
    total = float(np.sum(answer['loss']))
    difference = np.abs(answer['grad']['current'] - expected).max() / np.abs(expected).max()
    print(f'{name} differs by {abs(total / (scale * loss.item()) - 1):.1e}, its gradient by {difference:.1e}')


labels = torch.tensor([label])
target_times = torch.full((1, neurons), 5.0)
target_membrane = torch.full_like(membrane_rec, 0.5)
compare('ce_count_loss', SF.ce_count_loss()(spike_rec, labels), {'type': 'cross_entropy', 'on': 'spike_counts', 'labels': label})
compare('ce_max_membrane_loss', SF.ce_max_membrane_loss()(membrane_rec, labels), {'type': 'cross_entropy', 'on': 'max_v', 'labels': label})
compare('ce_temporal_loss', SF.ce_temporal_loss()(spike_rec, labels), {'type': 'cross_entropy', 'on': 'first_spike_times', 'labels': label})
# Means in snnTorch are sums over neurons here, and its times are parts of the run.
compare(
    'mse_temporal_loss',
    SF.mse_temporal_loss(target_is_time=True)(spike_rec, target_times),
    {'type': 'first_spike_time_mse', 'target': 5},
    scale=neurons * steps**2,
)
compare('MSELoss', torch.nn.MSELoss()(membrane_rec, target_membrane), {'type': 'v_mse', 'target': 0.5}, scale=neurons)
