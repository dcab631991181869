"""From SpikingJelly to the service: your LIFNode and losses, then the same over HTTP, with equal numbers.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/from_spikingjelly.py

Needs torch, spikingjelly and numpy, and numpy_client.py beside it. The cells between `# %%` run one by one in an editor that knows them.
"""

# %% Your layer in multi-step mode: time first, [T, batch, neurons].
import numpy as np
import torch
from numpy_client import post_framed
from spikingjelly.activation_based import neuron, surrogate

steps, neurons, label = 50, 4, 2
values = np.random.default_rng(1).uniform(0, 2.5, (steps, 1, neurons)).astype(np.float32)
current = torch.tensor(values, requires_grad=True)

node = neuron.LIFNode(tau=2.0, surrogate_function=surrogate.ATan(alpha=2.0), step_mode='m', store_v_seq=True)
spikes = node(current)
potentials = node.v_seq

# %% The same layer here: one row a neuron, [neurons, T]. Names and units are SpikingJelly's: tau in steps, a step is 1 ms.
layer = {
    'current': np.ascontiguousarray(values[:, 0].T),
    'neuron': {'model': 'spikingjelly.LIFNode', 'tau': 2},
}
run = post_framed('/lif/simulate', {**layer, 'record': ['spikes', 'v']})
print('spikes:', int(spikes.sum()), int(run['spikes'].sum()))
print(f'v differs by {np.abs(run["v"] - potentials.detach()[:, 0].T.numpy()).max():.1e}')


# %% Your losses, and what they are called here.
def compare(name, loss, request, scale=1.0):
    """Prints how far the service's gradient is from `scale` times the gradient of a loss of PyTorch, relative to its largest number."""
    (gradient,) = torch.autograd.grad(scale * loss, current, retain_graph=True)
    expected = gradient[:, 0].T.numpy()
    answer = post_framed('/lif/grad', {**layer, 'surrogate': {'name': 'spikingjelly.ATan', 'alpha': 2}, 'loss': request})['results'][0]
    total = float(np.sum(answer['loss']))
    difference = np.abs(answer['grad']['current'] - expected).max() / np.abs(expected).max()
    print(f'{name} differs by {abs(total / (scale * loss.item()) - 1):.1e}, its gradient by {difference:.1e}')


labels = torch.tensor([label])
cross_entropy = torch.nn.functional.cross_entropy
compare('cross_entropy of counts', cross_entropy(spikes.sum(0), labels), {'type': 'cross_entropy', 'on': 'spike_counts', 'labels': label})
compare('cross_entropy of mean v', cross_entropy(potentials.mean(0), labels), {'type': 'cross_entropy', 'on': 'mean_v', 'labels': label})
# The mean of PyTorch is a sum over neurons here.
mse = torch.nn.functional.mse_loss(potentials, torch.full_like(potentials, 0.5))
compare('mse_loss', mse, {'type': 'v_mse', 'target': 0.5}, scale=neurons)
