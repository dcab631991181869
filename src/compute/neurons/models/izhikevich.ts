import { defineGeneralNeuron } from '../general.ts';
import { decayedPart, decayFactor } from '../general-settings.ts';
import { firingNullable, firingOptions, firingSettings } from './firing.ts';
import { driftIntegration, driftOptions } from './membrane.ts';

/** Izhikevich's neuron (2003), regular spiking unless told otherwise. */
export const izhikevich = defineGeneralNeuron({
  name: 'izhikevich',
  library: null,
  summary: 'Neuron of Izhikevich (2003) in mV and ms: a quadratic membrane with a recovery variable.',
  latex: [
    String.raw`\dot v = 0.04 \, v^2 + 5 \, v + 140 - u + I, \quad \dot u = a \, (b \, v - u)`,
    String.raw`v^\text{pre}_t = v_{t-1} + \text{dt} \, \dot v(v_{t-1}, u_{t-1}, I_t), \quad u^\text{pre}_t = u_{t-1} + \text{dt} \, \dot u(v_{t-1}, u_{t-1})`,
    String.raw`s_t = [v^\text{pre}_t \ge v_\text{threshold}]`,
    String.raw`v_t = (1 - s_t) \, v^\text{pre}_t + s_t \, c, \quad u_t = u^\text{pre}_t + d \, s_t`,
  ],
  notes: [
    'The state `a` is the recovery variable u.',
    'v starts at c and u at b c unless v_init and a_init are given.',
    'Steps of at most 0.5 ms are advisable.',
    'detach_reset leaves the spike in u differentiable.',
  ],
  parameters: {
    v_threshold: { default: 30, unit: 'mV', meaning: 'Peak at which a spike counts' },
    a: { default: 0.02, unit: '1/ms', meaning: 'Rate of the recovery' },
    b: { default: 0.2, unit: '1/ms', meaning: 'How strongly the recovery follows v' },
    c: { default: -65, unit: 'mV', meaning: 'Potential after a hard reset' },
    d: { default: 8, unit: 'mV/ms', meaning: 'What a spike adds to the recovery variable' },
  },
  nullable: firingNullable,
  options: { ...firingOptions, ...driftOptions },
  surrogate: 'sigmoid',
  settings: (ops, p, options, dt) => {
    const ratio = ops.mul(dt, p.a);
    return {
      ...firingSettings(ops, { ...p, v_reset: p.c }, options, dt),
      drift: {
        kind: 'polynomial',
        dt,
        integration: driftIntegration(options),
        rate: ops.constant(1),
        square: ops.constant(0.04),
        linear: ops.constant(5),
        constant: ops.constant(140),
      },
      adaptation: {
        to: 'current',
        weight: ops.constant(-1),
        decay: decayFactor(ops, ratio, options.integration),
        coupling: ops.mul(p.b, decayedPart(ops, ratio, options.integration)),
        couples_to: 'v',
        jump: p.d,
      },
      initial: { v: p.c, a: ops.mul(p.b, p.c) },
    };
  },
});
