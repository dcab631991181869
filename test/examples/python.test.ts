import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { expectLearning, hasModules, numbersAfter, python, runExample } from './example.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const numpy = hasModules('numpy');

/** Float32 sums of a hundred steps, each rounded in another order. */
const tolerance = 1e-5;

describe.skipIf(!numpy)('examples/numpy_client.py', () => {
  let output: string;
  beforeAll(async () => {
    output = await runExample(service, python, 'examples/numpy_client.py');
  });

  it('gets JSON', () => {
    expect(numbersAfter("the sigmoid's gradient at 0:", output)).toEqual([1]);
    expect(numbersAfter('spikes at', output)).toEqual([10.9, 21.9, 32.9, 43.9, 80]);
    expect(numbersAfter('gradient in JSON:', output)).toEqual([2.0763, 3.074, 1.6188]);
  });

  it('sends and gets bytes and .npy', () => {
    expect(numbersAfter('gradient as bytes:', output)).toEqual([2.0763, 3.074, 1.6188]);
    expect(numbersAfter('gradient as .npy:', output)).toEqual([2.0763, 3.074, 1.6188]);
    expect(numbersAfter('spikes as .npy, uint8 of shape', output)).toEqual([1, 500, 109, 219, 329, 439]);
    expect(output).toContain('either way the same: True');
  });

  it('says what the service says is wrong', async () => {
    const request = "{'x': np.float32([1]), 'surrogate': 'sigmoyd'}";
    const program = `import sys; sys.path.append('examples'); from numpy_client import *; post_framed('/surrogate/grad', ${request})`;
    await expect(runExample(service, python, '-c', program)).rejects.toThrow(/RuntimeError: 400: .*did you mean "sigmoid"/);
  });
});

describe.skipIf(!numpy || !hasModules('torch'))('examples/torch_autograd.py', () => {
  let output: string;
  beforeAll(async () => {
    output = await runExample(service, python, 'examples/torch_autograd.py');
  });

  it.each(['Spike', 'LIF'])('%s has the gradients that torch finds', (name) => {
    const [torch, spike, lif] = numbersAfter('spikes:', output);
    expect(torch).toBeGreaterThan(20);
    expect([spike, lif]).toEqual([torch, torch]);
    const differences = numbersAfter(`${name} differs from torch by`, output);
    expect(differences).toHaveLength(2);
    for (const difference of differences) expect(difference).toBeLessThan(tolerance);
  });

  it('learns', () => {
    const [before] = numbersAfter('loss before training:', output);
    const [after, ...counts] = numbersAfter('loss after training:', output);
    expect(before).toBeGreaterThan(10);
    expect(after).toBe(0);
    // Those that it has, and those that were wanted.
    expect(counts).toEqual([2, 4, 6, 8, 10, 2, 4, 6, 8, 10]);
  });
});

describe.skipIf(!numpy)('examples/train.py', () => {
  it('learns', async () => {
    expectLearning(await runExample(service, python, 'examples/train.py', '--epochs', '2', '--samples', '1500'));
  });
});

/** Their code and the same over HTTP: the modules that a walk needs, and the losses that it compares. */
const walks = [
  { library: 'snntorch', losses: ['ce_count_loss', 'ce_max_membrane_loss', 'ce_temporal_loss', 'mse_temporal_loss', 'MSELoss'] },
  { library: 'spikingjelly', losses: ['cross_entropy of counts', 'cross_entropy of mean v', 'mse_loss'] },
  { library: 'norse', losses: ['cross_entropy of counts', 'cross_entropy of max v', 'mse_loss'] },
];

describe.each(walks)('examples/from_$library.py', ({ library, losses }) => {
  it.skipIf(!numpy || !hasModules('torch', library))("has the library's spikes, potentials, losses and gradients", async () => {
    const output = await runExample(service, python, `examples/from_${library}.py`);
    const [theirs, ours] = numbersAfter('spikes:', output);
    expect(theirs).toBeGreaterThan(20);
    expect(ours).toBe(theirs);
    expect(numbersAfter('v differs by', output)[0]).toBeLessThan(tolerance);
    for (const loss of losses) {
      const differences = numbersAfter(`${loss} differs by`, output);
      expect(differences).toHaveLength(2);
      for (const difference of differences) expect(difference).toBeLessThan(1e-4);
    }
  });
});

describe.skipIf(!numpy || !hasModules('jax'))('examples/jax_custom_vjp.py', () => {
  let output: string;
  beforeAll(async () => {
    output = await runExample(service, python, 'examples/jax_custom_vjp.py');
  });

  it.each([
    ['spike', 1],
    ['spike under vmap', 1],
    ['spike under jit', 2],
    ['lif under jit', 2],
  ])('%s has the gradients that jax finds', (name, count) => {
    const differences = numbersAfter(`${name} differs from jax by`, output);
    expect(differences).toHaveLength(count);
    for (const difference of differences) expect(difference).toBeLessThan(tolerance);
  });

  it('spikes where jax does', () => {
    const [jax, spike, lif] = numbersAfter('spikes:', output);
    expect(jax).toBeGreaterThan(20);
    expect([spike, lif]).toEqual([jax, jax]);
  });
});
