"""The service in JAX: a spike with a surrogate gradient and a layer of LIF neurons, for grad, jit and vmap.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/jax_custom_vjp.py

Needs jax and numpy, and numpy_client.py beside it.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from numpy_client import post_framed


def call(function, like, *arrays):
    """Calls a function of numpy arrays, from inside jit too. What it returns has the shapes and types of `like`."""
    shapes = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype), like)

    def on_host(*values):
        return jax.tree.map(lambda y, shape: np.asarray(y, shape.dtype), function(*map(np.asarray, values)), shapes)

    return jax.pure_callback(on_host, shapes, *arrays, vmap_method='sequential')


@partial(jax.custom_vjp, nondiff_argnums=(1,))
def spike(x, surrogate):
    """1 where x >= 0, else 0; the gradient is the surrogate's."""
    def ask(x):
        return post_framed('/surrogate/eval', {'x': x, 'surrogate': surrogate, 'outputs': ['spike']})['results'][0]['spike']

    return call(ask, x, x)


def spike_forward(x, surrogate):
    return spike(x, surrogate), x


def spike_backward(surrogate, x, cotangent):
    def ask(x, cotangent):
        return post_framed('/surrogate/grad', {'x': x, 'surrogate': surrogate, 'cotangent': cotangent})['results'][0]['grad']

    return (call(ask, x, x, cotangent),)


spike.defvjp(spike_forward, spike_backward)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def lif(current, tau, surrogate):
    """Spikes [B, T] of LIF neurons: current [B, T], tau a number (ms). One request forward and one back, however many the steps."""
    def ask(current, tau):
        return post_framed('/lif/simulate', {'current': current, 'neuron': {'tau': tau.item()}, 'record': ['spikes']})['spikes']

    return call(ask, current, current, tau)


def lif_forward(current, tau, surrogate):
    return lif(current, tau, surrogate), (current, tau)


def lif_backward(surrogate, inputs, cotangent):
    def ask(current, tau, cotangent):
        answer = post_framed('/lif/grad', {
            'current': current,
            'neuron': {'tau': tau.item()},
            'surrogate': surrogate,
            'wrt': ['current', 'tau'],
            # What the loss changes with each spike: the gradients are the vector-Jacobian product.
            'loss': {'type': 'cotangent', 'spikes': cotangent},
        })
        grad = answer['results'][0]['grad']
        return grad['current'], grad['tau']

    return call(ask, inputs, *inputs, cotangent)


lif.defvjp(lif_forward, lif_backward)


@jax.custom_jvp
def local_spike(x):
    """The sigmoid surrogate with alpha 4 without the service, to compare with."""
    return (x >= 0).astype(x.dtype)


@local_spike.defjvp
def local_spike_jvp(primals, tangents):
    (x,), (dx,) = primals, tangents
    s = jax.nn.sigmoid(4 * x)
    return local_spike(x), 4 * s * (1 - s) * dx


def recurrence(current, tau, spike, dt=0.1):
    """The same neurons step by step, with v reset to 0, differentiated by jax."""
    def step(v, i):
        v = v + dt / tau * (i - v)
        s = spike(v - 1)
        return v * (1 - s), s

    return jax.lax.scan(step, jnp.zeros(len(current)), current.T)[1].T


def difference(a, b):
    """The largest difference, relative to the largest of b."""
    return float(jnp.abs(a - b).max() / jnp.abs(b).max())


def main():
    x = jnp.linspace(-1, 1, 9)
    found = jax.jit(jax.grad(lambda x: spike(x, 'sigmoid').sum()))(x)
    print(f'spike differs from jax by {difference(found, jax.grad(lambda x: local_spike(x).sum())(x)):.1e}')

    rows = jnp.stack([x, x / 2])
    mapped = jax.vmap(jax.grad(lambda x: spike(x, 'sigmoid').sum()))(rows)
    print(f'spike under vmap differs from jax by {difference(mapped, jax.grad(lambda x: local_spike(x).sum())(rows)):.1e}')

    keys = jax.random.split(jax.random.key(1))
    current = jax.random.uniform(keys[0], (4, 100), maxval=20)
    weight = jax.random.normal(keys[1], (4, 100))
    tau = jnp.float32(10)

    def loss_of(neurons):
        return lambda current, tau: (neurons(current, tau) * weight).sum()

    layers = {
        'jax': lambda i, tau: recurrence(i, tau, local_spike),
        'spike': lambda i, tau: recurrence(i, tau, lambda x: spike(x, 'sigmoid')),
        'lif': lambda i, tau: lif(i, tau, 'sigmoid'),
    }
    counts = {name: int(neurons(current, tau).sum()) for name, neurons in layers.items()}
    print('spikes:', ', '.join(f'{name} {count}' for name, count in counts.items()))
    grads = {name: jax.jit(jax.grad(loss_of(neurons), argnums=(0, 1)))(current, tau) for name, neurons in layers.items()}
    for name in ['spike', 'lif']:
        in_current, in_tau = (difference(a, b) for a, b in zip(grads[name], grads['jax']))
        print(f'{name} under jit differs from jax by {in_current:.1e} in current, {in_tau:.1e} in tau')


if __name__ == '__main__':
    main()
