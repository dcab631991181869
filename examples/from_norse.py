"""From Norse to the service: your LIFCell and losses, then the same over HTTP, with equal numbers.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/from_norse.py

Needs torch, norse and numpy, and numpy_client.py beside it. The cells between `# %%` run one by one in an editor that knows them.
"""

# %% Your layer: time first, [T, batch, neurons].
import norse.torch
import numpy as np
import torch
from numpy_client import post_framed

steps, neurons, label = 50, 4, 2
values = np.random.default_rng(1).uniform(0, 1, (steps, 1, neurons)).astype(np.float32)
current = torch.tensor(values, requires_grad=True)

cell = norse.torch.LIFCell()
state = None
spike_rec, potential_rec = [], []
for t in range(steps):
    spikes, state = cell(current[t], state)
    spike_rec.append(spikes)
    potential_rec.append(state.v)
spike_rec, potential_rec = torch.stack(spike_rec), torch.stack(potential_rec)

# %% The same layer here: one row a neuron, [neurons, T]. Names and units are Norse's: inverse time constants in 1/s, dt in s.
layer = {
    'current': np.ascontiguousarray(values[:, 0].T),
    'neuron': {'model': 'norse.LIF', 'tau_syn_inv': 200, 'tau_mem_inv': 100, 'dt': 0.001},
}
run = post_framed('/lif/simulate', {**layer, 'record': ['spikes', 'v']})
print('spikes:', int(spike_rec.sum()), int(run['spikes'].sum()))
print(f'v differs by {np.abs(run["v"] - potential_rec.detach()[:, 0].T.numpy()).max():.1e}')


# %% Your losses, and what they are called here.
def compare(name, loss, request, scale=1.0):
    """Prints how far the service's gradient is from `scale` times the gradient of a loss of PyTorch, relative to its largest number."""
    (gradient,) = torch.autograd.grad(scale * loss, current, retain_graph=True)
    expected = gradient[:, 0].T.numpy()
    answer = post_framed('/lif/grad', {**layer, 'surrogate': {'name': 'norse.superspike', 'alpha': 100}, 'loss': request})['results'][0]
    total = float(np.sum(answer['loss']))
    difference = np.abs(answer['grad']['current'] - expected).max() / np.abs(expected).max()
    print(f'{name} differs by {abs(total / (scale * loss.item()) - 1):.1e}, its gradient by {difference:.1e}')


labels = torch.tensor([label])
cross_entropy = torch.nn.functional.cross_entropy
compare('cross_entropy of counts', cross_entropy(spike_rec.sum(0), labels), {'type': 'cross_entropy', 'on': 'spike_counts', 'labels': label})
# SpyTorch's readout: the largest potential over time.
largest, _ = potential_rec.max(0)
compare('cross_entropy of max v', cross_entropy(largest, labels), {'type': 'cross_entropy', 'on': 'max_v', 'labels': label})
# The mean of PyTorch is a sum over neurons here.
mse = torch.nn.functional.mse_loss(potential_rec, torch.full_like(potential_rec, 0.5))
compare('mse_loss', mse, {'type': 'v_mse', 'target': 0.5}, scale=neurons)
