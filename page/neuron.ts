import { linspace } from '../src/codecs/ndarray.ts';
import { populationFigure, traceFigure } from '../src/plot/neuron-figure.ts';
import type { ApiRequest, SimulateAnswer } from './api-types.ts';
import { call } from './api.ts';
import { controls, withControls } from './controls.ts';
import { currentRangeFields, currentRangeNumbers, currentRangeOf } from './current-range.ts';
import { currentOf, waveforms } from './currents.ts';
import type { Range } from './cursor.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { firingCurrent } from './firing-current.ts';
import { newest } from './newest.ts';
import { currentGroup, currentNames, currentSettings, timeGroup, timeNames, timeOf } from './neuron-fields.ts';
import { complainOfSettings, neuronForm, type NeuronForm } from './neuron-form.ts';
import type { Part, PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings, type WrongField } from './settings.ts';
import { tableOf } from './table.ts';

const outputs = [
  ['count', 'spike count'],
  ['rate', 'firing rate (Hz)'],
] as const;
type Output = (typeof outputs)[number][0];

/** A neuron over time, and, of a model that spikes, many neurons over a range of currents. */
export const neuron: Part = { title: 'Neuron', hasNeuron: true, make: makeNeuron };

function makeNeuron(options: PartOptions): HTMLElement {
  const { remember } = options;
  const settings = new Settings(options, () => {
    remember(settings.texts);
    fillCurrent();
    draw();
  });
  let zoomed: Range | undefined = settings.range('t');
  let shownNames: string[] = [];
  settings.know(currentNames);

  const changed = (): void => {
    remember(settings.texts);
    draw();
  };
  const zoomTime = (range: Range | undefined): void => {
    zoomed = range;
    settings.set('t', range?.join());
  };
  const trace = new Picture({
    title: 'One neuron over time',
    fileName: 'neuron',
    onZoom: (range) => {
      zoomTime(range);
      changed();
    },
    onRetry: () => {
      draw();
    },
  });
  const population = new Picture({
    title: 'Many neurons, each with its own current',
    fileName: 'spike-counts',
    onZoom: (wanted, axis) => {
      if (wanted === undefined || axis === 't') zoomTime(wanted);
      if (wanted === undefined || axis === 'current') setRange(wanted ?? usualRange);
      changed();
    },
    onRetry: () => {
      draw();
    },
  });

  const waveform = settings.choice('waveform', 'constant', { label: 'Waveform', choices: waveforms.map((name) => [name, name]) });
  const current = element('div', {});
  let shownWaveform = '';
  const fillCurrent = (): void => {
    const chosen = waveform.value()!;
    if (chosen === shownWaveform) return;
    shownWaveform = chosen;
    const { names, fields } = currentGroup(settings, chosen);
    shownNames = names;
    current.replaceChildren(...fields.map((field) => field.element));
  };
  fillCurrent();
  const form = neuronForm(options, settings);
  const spikes = form.entry.surrogate !== null;
  const range = currentRangeFields(settings, { to: usualRange[1], neurons: 60, maxNeurons: 500, sliderNeurons: 200 });
  const output = settings.choice<Output>('output', 'count', { label: 'Output', choices: outputs });
  const setRange = (ends: Range): void => {
    for (const [i, name] of (['from', 'to'] as const).entries()) {
      range[i]!.set(ends[i]!);
      settings.set(name, String(ends[i]!));
    }
  };
  /** Sets currents with which the neuron spikes. */
  const findCurrent = async (): Promise<void> => {
    const found = await firingCurrent({ ...timeOf(settings, form).given, neuron: form.neuron() });
    if (found === undefined) throw new Error('The neuron does not spike with any constant current from 0.01 to 50000.');
    waveform.set('constant');
    settings.set('waveform', undefined);
    settings.set('amplitude', String(found));
    shownWaveform = '';
    fillCurrent();
    setRange([found / 4, 2 * found]);
    changed();
  };
  const groups = [
    fieldGroup('Current', waveform.element, current),
    form.element,
    timeGroup(settings, form, 500),
    ...(spikes ? [fieldGroup('Many neurons', ...range.map((field) => field.element), output.element)] : []),
  ];

  const common = (): WrongField[] => [...form.wrongFields(), ...settings.wrongFields(timeNames(form))];
  const drawTrace = newest(async (signal) => {
    const wrong = [...settings.wrongFields(shownNames), ...common()];
    if (wrong.length === 0) await showTrace(trace, { settings, form, zoomed, findCurrent }, signal);
    else trace.hold(wrong);
  });
  const drawPopulation = newest(async (signal) => {
    const wrong = [...settings.wrongFields(currentRangeNumbers), ...common()];
    if (wrong.length === 0) await showPopulation(population, { settings, form, zoomed, findCurrent, output: output.value()! }, signal);
    else population.hold(wrong);
  });
  const draw = (): void => {
    drawTrace();
    if (spikes) drawPopulation();
  };
  draw();
  settings.reportUnknown();

  return withControls(controls('Settings', ...groups), [trace.element, ...(spikes ? [population.element] : [])], 'two-pictures');
}

/** The currents of many neurons at first. */
const usualRange: Range = [0.5, 5];

