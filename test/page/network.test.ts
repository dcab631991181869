import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AdamValues } from '../../page/adam.ts';
import type { ApiAnswer, ApiRequest } from '../../page/api-types.ts';
import { networkFigure } from '../../page/network-figure.ts';
import { seededRandom } from '../../page/random.ts';
import { Rounds } from '../../page/rounds.ts';
import { SpikingClassifier, type Architecture } from '../../page/spiking-classifier.ts';
import { crossEntropy, Training, type Post } from '../../page/training.ts';
import { classOf, diskGrid, isInDisk, yinYang } from '../../page/yin-yang.ts';
import { drawFigure } from '../../src/plot/draw.ts';
import { Service } from '../http/service.ts';

const surrogate = { name: 'arctan', alpha: 4 };

describe('the yin-yang task', () => {
  it('has the classes of the published figure', () => {
    // The dots, the middle of each half, and what the two heads take from the other half.
    for (const [x, y, label] of [
      [0.25, 0.5, 2],
      [0.75, 0.5, 2],
      [0.34, 0.5, 2],
      [0.5, 0.9, 1],
      [0.5, 0.1, 0],
      [0.25, 0.35, 1],
      [0.75, 0.65, 0],
      [0.08, 0.3, 0],
      [0.9, 0.75, 1],
    ] as const)
      expect(classOf(x, y), `${x}, ${y}`).toBe(label);
    // A half turn takes one half to the other.
    for (const { x, y } of diskGrid(29)) {
      const [here, there] = [classOf(x, y), classOf(1 - x, 1 - y)];
      if (Math.abs(y - 0.5) > 1e-9) expect([here, there].sort()).toEqual(here === 2 ? [2, 2] : [0, 1]);
    }
  });

  it('is drawn from the disk, each class as often, the same for the same seed', () => {
    const samples = yinYang(3000, seededRandom(3));
    expect(samples).toEqual(yinYang(3000, seededRandom(3)));
    expect(samples).not.toEqual(yinYang(3000, seededRandom(4)));
    expect(samples.every(({ x, y, label }) => isInDisk(x, y) && classOf(x, y) === label)).toBe(true);
    for (const label of [0, 1, 2]) expect(Math.abs(samples.filter((one) => one.label === label).length - 1000)).toBeLessThan(100);
  });
});

describe('Adam', () => {
  it('takes the steps of torch.optim.Adam', () => {
    // Its formula, written out: gradients 1 and -2, then 0.5 and 0, at a rate of 0.1.
    const adam = new AdamValues([1, 1]);
    adam.update([1, -2], 0.1);
    expect(adam.values[0]).toBeCloseTo(0.9, 7);
    expect(adam.values[1]).toBeCloseTo(1.1, 7);
    adam.update([0.5, 0], 0.1);
    const next = (m: number, v: number): number => (0.1 * (m / (1 - 0.9 ** 2))) / (Math.sqrt(v / (1 - 0.999 ** 2)) + 1e-8);
    expect(adam.values[0]).toBeCloseTo(0.9 - next(0.9 * 0.1 + 0.1 * 0.5, 0.999 * 0.001 + 0.001 * 0.25), 7);
    expect(adam.values[1]).toBeCloseTo(1.1 - next(0.9 * -0.2, 0.999 * 0.004), 7);
  });

  it('refuses gradients of another size or without a value, and keeps what it has', () => {
    const adam = new AdamValues([1, 2]);
    expect(() => adam.update([1], 0.1)).toThrow('2 values, and 1 derivatives');
    expect(() => adam.update([1, NaN], 0.1)).toThrow('A gradient is not finite; a smaller learning rate may help.');
    expect(adam.values).toEqual([1, 2]);
  });
});

