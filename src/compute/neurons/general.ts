import type { Algebra, StepAlgebra } from '../algebra.ts';
import { currentNames, synapsesOf, type Adaptation, type Drift, type GeneralSettings, type Reset } from './general-settings.ts';
import {
  defineNeuron,
  type Derived,
  type DeriveAlgebra,
  type NeuronDefinition,
  type NeuronModel,
  type OptionValue,
  type ParameterValues,
  type StepOutput,
} from './model.ts';

/** Values that take an operation out of the step. */
const neutralSettings: Readonly<Record<string, 0 | 1>> = {
  rest: 0,
  gain: 1,
  bias: 0,
  scale: 1,
  graded_factor: 1,
  'reset.value': 0,
  'adaptation.weight': 1,
  'synapse.gain': 1,
  'initial.v': 0,
};

/** Settings with every state that they need: 0 before the first step, unless they say otherwise. */
function withInitialState<V, M>(ops: Algebra<V, M>, settings: Partial<GeneralSettings<NoInfer<V>>>): GeneralSettings<V> {
  const { adaptation, refractory, recurrent } = settings;
  const names = [
    'v',
    ...currentNames(settings as GeneralSettings<V>),
    ...(adaptation === undefined ? [] : ['a']),
    ...(refractory === undefined ? [] : ['refractory']),
    ...(recurrent === undefined ? [] : ['spike']),
  ];
  const zero = ops.constant(0);
  return { ...settings, initial: { ...Object.fromEntries(names.map((name) => [name, zero])), ...settings.initial } };
}

/** A model as its settings of the general neuron; states that they do not start are 0 before the first step. */
type GeneralModel<P extends string, N extends string, O extends string> = Omit<NeuronDefinition<P, N, O>, 'neutral' | 'derive' | 'step'> & {
  /** @param dt the length of a step in ms, which a library's own neuron does not read. */
  readonly settings: <V, M>(
    ops: DeriveAlgebra<V, M>,
    p: ParameterValues<V, P, N>,
    options: Readonly<Record<O, OptionValue>>,
    dt: V,
  ) => Partial<GeneralSettings<V>>;
};

/** Defines a neuron that is a special case of the general one. */
export function defineGeneralNeuron<P extends string = never, N extends string = never, O extends string = never>({
  settings,
  ...model
}: GeneralModel<P, N, O>): NeuronModel {
  return defineNeuron<P, N, O>({
    ...model,
    neutral: neutralSettings,
    derive: (ops, p, options, dt) => withInitialState(ops, settings(ops, p, options, dt)),
    step: generalStep,
  });
}

/**
 * One step of the general neuron. State: `v`, currents `u` (or `u_1`, `u_2`), adaptation `a`, the steps of refractoriness that are left, the
 * last output `spike`; those that the settings need.
 */
