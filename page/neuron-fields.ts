import { lifParameters } from '../src/compute/neurons/lif-parameters.ts';
import { type CurrentSettings, type Waveform, waveforms } from './currents.ts';
import { fieldGroup, type Field } from './fields.ts';
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

const integrations = [
  ['euler', 'Euler'],
  ['exponential', 'exponential'],
] as const;
const resets = [
  ['hard', 'hard: to v_reset'],
  ['soft', 'soft: minus the threshold'],
  ['none', 'none'],
] as const;

/** The neuron's parameters that have fields. */
const parameterFields = {
  tau: { minimum: 1e-3, maximum: 1e6, slider: [1, 100], logarithmic: true },
  v_threshold: { label: 'Threshold', hint: 'v_threshold', minimum: -1e4, maximum: 1e4, slider: [0.1, 3] },
  v_reset: { minimum: -1e4, maximum: 1e4, slider: [-1, 1] },
} as const;
type ParameterField = keyof typeof parameterFields;

/** Names of the numbers that `neuronGroup` has fields for. */
export const neuronNumbers = [...(Object.keys(parameterFields) as ParameterField[]), 'refractory'] as const;

function parameterField(settings: Settings, name: ParameterField): Field<number> {
  const { default: usual, unit, meaning } = lifParameters[name];
  return settings.number(name, usual, { label: name, hint: meaning, ...(unit !== undefined && { unit }), ...parameterFields[name] });
}

/** The fields of a neuron. */
export function neuronGroup(settings: Settings): HTMLFieldSetElement {
  const reset = settings.choice('reset', 'hard', { label: 'Reset', choices: resets });
  const vReset = parameterField(settings, 'v_reset');
  const showReset = (): void => {
    vReset.element.hidden = reset.value() !== 'hard';
  };
  reset.element.addEventListener('change', showReset);
  showReset();
  return fieldGroup(
    'Neuron',
    parameterField(settings, 'tau').element,
    parameterField(settings, 'v_threshold').element,
    reset.element,
    vReset.element,
    settings.number('refractory', 0, {
      label: 'Refractory',
      unit: 'ms',
      minimum: 0,
      maximum: 1e6,
      slider: [0, 20],
      hint: 'How long a neuron is refractory after a spike',
    }).element,
    settings.choice('integration', 'euler', { label: 'Integration', choices: integrations }).element,
  );
}

/** The `neuron` of a request. */
export type NeuronModel = Readonly<Record<(typeof neuronNumbers)[number], number> & Record<'reset' | 'integration', string>>;

/** The neuron of valid fields. */
export function neuronOf(settings: Settings): NeuronModel {
  const numbers = Object.fromEntries(neuronNumbers.map((name) => [name, settings.valueOf(name)]));
  return {
    ...(numbers as Record<(typeof neuronNumbers)[number], number>),
    reset: oneOf(resets, settings.text('reset', 'hard')),
    integration: oneOf(integrations, settings.text('integration', 'euler')),
  };
}

/** A word of a list, its first where it is none. */
function oneOf(choices: readonly (readonly [value: string, text: string])[], word: string): string {
  return (choices.find(([value]) => value === word) ?? choices[0]!)[0];
}

/** The fields of time. */
export function timeGroup(settings: Settings, steps: number): HTMLFieldSetElement {
  return fieldGroup(
    'Time',
    settings.number('dt', 0.1, { label: 'dt', unit: 'ms', minimum: 1e-4, maximum: 1e4, slider: [0.01, 2], logarithmic: true }).element,
    settings.number('steps', steps, { label: 'Steps', minimum: 1, maximum: 20_000, integer: true, slider: [10, 2000] }).element,
  );
}

/** dt and the steps, of fields that are right. */
export function timeOf(settings: Settings): [dt: number, steps: number] {
  return [settings.valueOf('dt')!, settings.valueOf('steps')!];
}

/** Says beside the fields what the service finds wrong with them. */
export function complainOfSettings(errors: readonly { readonly path: string; readonly message: string }[], settings: Settings): void {
  for (const { path, message } of errors) settings.complain(path.split('/').at(-1)!, message);
}
