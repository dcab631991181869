import { describe, expect, it } from 'vitest';
import { ReferenceBackend } from '../../../src/compute/backends/reference/reference-backend.ts';
import { neurons } from '../../../src/compute/neurons/catalogue.ts';
import { leftOut } from '../../../src/compute/neurons/libraries/left-out.ts';
import { neuronProblem, surrogateOf, type GivenNeuron } from '../support/neurons.ts';

const reference = new ReferenceBackend();
const weak = [[0.4, 0.7, 0.1, 0.9, 0.3, 0.8]];

function membrane(model: string, given: GivenNeuron, current = weak): readonly number[] {
  const job = { kind: 'lif_simulate', problem: neuronProblem(model, given, current), record: new Set(['v']) } as const;
  return Array.from(reference.run(job).result.series.v!);
}

/** The derivative of the sum of v, also by central differences, where a spike is the surrogate's value. */
function smoothGradient(model: string, given: GivenNeuron & Readonly<Record<string, number>>, name: string): readonly [number, number] {
  const surrogate = surrogateOf({ name: 'sigmoid' });
  const smooth = (neuron: GivenNeuron) => ({ ...neuronProblem(model, neuron, weak), smooth: true });
  const total = (value: number): number => {
    const problem = smooth({ ...given, [name]: value });
    const job = { kind: 'lif_simulate', problem, record: new Set(['v']), surrogate } as const;
    return Array.from(reference.run(job).result.series.v!).reduce((a, b) => a + b, 0);
  };
  const [result] = reference.run({
    kind: 'lif_grad',
    problem: smooth(given),
    surrogates: [surrogate],
    loss: { type: 'cotangent', v: { per: 'scalar', value: 1 } },
    wrt: [name],
  }).result;
  const [value, h] = [given[name]!, 1e-5];
  return [result!.grad[name] as number, (total(value + h) - total(value - h)) / (2 * h)];
}

describe('what a request leaves to the library', () => {
  it("takes Lapicque's circuit from R and C, or from beta with either", () => {
    const circuit = membrane('snntorch.Lapicque', { R: 5, C: 2 });
    const beta = Math.exp(-1 / 10);
    for (const given of [
      { beta, R: 5 },
      { beta, C: 2 },
    ])
      expect(membrane('snntorch.Lapicque', given).map((v, i) => Math.abs(v - circuit[i]!))).toEqual(
        circuit.map(() => expect.closeTo(0, 12) as number),
      );
    expect(membrane('snntorch.Lapicque', { beta }, [[1, 0]])[1]).toBeCloseTo(0.1 * 0.9, 12);
    expect(() => membrane('snntorch.Lapicque', { R: 5 })).toThrow('needs R and C, or beta');
  });

  it('starts the weight of ParametricLIFNode from init_tau', () => {
    expect(membrane('spikingjelly.ParametricLIFNode', { init_tau: 4 })).toEqual(
      membrane('spikingjelly.ParametricLIFNode', { w: -Math.log(3) }),
    );
  });

  it('starts the recovery of the Izhikevich neuron from b v_init', () => {
    const given = { a: 0.02, b: 0.2, c: -65, d: 6 };
    const strong = [[10, 12, 40, 3, 20]];
    expect(membrane('norse.Izhikevich', given, strong)).toEqual(
      membrane('norse.Izhikevich', { ...given, v_init: -70, u_init: -14 }, strong),
    );
  });

  it('starts SpikingJelly from v_reset, or from 0 without one', () => {
    expect(membrane('spikingjelly.IFNode', { v_reset: -0.5 }, [[0.25]])).toEqual([-0.25]);
    expect(membrane('spikingjelly.IFNode', { v_reset: null }, [[0.25]])).toEqual([0.25]);
  });
});

describe('a membrane that starts above the threshold', () => {
  it('keeps the input of the step with Leaky, and loses it with Synaptic', () => {
    const given = { beta: 0.5, reset_mechanism: 'zero', reset_delay: false, v_init: 2 };
    // h is the input, and v = h - (s - r) h with r = 1 and s = 0.
    expect(membrane('snntorch.Leaky', given, [[0.25]])).toEqual([0.5]);
    expect(membrane('snntorch.Synaptic', { ...given, alpha: 0.5 }, [[0.25]])).toEqual([0]);
  });
});

describe('gradients with a smooth spike', () => {
  const izhikevich = { a: 0.02, b: 0.2, c: -65, d: 6, v_init: -60, v_th: -55 };
  it.each([
    ['norse.LIF', { v_leak: 0.3 }, 'v_leak'],
    ['norse.LSNN', { v_th: 0.5, tau_adapt_inv: 40 }, 'v_th'],
    ['norse.Izhikevich', izhikevich, 'b'],
    ['norse.LIFAdEx', { v_leak: 0.2, tau_ada_inv: 20 }, 'tau_ada_inv'],
    ['spikingjelly.KLIFNode', { k: 1.5 }, 'k'],
    ['spikingjelly.EIFNode', { v_reset: -0.2 }, 'v_reset'],
    ['spikingjelly.IzhikevichNode', { a: 0.2, b: 0.1, w_rest: 0.3 }, 'w_rest'],
    ['snntorch.Alpha', { alpha: 0.9, beta: 0.7 }, 'alpha'],
    ['snntorch.RSynaptic', { alpha: 0.7, beta: 0.9, V: -0.5 }, 'V'],
    ['snntorch.Lapicque', { R: 5, C: 2 }, 'C'],
  ] as const)('agree with differences for %s', (model, given, name) => {
    const [gradient, difference] = smoothGradient(model, given, name);
    expect(gradient).not.toBe(0);
    expect(gradient / difference).toBeCloseTo(1, 5);
  });
});

describe('neurons that are left out', () => {
  it('are not in the catalogue, and give a reason', () => {
    for (const { library, name, why } of leftOut) {
      expect([...neurons.values()].filter((model) => model.library?.name === library && model.name.endsWith(`.${name}`))).toEqual([]);
      expect(why).toMatch(/\.$/);
    }
  });
});
