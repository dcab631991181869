"""Trains a spiking network on the yin-yang task (Kriener et al. 2021): one request is a batch's gradients, and Adam runs here.

    SURROGATE_URL=http://127.0.0.1:3000 python examples/train.py --epochs 10

Needs numpy, and numpy_client.py beside it.
"""

import argparse
import time

import numpy as np
from numpy_client import post_framed

batch_size = 50
steps, hidden, classes = 20, 120, 3


def yin_yang(count, rng):
    """Points (x, y, 1 - x, 1 - y) of the disk in the unit square, and their classes: 0 and 1 the halves, 2 the dots. Each is as likely."""
    points, labels = np.empty((count, 4)), rng.integers(classes, size=count)
    for i, label in enumerate(labels):
        while True:
            x, y = rng.random(2)
            if np.hypot(x - 0.5, y - 0.5) <= 0.5 and class_of(x, y) == label:
                break
        points[i] = x, y, 1 - x, 1 - y
    return points, labels


def class_of(x, y):
    left, right = np.hypot(x - 0.25, y - 0.5), np.hypot(x - 0.75, y - 0.5)
    if min(left, right) <= 0.1:
        return 2
    return int(left <= 0.25 or (y > 0.5 and right > 0.25))


def gradients(weights, points, labels):
    """Loss and accuracy of a batch, and the gradients of the loss by the names of the weights. Each coordinate is a current, constant in time."""
    return post_framed('/network/grad', {
        'input': np.repeat(points[:, :, np.newaxis], steps, axis=2).astype(np.float32),
        'dt': 1,
        'layers': [
            {
                'weight': weights['layers/0/weight'],
                'bias': weights['layers/0/bias'],
                'neuron': {'tau': 2, 'reset': 'soft'},
                'surrogate': {'name': 'arctan', 'alpha': 4},
            },
            # The readout integrates and does not spike: the class is the neuron with the largest mean potential.
            {'weight': weights['layers/1/weight'], 'bias': weights['layers/1/bias'], 'neuron': {'model': 'li', 'tau': 10}},
        ],
        'loss': {'type': 'cross_entropy', 'on': 'mean_v', 'labels': labels},
    })


class Adam:
    def __init__(self, weights, rate=0.01):
        self.weights, self.rate, self.step = weights, rate, 0
        self.mean = {name: np.zeros_like(weight) for name, weight in weights.items()}
        self.square = {name: np.zeros_like(weight) for name, weight in weights.items()}

    def update(self, grad):
        self.step += 1
        for name, weight in self.weights.items():
            self.mean[name] += 0.1 * (grad[name] - self.mean[name])
            self.square[name] += 0.001 * (grad[name] ** 2 - self.square[name])
            mean, square = self.mean[name] / (1 - 0.9**self.step), self.square[name] / (1 - 0.999**self.step)
            weight -= self.rate * mean / (np.sqrt(square) + 1e-8)


def main():
    options = argparse.ArgumentParser()
    options.add_argument('--epochs', type=int, default=10)
    options.add_argument('--samples', type=int, default=5000)
    options.add_argument('--seed', type=int, default=1)
    options = options.parse_args()

    rng = np.random.default_rng(options.seed)
    points, labels = yin_yang(options.samples, rng)
    test = yin_yang(1000, rng)
    weights = {
        'layers/0/weight': rng.normal(0, 3, (hidden, 4)),
        'layers/0/bias': np.zeros(hidden),
        'layers/1/weight': rng.normal(0, hidden**-0.5, (classes, hidden)),
        'layers/1/bias': np.zeros(classes),
    }
    weights = {name: weight.astype(np.float32) for name, weight in weights.items()}
    adam = Adam(weights)
    start = time.perf_counter()
    for epoch in range(1, options.epochs + 1):
        losses = []
        order = rng.permutation(options.samples)
        for first in range(0, options.samples, batch_size):
            batch = order[first : first + batch_size]
            answer = gradients(weights, points[batch], labels[batch])
            adam.update(answer['grad'])
            losses.append(answer['reduced_loss'])
        accuracy = gradients(weights, *test)['accuracy']
        elapsed = time.perf_counter() - start
        print(f'epoch {epoch}: loss {np.mean(losses):.3f}, test accuracy {accuracy:.3f}, {elapsed:.1f} s', flush=True)


if __name__ == '__main__':
    main()