export function generalStep<V, M>(
  ops: StepAlgebra<V, M>,
  derived: Derived<V>,
  state: Readonly<Record<string, V>>,
  current: V,
): StepOutput<V, M> {
  const n = derived as GeneralSettings<V>;
  const neuron = new GeneralNeuron(ops, n);
  const zero = ops.constant(0);
  const { adaptation, refractory } = n;
  const reset: Reset<V> = n.reset ?? { kind: 'none' };
  const { v, a, refractory: left } = state as Record<'v' | 'a' | 'refractory', V>;
  const when = reset.when ?? 'end';

  const stored = when !== 'end' || n.output_lag === true ? neuron.fires(v, neuron.thresholdAt(a)) : undefined;
  let start = v;
  let adapted = a;
  if (when === 'start' && stored !== undefined) {
    start = neuron.reset(reset, v, stored, neuron.thresholdAt(a));
    if (adaptation?.jump !== undefined) adapted = ops.add(a, neuron.jump(adaptation, stored));
  }
  const emptied = when === 'recheck' && reset.kind === 'hard' && stored !== undefined ? ops.detachMask(stored) : undefined;
  if (emptied !== undefined && reset.drive !== true) start = ops.select(emptied, zero, v);

  const isRefractory = refractory && ops.lt(zero, left);
  const input = n.recurrent === undefined ? current : ops.add(current, ops.mul(n.recurrent, (state as Record<'spike', V>).spike));
  const swallowed = when === 'late' && reset.currents === true ? seen(ops, reset, stored) : undefined;
  const { drive: synaptic, currents } = neuron.synapses(input, state, swallowed);
  let drive = refractory?.mode === 'leak' && isRefractory !== undefined ? ops.select(isRefractory, zero, synaptic) : synaptic;
  if (adaptation?.to === 'current') drive = ops.add(drive, scaled(ops, adaptation.weight, adapted));

  let vPre = neuron.charge(start, drive);
  if (n.rectifier_gain !== undefined) vPre = ops.max(ops.mul(n.rectifier_gain, vPre), zero);
  if (when === 'late' && stored !== undefined) vPre = neuron.lateReset(reset, vPre, stored, neuron.thresholdAt(a));
  if (emptied !== undefined && reset.drive === true) vPre = ops.select(emptied, zero, vPre);
  if (when === 'recheck' && reset.kind === 'soft' && stored !== undefined && n.threshold !== undefined)
    vPre = ops.sub(vPre, ops.select(ops.detachMask(stored), n.threshold, zero));
  if (isRefractory !== undefined && (refractory?.mode === 'hold' || refractory?.mode === 'free'))
    vPre = ops.select(isRefractory, start, vPre);

  if (adaptation?.decays_first === true) adapted = ops.mul(adaptation.decay, adapted);
  const threshold = neuron.thresholdAt(adapted);
  let spike = neuron.fires(vPre, threshold);
  if (spike !== undefined && isRefractory !== undefined && refractory?.mode === 'hold') spike = ops.and(ops.not(isRefractory), spike);
  const count = neuron.count(vPre, threshold);

  let vPost = vPre;
  if (when === 'end' && spike !== undefined)
    vPost = count === undefined ? neuron.reset(reset, vPre, spike, threshold) : neuron.countedReset(reset, vPre, count, spike);
  else if (when === 'recheck' && spike !== undefined && stored !== undefined) vPost = neuron.recheckedReset(reset, vPre, spike, stored);

  let nextLeft = left;
  if (refractory !== undefined && isRefractory !== undefined && spike !== undefined) {
    if (refractory.mode === 'norse') {
      const soft = ops.spike(isRefractory, left, neuron.thresholdAt(adapted));
      vPost = ops.select(soft, v, vPost);
      spike = ops.and(ops.not(soft), spike);
      const counted = ops.max(ops.sub(left, ops.select(soft, ops.constant(1), zero)), zero);
      nextLeft = ops.select(spike, refractory.steps, counted);
    } else {
      nextLeft = ops.detach(ops.select(ops.detachMask(spike), refractory.steps, ops.max(ops.sub(left, ops.constant(1)), zero)));
    }
  }
  if (n.v_min !== undefined) vPost = ops.max(vPost, n.v_min);

  const returned = n.output_lag === true ? stored : spike;
  const spikes = neuron.returned(returned, count);
  const next: Record<string, V> = { v: vPost, ...currents };
  if (adaptation !== undefined) {
    const before = when === 'start' ? undefined : returned;
    next.a = neuron.adapt(adaptation, adapted, before, adaptation.couples_to === 'v' ? v : vPre);
  }
  if (refractory !== undefined) next.refractory = nextLeft;
  if (n.recurrent !== undefined) next.spike = spikes ?? (returned === undefined ? zero : ops.select(returned, ops.constant(1), zero));
  return { state: next, vPre, vPost, records: n.record ?? 'post', spike: returned, count, spikes };
}

function scaled<V, M>(ops: Algebra<V, M>, factor: V | undefined, value: V): V {
  return factor === undefined ? value : ops.mul(factor, value);
}

/** A spike as the reset's backward pass sees it. */
function seen<V, M>(ops: StepAlgebra<V, M>, { gradient }: Reset<V>, spike: M | undefined): M | undefined {
  return spike !== undefined && (gradient === 'mask' || gradient === 'value_only') ? ops.detachMask(spike) : spike;
}

/** The parts of a step. */
class GeneralNeuron<V, M> {
  readonly #ops: StepAlgebra<V, M>;
  readonly #n: GeneralSettings<V>;

  constructor(ops: StepAlgebra<V, M>, settings: GeneralSettings<V>) {
    this.#ops = ops;
    this.#n = settings;
  }

