"""Peers of `/network/grad`: the same gradients in PyTorch, eager, and in JAX, compiled, both as a simple scan and with the input's product
taken out of it, as somebody who knows JAX writes it. Two threads.

v = 0.9 v + I, a spike at v >= 1, from which 1 is subtracted without a gradient; the surrogate 1 / (1 + (pi x)^2); cross-entropy on spike counts.

    python network_peers.py torch jax        # one of them, or both

Its input is a line of JSON, {"sizes", "samples", "steps", "recurrent"}, and the bytes of the spikes [samples, inputs, steps], uint8, of the weights
[N_out, N_in], float32, of the recurrent ones and of the labels, int32. It prints a line of JSON with each peer's loss and gradients, layer by layer, a layer's weights before its recurrent ones; then, for each line
with a peer's name, runs it and prints an empty line.
"""
import base64
import json
import math
import os
import sys

os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])

import numpy as np


def pytorch(sizes, steps, spikes, weights, recurrent, labels):
    import torch

    torch.set_num_threads(2)

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return (x >= 0).to(x.dtype)

        @staticmethod
        def backward(ctx, up):
            (x,) = ctx.saved_tensors
            return up / (1 + (math.pi * x) ** 2)

    inputs = torch.tensor(spikes)
    weights = [torch.tensor(weight, requires_grad=True) for weight in weights]
    feedback = None if recurrent is None else torch.tensor(recurrent, requires_grad=True)
    targets = torch.tensor(labels, dtype=torch.int64)
    parameters = weights if feedback is None else [weights[0], feedback, *weights[1:]]

    def run():
        for parameter in parameters:
            parameter.grad = None
        v = [torch.zeros(len(labels), n) for n in sizes[1:]]
        before = torch.zeros(len(labels), sizes[1])
        counts = 0
        for t in range(steps):
            s = inputs[t]
            for layer, weight in enumerate(weights):
                current = s @ weight.T
                if layer == 0 and feedback is not None:
                    current = current + before @ feedback.T
                pre = 0.9 * v[layer] + current
                s = Spike.apply(pre - 1)
                v[layer] = pre - s.detach()
                if layer == 0:
                    before = s
            counts = counts + s
        loss = torch.nn.functional.cross_entropy(counts, targets)
        loss.backward()
        return loss.item(), [parameter.grad.numpy() for parameter in parameters]

    return {'PyTorch': run}


def jax_peers(sizes, steps, spikes, weights, recurrent, labels):
    import jax
    import jax.numpy as jnp

    @jax.custom_vjp
    def spike(x):
        return (x >= 0).astype(x.dtype)

    spike.defvjp(lambda x: (spike(x), x), lambda x, up: (up / (1 + (jnp.pi * x) ** 2),))

    def membrane(v, current):
        pre = 0.9 * v + current
        s = spike(pre - 1)
        return pre - jax.lax.stop_gradient(s), s

    def loss_of(parameters, inputs, hoisted):
        weights, feedback = parameters

        def step(carry, x):
            v, before = carry
            after, s = [], x
            for layer, weight in enumerate(weights):
                current = s if hoisted and layer == 0 else s @ weight.T
                if layer == 0 and feedback is not None:
                    current = current + before @ feedback.T
                moved, s = membrane(v[layer], current)
                after.append(moved)
                if layer == 0:
                    first = s
            return (after, first), s

        if hoisted:
            inputs = (inputs.reshape(-1, sizes[0]) @ weights[0].T).reshape(steps, len(labels), sizes[1])
        rest = [jnp.zeros((len(labels), n)) for n in sizes[1:]]
        _, out = jax.lax.scan(step, (rest, jnp.zeros((len(labels), sizes[1]))), inputs)
        chosen = jax.nn.log_softmax(out.sum(0))[jnp.arange(len(labels)), labels]
        return -chosen.mean()

    feedback = None if recurrent is None else jnp.asarray(recurrent)
    parameters = [jnp.asarray(weight) for weight in weights], feedback
    inputs = jnp.asarray(spikes)

    def peer(hoisted):
        gradient = jax.jit(jax.value_and_grad(lambda parameters, inputs: loss_of(parameters, inputs, hoisted)))

        def run():
            loss, grads = jax.block_until_ready(gradient(parameters, inputs))
            of_weights, of_feedback = grads
            ordered = of_weights if feedback is None else [of_weights[0], of_feedback, *of_weights[1:]]
            return float(loss), [np.asarray(grad) for grad in ordered]

        return run

    return {'JAX': peer(False), 'JAX, hoisted': peer(True)}


def read(count, dtype):
    dtype = np.dtype(dtype)
    return np.frombuffer(sys.stdin.buffer.read(count * dtype.itemsize), dtype)


def main():
    head = json.loads(sys.stdin.buffer.readline())
    sizes, samples, steps = head['sizes'], head['samples'], head['steps']
    spikes = read(samples * sizes[0] * steps, '|u1').reshape(samples, sizes[0], steps)
    weights = [read(out * into, '<f4').reshape(out, into) for into, out in zip(sizes, sizes[1:])]
    recurrent = read(sizes[1] ** 2, '<f4').reshape(sizes[1], sizes[1]) if head['recurrent'] else None
    labels = read(samples, '<i4')
    spikes = np.ascontiguousarray(spikes.transpose(2, 0, 1), np.float32)
    peers = {}
    for module in sys.argv[1:]:
        peers.update({'torch': pytorch, 'jax': jax_peers}[module](sizes, steps, spikes, weights, recurrent, labels))
    answers = {}
    for name, run in peers.items():
        loss, grads = run()
        bytes_of = b''.join(grad.astype('<f4').tobytes() for grad in grads)
        answers[name] = {'loss': loss, 'grad': base64.b64encode(bytes_of).decode()}
    print(json.dumps(answers), flush=True)
    for line in sys.stdin.buffer:
        peers[line.decode().strip()]()
        print(flush=True)


if __name__ == '__main__':
    main()
