import type { ParameterAlgebra } from '../../algebra.ts';
import type { GeneralSettings } from '../general-settings.ts';
import type { NeuronOption, NeuronParameter, OptionValue } from '../model.ts';

/** What the service's own spiking neurons share: threshold, reset, lower bound and refractoriness. */
export const firingParameters = {
  v_threshold: { default: 1, meaning: 'Threshold' },
  v_reset: { default: 0, meaning: 'Potential after a hard reset' },
} as const satisfies Record<string, NeuronParameter>;

export const firingNullable = {
  reset_amount: { meaning: 'What a soft reset takes away; the threshold unless given' },
  spike_scale: { exclusiveMinimum: 0, meaning: 'The surrogate is taken at (v_pre - v_threshold) / spike_scale, and divided by it' },
  v_min: { meaning: 'Lower bound of the potential' },
  refractory: {
    default: 0,
    minimum: 0,
    unit: 'ms',
    isSetting: true,
    none: 0,
    meaning: 'How long a neuron is held after a spike, rounded to steps',
  },
} as const satisfies Record<string, NeuronParameter>;

export const firingOptions = {
  reset: {
    default: 'hard',
    values: ['hard', 'soft', 'none'],
    meaning: 'What a spike does: v becomes v_reset, loses reset_amount, or stays',
  },
  reset_delay: { default: false, meaning: 'Whether the reset is felt after the leak of the next step' },
  fires: { default: '>=', values: ['>=', '>'], meaning: 'Whether v_pre has to reach the threshold or to exceed it' },
  refractory_mode: {
    default: 'hold',
    values: ['hold', 'free', 'leak', 'norse'],
    meaning: "In refractoriness v is held and nothing fires, v is held, the input is lost, or Norse's soft choice",
  },
  detach_reset: { default: false, meaning: 'Whether the spike in the reset counts as a constant in the backward pass' },
} as const satisfies Record<string, NeuronOption>;

/** The equations of spike and hard reset, in LaTeX. */
export const firingLatex = [
  String.raw`s_t = [v^\text{pre}_t \ge v_\text{threshold}]`,
  String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, v_\text{reset}`,
];

/** The general neuron's settings for the parameters and options above. */
export function firingSettings<V, M>(
  ops: ParameterAlgebra<V, M>,
  p: Readonly<Record<keyof typeof firingParameters, V>> & { readonly [N in keyof typeof firingNullable]?: V | undefined },
  options: Readonly<Record<keyof typeof firingOptions, OptionValue>>,
  dt: V,
): Pick<GeneralSettings<V>, 'threshold' | 'strict' | 'scale' | 'reset' | 'v_min' | 'refractory'> {
  const kind = options.reset as 'hard' | 'soft' | 'none';
  const { spike_scale, v_min, refractory } = p;
  return {
    threshold: p.v_threshold,
    strict: options.fires === '>',
    ...(spike_scale !== undefined && { scale: ops.div(ops.constant(1), spike_scale) }),
    reset: {
      kind,
      when: options.reset_delay === true ? 'late' : 'end',
      gradient: options.detach_reset === true ? 'mask' : 'through',
      ...(kind === 'soft' && { drop: p.reset_amount ?? 'threshold' }),
      ...(kind === 'hard' && { value: p.v_reset }),
    },
    ...(v_min !== undefined && { v_min }),
    ...(refractory !== undefined && {
      // 0.15 / 0.1 counts as 1.5, although it is 1.4999999999999998.
      refractory: {
        steps: ops.floor(ops.add(ops.mul(ops.div(refractory, dt), ops.constant(1 + 4 * Number.EPSILON)), ops.constant(0.5))),
        mode: options.refractory_mode as 'hold' | 'free' | 'leak' | 'norse',
      },
    }),
  };
}
