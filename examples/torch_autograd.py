"""The service in PyTorch's autograd: a spike with a surrogate gradient, and a whole LIF layer.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/torch_autograd.py

Needs torch and numpy, and numpy_client.py beside it.
"""

import torch
from numpy_client import post_framed


def to_numpy(tensor):
    return tensor.detach().cpu().numpy()


class Spike(torch.autograd.Function):
    """1 where x >= 0, else 0; the gradient is the surrogate's. `surrogate` is a name or {'name': ..., parameters}."""

    @staticmethod
    def forward(ctx, x, surrogate):
        ctx.save_for_backward(x)
        ctx.surrogate = surrogate
        answer = post_framed('/surrogate/eval', {'x': to_numpy(x), 'surrogate': surrogate, 'outputs': ['spike']})
        return torch.from_numpy(answer['results'][0]['spike']).to(x)

    @staticmethod
    def backward(ctx, cotangent):
        (x,) = ctx.saved_tensors
        request = {'x': to_numpy(x), 'surrogate': ctx.surrogate, 'cotangent': to_numpy(cotangent)}
        answer = post_framed('/surrogate/grad', request)
        return torch.from_numpy(answer['results'][0]['grad']).to(x), None


class LIF(torch.autograd.Function):
    """Spikes [B, T] of LIF neurons: current [B, T], tau a number (ms). One request forward and one back, however many the steps."""

    @staticmethod
    def forward(ctx, current, tau, surrogate):
        ctx.request = {'current': to_numpy(current), 'neuron': {'tau': tau.item()}}
        ctx.surrogate = surrogate
        ctx.save_for_backward(current, tau)
        answer = post_framed('/lif/simulate', {**ctx.request, 'record': ['spikes']})
        return torch.from_numpy(answer['spikes']).to(current)

    @staticmethod
    def backward(ctx, cotangent):
        current, tau = ctx.saved_tensors
        answer = post_framed('/lif/grad', {
            **ctx.request,
            'surrogate': ctx.surrogate,
            'wrt': ['current', 'tau'],
            # What the loss changes with each spike: the gradients are the vector-Jacobian product.
            'loss': {'type': 'cotangent', 'spikes': to_numpy(cotangent)},
        })
        grad = answer['results'][0]['grad']
        return torch.from_numpy(grad['current']).to(current), torch.tensor(grad['tau']).to(tau), None


class LocalSpike(torch.autograd.Function):
    """The sigmoid surrogate without the service, to compare with."""

    @staticmethod
    def forward(ctx, x, alpha):
        ctx.save_for_backward(x)
        ctx.alpha = alpha
        return (x >= 0).to(x)

    @staticmethod
    def backward(ctx, cotangent):
        (x,) = ctx.saved_tensors
        s = torch.sigmoid(ctx.alpha * x)
        return cotangent * ctx.alpha * s * (1 - s), None


def recurrence(current, tau, spike, dt=0.1):
    """The same neurons step by step, with v reset to 0, differentiated by torch."""
    v = torch.zeros(len(current))
    spikes = []
    for i in current.T:
        v = v + dt / tau * (i - v)
        s = spike(v - 1)
        v = v * (1 - s)
        spikes.append(s)
    return torch.stack(spikes, dim=1)


def gradients(neurons, current, tau, weight):
    """Number of spikes, and the gradients of their weighted sum."""
    current, tau = current.clone().requires_grad_(), tau.clone().requires_grad_()
    spikes = neurons(current, tau)
    (spikes * weight).sum().backward()
    return spikes.sum().item(), current.grad, tau.grad


def difference(a, b):
    """The largest difference, relative to the largest of b."""
    return ((a - b).abs().max() / b.abs().max()).item()


def compare():
    generator = torch.Generator().manual_seed(1)
    current = 20 * torch.rand(4, 100, generator=generator)
    weight = torch.randn(4, 100, generator=generator)
    tau = torch.tensor(10.0)

    by_torch = gradients(lambda i, tau: recurrence(i, tau, lambda x: LocalSpike.apply(x, 4)), current, tau, weight)
    by_spike = gradients(lambda i, tau: recurrence(i, tau, lambda x: Spike.apply(x, 'sigmoid')), current, tau, weight)
    by_layer = gradients(lambda i, tau: LIF.apply(i, tau, 'sigmoid'), current, tau, weight)
    print(f'spikes: torch {by_torch[0]:.0f}, Spike {by_spike[0]:.0f}, LIF {by_layer[0]:.0f}')
    for name, found in [('Spike', by_spike), ('LIF', by_layer)]:
        in_current, in_tau = difference(found[1], by_torch[1]), difference(found[2], by_torch[2])
        print(f'{name} differs from torch by {in_current:.1e} in current, {in_tau:.1e} in tau')


def train(steps=60):
    """Teaches 5 neurons to fire 2, 4, 6, 8 and 10 times in 20 ms by their weights from 8 inputs."""
    generator = torch.Generator().manual_seed(2)
    inputs = torch.rand(8, 200, generator=generator)
    target = torch.tensor([2.0, 4.0, 6.0, 8.0, 10.0])
    weights = torch.full((5, 8), 0.5, requires_grad=True)
    tau = torch.tensor(10.0)
    optimizer = torch.optim.Adam([weights], lr=0.1)

    def run():
        counts = LIF.apply(weights @ inputs, tau, {'name': 'arctan', 'alpha': 2}).sum(dim=1)
        return counts, ((counts - target) ** 2).mean()

    for step in range(steps):
        counts, loss = run()
        if step == 0:
            print(f'loss before training: {loss.item():.2f}')
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    counts, loss = run()
    print(f'loss after training: {loss.item():.2f}, spike counts {counts.int().tolist()}, wanted {target.int().tolist()}')


if __name__ == '__main__':
    compare()
    train()
