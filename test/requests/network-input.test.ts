import { describe, expect, it } from 'vitest';
import { InputErrors } from '../../src/errors/input-errors.ts';
import type { Problem } from '../../src/errors/problems.ts';
import { readNetworkInput } from '../../src/requests/networks/network-input.ts';

const limits = {
  bodyBytes: Infinity,
  neuronSteps: Infinity,
  referenceNeuronSteps: Infinity,
  resultValues: Infinity,
  streamedValues: Infinity,
};

/** What is wrong with events of a sample, an input and so many steps, whose steps are these. */
function errorsOf(step: unknown, steps: number): string[] {
  const errors = new InputErrors();
  const events = { sample: { linspace: [0, 0, 4] }, neuron: [0, 0, 0, 0], step };
  readNetworkInput({ events, shape: [1, 1, steps] }, false, errors, limits);
  try {
    errors.throwIfAny();
    return [];
  } catch (error) {
    return ((error as Problem).errors ?? []).map(({ path, message }) => `${path} ${message}`);
  }
}

describe('events made by the server', () => {
  it.each([
    [{ linspace: [0, 3, 4] }, 4],
    [{ linspace: [3, 0, 4] }, 4],
    [{ linspace: [5, 5, 4] }, 6],
  ])('takes whole numbers within the shape: %j', (step, steps) => {
    expect(errorsOf(step, steps)).toEqual([]);
  });

  it.each([
    [{ linspace: [0, 3, 4] }, 3, 'event 3 has 3'],
    [{ linspace: [0, 1, 4] }, 4, 'event 1 has 0.33'],
    [{ linspace: [0.5, 3.5, 4] }, 4, 'event 0 has 0.5'],
    [{ linspace: [2, -1, 4] }, 4, 'event 3 has -1'],
  ])('names one that is none: %j of %i', (step, steps, message) => {
    expect(errorsOf(step, steps)).toEqual([expect.stringContaining(`/input/events/step must hold whole numbers from 0 to ${steps - 1}`)]);
    expect(errorsOf(step, steps)[0]).toContain(message);
  });
});
