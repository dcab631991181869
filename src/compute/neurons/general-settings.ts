import type { ParameterAlgebra } from '../algebra.ts';
import type { Derived, DerivedTree, OptionValue } from './model.ts';

/** A synaptic current u. */
export interface Synapse<V> extends DerivedTree<V> {
  /** Factor of u in a step. */
  readonly decay: V;
  /** Factor of the input; 1 unless given. */
  readonly gain?: V;
  /** Factor of u in the membrane's drive; 1 unless given. */
  readonly weight?: V;
  /**
   * When the membrane sees the input: in the step after u has decayed (`decay_first`, the default), before it decays (`decay_last`), or one step
   * late (`delayed`).
   */
  readonly timing?: 'decay_first' | 'decay_last' | 'delayed';
}

/** An adaptation a, which grows with spikes or with the membrane. */
export interface Adaptation<V> extends DerivedTree<V> {
  /** What it is added to. */
  readonly to: 'threshold' | 'current';
  /** Its factor there; 1 unless given. */
  readonly weight?: V;
  /** Factor of a in a step. */
  readonly decay: V;
  /** What a spike adds; 0 unless given. */
  readonly jump?: V;
  /** Factor of the membrane's distance from `rest`. */
  readonly coupling?: V;
  readonly rest?: V;
  /** The membrane before the step (`v`) or at the spike decision (`v_pre`, the default). */
  readonly couples_to?: 'v' | 'v_pre';
  /** Whether a decays before the spike decision rather than at the end of the step. */
  readonly decays_first?: boolean;
  /** Whether the backward pass does not see the spike that adds the jump. */
  readonly detached?: boolean;
}

export interface Reset<V> extends DerivedTree<V> {
  readonly kind: 'soft' | 'hard' | 'none';
  /**
   * In the step that fires (`end`, the default); at the start of the next one (`start`); in the next one after the decay (`late`); or
   * with the stored membrane compared with the threshold again (`recheck`, snnTorch's `reset_delay=False`).
   */
  readonly when?: 'end' | 'start' | 'late' | 'recheck';
  /**
   * What the backward pass sees of it: all (`through`), not the choice of neurons (`mask`), the spike's effect on the value but not the
   * value itself (`value`), nothing of the jump (`jump`), the choice but only in the value (`value_only`), or no reset at all (`ignored`).
   */
  readonly gradient?: 'through' | 'mask' | 'value' | 'jump' | 'value_only' | 'ignored';
  /** What a soft reset takes away: the threshold (the default), the adapted threshold, or this number. */
  readonly drop?: V | 'threshold' | 'effective';
  /** Where a hard reset leads; 0 unless given. */
  readonly value?: V;
  /** Whether a late hard reset takes the synaptic currents too. */
  readonly currents?: boolean;
  /** Whether a rechecked hard reset takes the drive of its step too, as a late one does. */
  readonly drive?: boolean;
  /** Divisor of the membrane, its threshold included, before the reset (KLIF). */
  readonly divisor?: V;
}

/** A membrane's change by its own dynamics, dv/dt = f(v, drive). */
export type Drift<V> = DerivedTree<V> & {
  /** Length of a step in the unit of the rate. */
  readonly dt: V;
  /** v + dt f, or the exponential Euler step v + dt (e^z - 1)/z f with z = dt df/dv. */
  readonly integration: 'euler' | 'exponential';
} & (
    | {
        /** f = (curvature (v - rest)(v - critical) + gain drive) / tau */
        readonly kind: 'quadratic';
        readonly tau: V;
        readonly rest: V;
        readonly critical: V;
        readonly curvature: V;
        readonly gain?: V;
      }
    | {
        /** f = (rest - v + sharpness e^((v - onset) / sharpness) + gain drive) / tau */
        readonly kind: 'exponential';
        readonly tau: V;
        readonly rest: V;
        readonly onset: V;
        readonly sharpness: V;
        readonly gain?: V;
      }
    | {
        /** f = rate (square v^2 + linear v + constant + drive) */
        readonly kind: 'polynomial';
        readonly rate: V;
        readonly square: V;
        readonly linear: V;
        readonly constant: V;
      }
  );

/** The settings of the general neuron, of which the neurons of the libraries are special cases. */
export interface GeneralSettings<V> extends Derived<V> {
  /** v_pre = leak v + (1 - leak) rest + gain drive + bias. */
  readonly leak?: V;
  /** In the place of `leak`: v_pre = v + rate (rest + gain drive - v), or v + rate (rest - v) + gain drive without input scaling. */
  readonly rate?: V;
  readonly input_scaling?: boolean;
  /** In the place of both: the membrane's own dynamics. */
  readonly drift?: Drift<V>;
  readonly rest?: V;
  readonly gain?: V;
  readonly bias?: V;
  readonly synapse?: Synapse<V> | readonly Synapse<V>[];
  readonly adaptation?: Adaptation<V>;
  /** v_pre = max(0, rectifier_gain v_pre). */
  readonly rectifier_gain?: V;
  /** Left out by a neuron that never fires. */
  readonly threshold?: V;
  /** Whether v_pre has to exceed the threshold rather than reach it. */
  readonly strict?: boolean;
  /** The surrogate is taken at scale (v_pre - threshold); 1 unless given. */
  readonly scale?: V;
  /** The threshold's gradient through the spike: that of v_pre - threshold (`full`, the default), none, or (v_pre / threshold) times it. */
  readonly threshold_gradient?: 'full' | 'none' | 'relative';
  /** How often it may fire in one step: floor(v_pre / threshold) times, `max` at most. */
  readonly multi_spike?: { readonly max?: V };
  readonly reset?: Reset<V>;
  readonly v_min?: V;
  /** Steps after a spike in which v is kept and nothing fires (`hold`), v is kept (`free`), the input is lost (`leak`), or Norse's soft choice. */
  readonly refractory?: { readonly steps: V; readonly mode: 'hold' | 'free' | 'leak' | 'norse' };
  /** Factor of the last step's own output in the input. */
  readonly recurrent?: V;
  /** Factor of the returned spikes. */
  readonly graded_factor?: V;
  /** Whether the spike that a step returns is that of the membrane before it. */
  readonly output_lag?: boolean;
  /** Which membrane the library records; after the reset unless given. */
  readonly record?: 'pre' | 'post';
}

export function synapsesOf<V>({ synapse }: GeneralSettings<V>): readonly Synapse<V>[] {
  if (synapse === undefined) return [];
  return Array.isArray(synapse) ? (synapse as readonly Synapse<V>[]) : [synapse as Synapse<V>];
}

/** The names of the synaptic currents: `u`, or `u_1` and `u_2`. */
export function currentNames<V>(settings: GeneralSettings<V>): readonly string[] {
  const synapses = synapsesOf(settings);
  return synapses.length === 1 ? ['u'] : synapses.map((_, i) => `u_${i + 1}`);
}

/** The part of a distance that an exponential decay covers in a step of `ratio` time constants: the ratio itself (`euler`), or 1 - exp(-ratio). */
export function decayedPart<V, M>(ops: ParameterAlgebra<V, M>, ratio: V, integration: OptionValue): V {
  return integration === 'euler' ? ratio : ops.neg(ops.expm1(ops.neg(ratio)));
}

/** What is left of a quantity after that step. */
export function decayFactor<V, M>(ops: ParameterAlgebra<V, M>, ratio: V, integration: OptionValue): V {
  return integration === 'euler' ? ops.sub(ops.constant(1), ratio) : ops.exp(ops.neg(ratio));
}