  /** The threshold with the adaptation `a`. */
  thresholdAt(a: V): V {
    const { threshold = this.#ops.constant(0), adaptation } = this.#n;
    return adaptation?.to === 'threshold' ? this.#ops.add(threshold, scaled(this.#ops, adaptation.weight, a)) : threshold;
  }

  fires(v: V, threshold: V): M | undefined {
    const ops = this.#ops;
    if (this.#n.threshold === undefined) return undefined;
    const fires = this.#n.strict === true ? ops.lt(threshold, v) : ops.le(threshold, v);
    return this.#n.multi_spike ? fires : ops.spike(fires, this.#distance(v, threshold), threshold);
  }

  /** The number of spikes of a neuron that may fire several times in a step. */
  count(v: V, threshold: V): V | undefined {
    const ops = this.#ops;
    const { multi_spike } = this.#n;
    if (multi_spike === undefined) return undefined;
    const zero = ops.constant(0);
    const whole = ops.floor(ops.max(ops.div(v, threshold), zero));
    const limited = multi_spike.max === undefined ? whole : ops.min(whole, multi_spike.max);
    return ops.spikes(limited, this.#distance(v, threshold), threshold);
  }

  /** The surrogate's argument. */
  #distance(v: V, threshold: V): V {
    const ops = this.#ops;
    const { threshold_gradient, scale } = this.#n;
    if (threshold_gradient === 'none') return scaled(ops, scale, ops.sub(v, ops.detach(threshold)));
    if (threshold_gradient !== 'relative') return scaled(ops, scale, ops.sub(v, threshold));
    // Its value is v - threshold; its derivative by the threshold is -v / threshold.
    const fixed = ops.detach(threshold);
    const ratio = ops.detach(ops.div(v, threshold));
    return ops.sub(ops.sub(v, fixed), ops.mul(ratio, ops.sub(threshold, fixed)));
  }

  synapses(input: V, state: Readonly<Record<string, V>>, swallowed: M | undefined): { drive: V; currents: Readonly<Record<string, V>> } {
    const ops = this.#ops;
    const names = currentNames(this.#n);
    const currents: Record<string, V> = {};
    let drive: V | undefined;
    for (const [i, { decay, gain, weight, timing }] of synapsesOf(this.#n).entries()) {
      const name = names[i]!;
      const u = state[name]!;
      const arriving = scaled(ops, gain, input);
      const joined = ops.add(u, arriving);
      let decayed = timing === 'decay_last' ? ops.mul(decay, joined) : ops.add(ops.mul(decay, u), arriving);
      if (swallowed !== undefined) decayed = ops.select(swallowed, ops.constant(0), decayed);
      const felt = timing === 'delayed' ? u : timing === 'decay_last' ? joined : decayed;
      const part = scaled(ops, weight, felt);
      drive = drive === undefined ? part : ops.add(drive, part);
      currents[name] = decayed;
    }
    return { drive: drive ?? input, currents };
  }

  /** The membrane after leak and drive, before any spike. */
  charge(v: V, drive: V): V {
    const ops = this.#ops;
    const { leak, rate, drift, rest = ops.constant(0), gain, bias, input_scaling } = this.#n;
    const driven = scaled(ops, gain, drive);
    let charged: V;
    if (drift !== undefined) return drifted(ops, drift, v, drive);
    if (rate !== undefined)
      charged =
        input_scaling === false
          ? ops.add(ops.add(v, ops.mul(rate, ops.sub(rest, v))), driven)
          : ops.add(v, ops.mul(rate, ops.sub(ops.add(rest, driven), v)));
    else if (leak !== undefined) charged = ops.add(ops.add(ops.mul(leak, v), ops.mul(ops.sub(ops.constant(1), leak), rest)), driven);
    else charged = ops.add(v, driven);
    return bias === undefined ? charged : ops.add(charged, bias);
  }

  #drop({ drop }: Reset<V>, threshold: V): V {
    if (drop === 'effective') return threshold;
    return drop === undefined || drop === 'threshold' ? (this.#n.threshold ?? threshold) : drop;
  }

  /** The membrane after the reset of a step that fires. */
  reset(reset: Reset<V>, v: V, spike: M, threshold: V): V {
    const ops = this.#ops;
    const { kind, gradient = 'through', divisor, value = ops.constant(0) } = reset;
    const zero = ops.constant(0);
    const fired = seen(ops, reset, spike) ?? spike;
    if (kind === 'none') return v;
    const drop = this.#drop(reset, threshold);
    if (divisor !== undefined) {
      const divided = ops.div(v, divisor);
      return kind === 'soft' ? ops.sub(divided, ops.select(fired, ops.div(drop, divisor), zero)) : ops.select(fired, value, divided);
    }
    if (kind === 'soft') {
      const dropped = ops.select(fired, drop, zero);
      if (gradient === 'ignored') return ops.substitute(ops.sub(v, dropped), v);
      return ops.sub(v, gradient === 'jump' ? ops.detach(dropped) : dropped);
    }
    switch (gradient) {
      case 'value':
        return ops.substitute(ops.select(fired, value, v), ops.sub(v, ops.select(fired, ops.sub(ops.detach(v), value), zero)));
      case 'jump':
        return ops.substitute(ops.select(fired, value, v), v);
      case 'value_only':
        return ops.substitute(
          ops.select(spike, value, v),
          ops.add(ops.select(ops.detachMask(spike), zero, v), ops.select(spike, value, zero)),
        );
      case 'ignored':
        return ops.substitute(ops.select(fired, value, v), v);
      default:
        return ops.select(fired, value, v);
    }
  }

  /** The reset of a neuron that fires `count` times: the drop that often, or a new value. */
  countedReset(reset: Reset<V>, v: V, count: V, fired: M): V {
    const ops = this.#ops;
    if (reset.kind === 'soft') return ops.sub(v, ops.mul(count, this.#drop(reset, this.thresholdAt(ops.constant(0)))));
    return reset.kind === 'hard' ? ops.select(ops.detachMask(fired), reset.value ?? ops.constant(0), v) : v;
  }

  /** A reset that is felt after the decay of the next step. */
  lateReset(reset: Reset<V>, v: V, stored: M, threshold: V): V {
    const ops = this.#ops;
    const fired = seen(ops, reset, stored) ?? stored;
    const zero = ops.constant(0);
    if (reset.kind === 'soft') return ops.sub(v, ops.select(fired, this.#drop(reset, threshold), zero));
    return reset.kind === 'hard' ? ops.select(fired, reset.value ?? zero, v) : v;
  }

  /** The difference that a spike makes to what the comparison of the stored membrane has taken away already. */
  recheckedReset(reset: Reset<V>, v: V, spike: M, stored: M): V {
    const ops = this.#ops;
    const [zero, one] = [ops.constant(0), ops.constant(1)];
    const excess = ops.sub(ops.select(spike, one, zero), ops.select(ops.detachMask(stored), one, zero));
    if (reset.kind === 'none') return v;
    return ops.sub(v, ops.mul(excess, reset.kind === 'soft' ? (this.#n.threshold ?? zero) : v));
  }

  jump(adaptation: Adaptation<V>, spike: M): V {
    const ops = this.#ops;
    const fired = adaptation.detached === true ? ops.detachMask(spike) : spike;
    return ops.select(fired, adaptation.jump ?? ops.constant(0), ops.constant(0));
  }

  /** a after the step. */
  adapt(adaptation: Adaptation<V>, a: V, spike: M | undefined, v: V): V {
    const ops = this.#ops;
    const { decay, decays_first, coupling, rest, jump } = adaptation;
    let next = decays_first === true ? a : ops.mul(decay, a);
    if (coupling !== undefined) next = ops.add(next, ops.mul(coupling, rest === undefined ? v : ops.sub(v, rest)));
    if (jump !== undefined && spike !== undefined) next = ops.add(next, this.jump(adaptation, spike));
    return next;
  }

  /** What the neuron returns, where that is not 0 or 1. */
  returned(spike: M | undefined, count: V | undefined): V | undefined {
    const ops = this.#ops;
    const { graded_factor } = this.#n;
    if (count !== undefined) return scaled(ops, graded_factor, count);
    if (graded_factor === undefined || spike === undefined) return undefined;
    return ops.select(spike, graded_factor, ops.constant(0));
  }
}

/** v after one step of dv/dt = f(v, drive). */
function drifted<V, M>(ops: StepAlgebra<V, M>, drift: Drift<V>, v: V, drive: V): V {
  const { slope, curve } = driftOf(ops, drift, v, drive);
  if (drift.integration === 'euler') return ops.add(v, ops.mul(drift.dt, slope));
  const z = ops.mul(drift.dt, curve);
  return ops.add(v, ops.mul(ops.mul(drift.dt, ops.exprel(z)), slope));
}

/** f and df/dv. */
function driftOf<V, M>(ops: StepAlgebra<V, M>, drift: Drift<V>, v: V, drive: V): { readonly slope: V; readonly curve: V } {
  switch (drift.kind) {
    case 'quadratic': {
      const { tau, rest, critical, curvature, gain } = drift;
      const [fromRest, fromCritical] = [ops.sub(v, rest), ops.sub(v, critical)];
      const pull = ops.mul(ops.mul(curvature, fromRest), fromCritical);
      return {
        slope: ops.div(ops.add(pull, scaled(ops, gain, drive)), tau),
        curve: ops.div(ops.mul(curvature, ops.add(fromRest, fromCritical)), tau),
      };
    }
    case 'exponential': {
      const { tau, rest, onset, sharpness, gain } = drift;
      const rise = ops.exp(ops.div(ops.sub(v, onset), sharpness));
      const pull = ops.add(ops.sub(rest, v), ops.mul(sharpness, rise));
      return { slope: ops.div(ops.add(pull, scaled(ops, gain, drive)), tau), curve: ops.div(ops.sub(rise, ops.constant(1)), tau) };
    }
    case 'polynomial': {
      const { rate, square, linear, constant } = drift;
      const parabola = ops.add(ops.mul(ops.add(ops.mul(square, v), linear), v), ops.add(constant, drive));
      return { slope: ops.mul(rate, parabola), curve: ops.mul(rate, ops.add(ops.mul(ops.mul(ops.constant(2), square), v), linear)) };
    }
  }
}
