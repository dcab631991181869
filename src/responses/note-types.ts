/** What a note is about, for the documentation. */
interface NoteType {
  readonly cause: string;
  readonly remedy: string;
}

/** Everything that `meta.notes` may say, by its stable code: what was computed as asked, but is surely not meant. */
export const noteTypes = {
  long_step: {
    cause:
      'A step is longer than a time constant of the neuron. Most often the time constant is in seconds, and the field in ms, or the time step of another simulation was taken over.',
    remedy: 'Give time constants and `dt` in the unit that the model has for them, or take a smaller `dt`.',
  },
  starts_above_threshold: {
    cause:
      'The potential before the first step is at or above the threshold, so that a neuron fires before any input. A neuron in mV without `v_init` does: it starts at 0.',
    remedy: 'Give `v_init`, for a neuron in mV its `v_rest`.',
  },
  time_as_neurons: {
    cause:
      'The rows of `current` are neurons and look like steps: many rows of a few steps that last only a small part of a time constant, or a list of as many values as `steps`, which are one for each neuron and not one for each step.',
    remedy: 'Send time along the last axis: `[B, T]`, for one neuron `[[...]]`; or along the first, with `"time_axis": 0`.',
  },
  refractory_rounded: {
    cause: '`refractory` is less than half a step, and rounded to 0 steps: the neuron has no refractoriness.',
    remedy: 'Take a smaller `dt`, or a `refractory` of at least half of it. It is in ms.',
  },
  rounded_times: {
    cause:
      'Spike times as float32, which bytes and `/v2` have, cannot tell the last steps of the run apart: from 2^23 steps on the distance of two float32 is more than half a step. Times in JSON are written with all digits that they need.',
    remedy: 'Ask for `"dtype": "float64"`, or take the times from JSON.',
  },
  unreachable_rate: {
    cause: 'A target rate is above the fastest that the neuron can fire, once in `refractory` and a step.',
    remedy: 'Give the target in Hz, and one that is within reach.',
  },
  saturated: {
    cause: 'Most neurons fire in every step that is possible. Their rates say nothing of their inputs any more, and cannot rise.',
    remedy: 'Lower the current, or raise the threshold: potentials may be in mV, and currents in pA.',
  },
  zero_gradient: {
    cause:
      'A gradient is 0 for all neurons. The message says why: no potential came where the surrogate has a gradient, the quantity has no part in the run, or the loss does not change with it.',
    remedy: 'Take a wider surrogate, more steps or a larger current; leave the quantity out of `wrt`; or give the loss what it lacks.',
  },
  gradient_growth: {
    cause:
      'A gradient in float32 has grown from step to step through the reset. A neuron was computed again, and its gradient differs by more than 1 % in float64, since rounding has grown along with it, or is more than 1000 times what it is with the reset detached.',
    remedy:
      'Take `"detach_reset": true`, or a surrogate with a lower peak. float64 has the right number, but it is of no use to training either.',
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
