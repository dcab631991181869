import { type CurrentSettings, type Waveform, waveforms } from './currents.ts';
import { fieldGroup, type Field } from './fields.ts';
import type { NeuronEntry } from './api-types.ts';
import type { NeuronForm } from './neuron-form.ts';
import type { Settings } from './settings.ts';

/** The fields of a waveform, with the words that it has for them. */
const currentFields: Readonly<Record<Waveform, readonly (readonly [name: keyof typeof currentRules, label: string])[]>> = {
  constant: [['amplitude', 'Current']],
  step: [
    ['baseline', 'Before the step'],
    ['amplitude', 'After it'],
    ['onset', 'Onset'],
  ],
  ramp: [
    ['baseline', 'From'],
    ['amplitude', 'To'],
  ],
  sine: [
    ['amplitude', 'Mean'],
    ['deviation', 'Amplitude'],
    ['frequency', 'Frequency'],
  ],
  noise: [
    ['amplitude', 'Mean'],
    ['deviation', 'Standard deviation'],
    ['seed', 'Seed'],
  ],
};

const currentRules = {
  amplitude: { usual: 1.5, minimum: -1e4, maximum: 1e4, slider: [0, 5] },
  baseline: { usual: 0, minimum: -1e4, maximum: 1e4, slider: [0, 5] },
  onset: { usual: 10, minimum: 0, maximum: 1e6, slider: [0, 100], unit: 'ms' },
  deviation: { usual: 1, minimum: 0, maximum: 1e4, slider: [0, 10] },
  frequency: { usual: 40, minimum: 0, maximum: 1e5, slider: [1, 400], unit: 'Hz' },
  seed: { usual: 1, minimum: 0, maximum: 4294967295, slider: [0, 100], integer: true },
} as const;

/** The names that the fields of all waveforms have in an address. */
export const currentNames = Object.keys(currentRules);

/** The fields of one waveform's current. */
export function currentGroup(settings: Settings, waveform: Waveform): { names: string[]; fields: Field<number>[] } {
  const fields = currentFields[waveform].map(([name, label]) =>
    settings.number(name, currentRules[name].usual, { label, ...currentRules[name] }),
  );
  return { names: currentFields[waveform].map(([name]) => name), fields };
}

/** The current that the fields set, of numbers that are right. */
export function currentSettings(settings: Settings, steps: number, dt: number): CurrentSettings {
  const waveform = settings.text('waveform', 'constant');
  const value = (name: keyof typeof currentRules): number => Number(settings.text(name, String(currentRules[name].usual)));
  return {
    waveform: (waveforms as readonly string[]).includes(waveform) ? (waveform as Waveform) : 'constant',
    steps,
    dt,
    amplitude: value('amplitude'),
    baseline: value('baseline'),
    onset: value('onset'),
    deviation: value('deviation'),
    frequency: value('frequency'),
    seed: value('seed'),
  };
}

/** The fields of time. The neurons of libraries have a time step of their own. */
export function timeGroup(settings: Settings, { entry }: NeuronForm, steps: number): HTMLFieldSetElement {
  const dt = () =>
    settings.number('dt', 0.1, {
      label: 'dt',
      unit: 'ms',
      hint: 'Time step',
      minimum: 1e-4,
      maximum: 1e4,
      slider: [0.01, 2],
      logarithmic: true,
    });
  return fieldGroup(
    'Time',
    ...(hasOwnStep(entry) ? [] : [dt().element]),
    settings.number('steps', steps, { label: 'Steps', minimum: 1, maximum: 20_000, integer: true, slider: [10, 2000] }).element,
  );
}

/** Names of the numbers of time that have fields. */
export function timeNames({ entry }: NeuronForm): readonly string[] {
  return hasOwnStep(entry) ? ['steps'] : ['dt', 'steps'];
}

/** Of fields that are right: the length of a step in ms and the steps, and what a request says of them. */
export function timeOf(
  settings: Settings,
  form: NeuronForm,
): { dt: number; steps: number; given: { readonly steps: number; readonly dt?: number } } {
  const steps = settings.valueOf('steps')!;
  if (hasOwnStep(form.entry)) {
    const milliseconds = { s: 1000, ms: 1 }[form.entry.parameters.dt?.unit ?? ''];
    return { dt: milliseconds === undefined ? 1 : (form.numberOf('dt') ?? 1) * milliseconds, steps, given: { steps } };
  }
  const dt = settings.valueOf('dt')!;
  return { dt, steps, given: { steps, dt } };
}

function hasOwnStep({ library, name }: NeuronEntry): boolean {
  return library !== null || name === 'general';
}
