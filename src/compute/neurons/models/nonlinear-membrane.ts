import type { NeuronOption, OptionValue } from '../model.ts';

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