interface TraceOptions {
  readonly settings: Settings;
  readonly form: NeuronForm;
  readonly zoomed: Range | undefined;
  readonly findCurrent: () => Promise<void>;
}

const findAction = 'Find a current that makes it spike';

async function showTrace(picture: Picture, { settings, form, zoomed, findCurrent }: TraceOptions, signal: AbortSignal): Promise<void> {
  const { dt, steps, given: time } = timeOf(settings, form);
  const hasSpikes = form.entry.surrogate !== null;
  const given = currentSettings(settings, steps, dt);
  const current = currentOf(given);
  const request: ApiRequest = {
    path: '/lif/simulate',
    body: {
      current: given.waveform === 'constant' ? given.amplitude : [current],
      ...time,
      neuron: form.neuron(),
      record: hasSpikes ? ['spike_counts', 'firing_rates', 'spike_times', 'v'] : ['v'],
    },
  };
  await picture.fill(
    signal,
    async () => {
      const { body, roundTripMs } = await call<SimulateAnswer>(request, signal);
      const times = Array.from({ length: steps }, (_, step) => Number((step * dt).toPrecision(12)));
      const v = body.v![0]!;
      const [spikeTimes = [], count = 0, rate = 0] = [body.spike_times?.[0], body.spike_counts?.[0], body.firing_rates?.[0]];
      const spiking = new Set(spikeTimes.map((time) => Math.round(time / dt)));
      return {
        draw: (room) =>
          traceFigure(
            {
              times,
              current,
              v,
              ...(hasSpikes && { spikeTimes, threshold: thresholdOf(form) }),
              duration: Number((steps * dt).toPrecision(12)),
            },
            room,
            zoomed,
          ),
        table: () =>
          tableOf([
            ['t (ms)', times],
            ['current', current],
            ['v', v],
            ...(hasSpikes ? [['spike', times.map((_, step) => (spiking.has(step) ? 1 : 0))] as [string, number[]]] : []),
          ]),
        requests: [request],
        metas: [body.meta],
        roundTripMs,
        summary: hasSpikes
          ? `${count} ${count === 1 ? 'spike' : 'spikes'}, ${Number(rate.toPrecision(5))} Hz${count === 0 ? '' : `; at ${timesText(spikeTimes)} ms`}`
          : `The last membrane potential is ${Number(v.at(-1)!.toPrecision(5))}.`,
        ...(hasSpikes && count === 0 && { action: { text: findAction, run: findCurrent } }),
      };
    },
    (errors) => {
      complainOfSettings(errors, settings);
    },
  );
}

/** The threshold under the names that models have for it. */
function thresholdOf(form: NeuronForm): number | undefined {
  const [threshold] = ['v_threshold', 'threshold', 'spike_threshold', 'v_th', 'V_th', 'thresh'].flatMap(
    (name) => form.numberOf(name) ?? [],
  );
  return threshold;
}

/** The first of many times. */
function timesText(times: readonly number[]): string {
  const most = 12;
  return times.slice(0, most).join(', ') + (times.length > most ? ` and ${times.length - most} more` : '');
}

interface PopulationOptions extends TraceOptions {
  readonly output: Output;
}

async function showPopulation(
  picture: Picture,
  { settings, form, zoomed, findCurrent, output }: PopulationOptions,
  signal: AbortSignal,
): Promise<void> {
  const range = currentRangeOf(settings);
  if (range === undefined) {
    picture.hold(settings.saidProblems(currentRangeNumbers));
    return;
  }
  const [from, to, neurons] = range;
  const { dt, steps, given } = timeOf(settings, form);
  const request: ApiRequest = {
    path: '/lif/simulate',
    body: {
      current: { linspace: [from, to, neurons] },
      ...given,
      neuron: form.neuron(),
      record: ['spike_counts', 'firing_rates', 'spike_times'],
    },
  };
  await picture.fill(
    signal,
    async () => {
      const { body, roundTripMs } = await call<SimulateAnswer>(request, signal);
      const currents = Array.from(linspace(from, to, neurons));
      const { spike_times: spikeTimes = [], firing_rates: rates = [], spike_counts: counts = [] } = body;
      const first = counts.findIndex((count) => count > 0);
      return {
        draw: (room) =>
          populationFigure(
            { currents, spikeTimes, duration: steps * dt, output: output === 'count' ? counts : rates, isRate: output === 'rate' },
            room,
            zoomed,
          ),
        table: () =>
          tableOf([
            ['current', currents],
            ['spikes', counts],
            ['firing rate (Hz)', rates],
            ['spike times (ms)', spikeTimes.map((times) => times.join(' '))],
          ]),
        requests: [request],
        metas: [body.meta],
        roundTripMs,
        summary:
          first < 0
            ? 'No neuron spikes.'
            : `The smallest current with a spike is ${Number(currents[first]!.toPrecision(4))}; the largest spike count is ${Math.max(...counts)} (${Number(Math.max(...rates).toPrecision(5))} Hz).`,
        ...(first < 0 && { action: { text: findAction, run: findCurrent } }),
      };
    },
    (errors) => {
      complainOfSettings(errors, settings);
    },
  );
}
