/** What a note is about, for the documentation. */
interface NoteType {
  readonly cause: string;
  readonly remedy: string;
}

/** Everything that `meta.notes` may say, by its stable code: what was computed as asked, but is surely not meant. */
export const noteTypes = {
  long_step: {
    cause:
      'A step is longer than a time constant of the neuron. Usually the time constant is in seconds where the field is in ms, or the time step comes from another simulation.',
    remedy: 'Give time constants and `dt` in the units of the model, or take a smaller `dt`.',
  },
  starts_above_threshold: {
    cause:
      'The potential before the first step is at or above the threshold, so the neuron fires before any input. That happens to a neuron in mV without `v_init`, which starts at 0.',
    remedy: 'Give `v_init`; for a neuron in mV, its `v_rest`.',
  },
  time_as_neurons: {
    cause:
      'The rows of `current` are neurons, but look like time steps: many rows of a few steps that last only a small part of a time constant, or as many values as `steps`, which are taken as one for each neuron.',
    remedy: 'Send time along the last axis: `[B, T]`, for one neuron `[[...]]`; or along the first, with `"time_axis": 0`.',
  },
  refractory_rounded: {
    cause: '`refractory` is less than half a step and is rounded to 0 steps: the neuron has no refractory period.',
    remedy: 'Take a smaller `dt`, or a `refractory` of at least half of it. It is in ms.',
  },
  rounded_times: {
    cause:
      'Spike times as float32, as in bytes and on `/v2`, cannot tell the last steps of the run apart: from 2^23 steps on, neighbouring float32 are more than half a step apart. Times in JSON have all the digits that they need.',
    remedy: 'Ask for `"dtype": "float64"`, or take the times from JSON.',
  },
  unreachable_rate: {
    cause: 'A target rate is above the highest rate at which the neuron can fire, once in `refractory` and a step.',
    remedy: 'Give a target in Hz that the neuron can reach.',
  },
  saturated: {
    cause: 'Most neurons fire in every step in which they can. Their rates no longer depend on their inputs, and cannot rise.',
    remedy: 'Lower the current, or raise the threshold: potentials may be in mV, and currents in pA.',
  },
  zero_gradient: {
    cause:
      'A gradient is 0 for all neurons. The message says why: no potential was where the surrogate has a gradient, the quantity has no effect on the run, or the loss does not depend on it.',
    remedy: 'Take a wider surrogate, more steps or a larger current; leave the quantity out of `wrt`; or complete the loss.',
  },
  gradient_growth: {
    cause:
      'A gradient in float32 has grown from step to step through the reset. A neuron was computed again: its gradient differs by more than 1 % in float64, since rounding errors grow with it, or is more than 1000 times the gradient with the reset detached.',
    remedy:
      'Take `"detach_reset": true`, or a surrogate with a lower peak. float64 gives the right number, but that does not help training either.',
  },
} as const satisfies Record<string, NoteType>;

export type NoteCode = keyof typeof noteTypes;

export const noteCodes = Object.keys(noteTypes) as readonly NoteCode[];

/** Something that was computed as asked, but is surely not meant. */
export interface Note {
  readonly [field: string]: string;
  readonly code: NoteCode;
  readonly message: string;
  /** JSON pointer of the field of the request to look at. */
  readonly path: string;
}

/** No notes: most answers share it. */
export const noNotes: readonly Note[] = [];
