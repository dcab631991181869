import type { ParameterAlgebra } from '../../algebra.ts';
import { decayedPart, type GeneralSettings } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

/** What the service's own neurons with a linear membrane share. */
export const membraneParameters = {
  v_rest: { default: 0, meaning: 'Resting potential' },
  resistance: { default: 1, meaning: 'Membrane resistance' },
} as const satisfies Record<string, NeuronParameter>;

export const membraneNullable = {
  tau: { default: 10, exclusiveMinimum: 0, unit: 'ms', meaning: 'Membrane time constant' },
} as const satisfies Record<string, NeuronParameter>;

export const membraneOptions = {
  integration: { default: 'euler', values: ['euler', 'exponential'], meaning: 'k = dt / tau, or k = 1 - exp(-dt / tau)' },
  input_scaling: { default: true, meaning: 'Whether k multiplies the input too, or only the leak' },
} as const satisfies Record<string, NeuronOption>;

/** The general neuron's settings for the parameters and options above. */
export function membraneSettings<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: Readonly<Record<keyof typeof membraneParameters, V>> & { readonly tau?: V | undefined },
  options: Readonly<Record<keyof typeof membraneOptions, OptionValue>>,
  dt: V,
): Pick<GeneralSettings<V>, 'rest' | 'gain' | 'rate' | 'input_scaling'> {
  const ratio = p.tau && ops.div(dt, p.tau);
  const hasLeak = ratio !== undefined;
  return {
    rest: p.v_rest,
    gain: p.resistance,
    ...(hasLeak && { rate: decayedPart(ops, ratio, options.integration), input_scaling: options.input_scaling === true }),
  };
}

/** How the service's own neurons with a nonlinear membrane, dv/dt = f(v), take a step. */
export const driftOptions = {
  integration: {
    default: 'euler',
    values: ['euler', 'exponential'],
    meaning: 'v + dt f(v), or the exponential Euler step v + dt (e^z - 1) / z f(v) with z = dt df/dv',
  },
} as const satisfies Record<string, NeuronOption>;

export function driftIntegration(options: Readonly<Record<keyof typeof driftOptions, OptionValue>>): 'euler' | 'exponential' {
  return options.integration === 'euler' ? 'euler' : 'exponential';
}