describe('a network in training', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  const sent: ApiRequest[] = [];
  const post: Post = async <Body>(request: ApiRequest): Promise<ApiAnswer<Body>> => {
    sent.push(request);
    const { status, body } = await service.post<Body>(request.path, request.body);
    expect(status, JSON.stringify(body).slice(0, 300)).toBe(200);
    return { body, roundTripMs: 1 };
  };

  it.each<Architecture>([
    { hidden: 40, recurrent: false, readout: 'spikes' },
    { hidden: 30, recurrent: true, readout: 'potential' },
  ])('of %o learns by one request a step, and is evaluated as the service does', async (architecture) => {
    const training = new Training(architecture, 1);
    const first = await training.evaluate(post, 0);
    expect(training.history).toHaveLength(1);
    sent.length = 0;
    for (let step = 0; step < 20; step++) await training.train(post, { surrogate, rate: 0.02 });
    expect(sent.map(({ path }) => path)).toEqual(new Array(20).fill('/network/grad'));
    const then = await training.evaluate(post, 7);
    // Another sample of the same weights is no progress.
    await training.evaluate(post, 8);

    const [before, after] = training.history;
    expect(training.history).toHaveLength(2);
    expect(after!.step).toBe(20);
    expect(after!.heldOutLoss).toBeLessThan(0.8 * before!.heldOutLoss);
    expect(after!.heldOutAccuracy).toBeGreaterThan(before!.heldOutAccuracy + 0.1);
    expect(then.map.map(({ predicted }) => predicted)).not.toEqual(first.map.map(({ predicted }) => predicted));

    const right = then.map.filter(({ x, y, predicted }) => classOf(x, y) === predicted).length;
    expect(right / then.map.length).toBeGreaterThan(0.45);
    const picture = networkFigure(
      { evaluation: then, heldOut: training.heldOut, history: training.history },
      { width: 1000, height: (usual) => usual, fits: () => true },
    );
    expect(picture.panels.map(({ title }) => title)).toEqual([
      'Decision map',
      'Hidden spikes',
      architecture.readout === 'spikes' ? 'Output spikes' : 'Output potentials',
      'Loss',
      'Accuracy',
      'Spikes per hidden neuron',
    ]);
    expect(drawFigure(picture)).not.toMatch(/NaN|undefined|Infinity/);
    const presented = networkFigure(
      { evaluation: then, heldOut: training.heldOut, history: training.history },
      { width: 1000, height: (usual) => usual, fits: () => false, isPresented: true },
    );
    expect(presented.panels.map(({ title }) => title)).toEqual(['Decision map', 'Hidden spikes', 'Accuracy']);
    expect(then.hidden).toHaveLength(architecture.hidden);
  });

  it('has the loss and the accuracy that the service computes for held-out samples', async () => {
    const architecture = { hidden: 20, recurrent: false, readout: 'spikes' } as const;
    const training = new Training(architecture, 5);
    await training.evaluate(post, 0);
    // The same draws as those of the training.
    const random = seededRandom(5);
    yinYang(5000, random);
    const heldOut = yinYang(300, random);
    expect(training.heldOut).toEqual(heldOut);
    const { body } = await post<{ reduced_loss: number; accuracy: number }>(
      new SpikingClassifier(architecture, random).gradRequest(heldOut, surrogate),
    );
    expect(training.history[0]!.heldOutLoss).toBeCloseTo(body.reduced_loss, 4);
    expect(training.history[0]!.heldOutAccuracy).toBeCloseTo(body.accuracy, 6);
  });
});

it('the cross-entropy is finite for logits far apart', () => {
  expect(crossEntropy([0, 0, 0], 1)).toBeCloseTo(Math.log(3), 12);
  expect(crossEntropy([1000, 0, 0], 1)).toBe(1000);
});

describe('rounds', () => {
  it('run one at a time: over and over once started, once where something has changed, and not at all once left', async () => {
    const left = new AbortController();
    let [count, atOnce, most] = [0, 0, 0];
    const rounds = new Rounds({
      left: left.signal,
      onRunning: () => undefined,
      round: async (signal) => {
        count++;
        most = Math.max(most, ++atOnce);
        await sleep(1000, undefined, { signal: count === 1 ? signal : AbortSignal.any([signal, AbortSignal.timeout(2)]) }).catch(
          () => undefined,
        );
        atOnce--;
      },
    });
    rounds.refresh();
    rounds.restart();
    await expect.poll(() => count).toBe(2);
    rounds.start();
    await expect.poll(() => count).toBeGreaterThan(5);
    rounds.pause();
    await expect.poll(() => atOnce).toBe(0);
    const paused = count;
    await sleep(10);
    expect(count).toBe(paused);
    rounds.start();
    left.abort();
    await expect.poll(() => atOnce).toBe(0);
    const atEnd = count;
    rounds.start();
    await sleep(10);
    expect([count, most]).toEqual([atEnd, 1]);
  });
});
