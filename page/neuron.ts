import { linspace } from '../src/codecs/ndarray.ts';
import { readRange } from './address.ts';
import type { ApiRequest, SimulateAnswer } from './api-types.ts';
import { call } from './api.ts';
import { currentRangeFields, currentRangeNumbers, currentRangeOf } from './current-range.ts';
import { currentOf, waveforms } from './currents.ts';
import type { Range } from './cursor.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { newest } from './newest.ts';
import { populationFigure, traceFigure } from '../src/plot/neuron-figure.ts';
import { currentGroup, currentSettings, timeGroup, timeNames, timeOf } from './neuron-fields.ts';
import { complainOfSettings, neuronForm, type NeuronForm } from './neuron-form.ts';
import type { PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { tableOf } from './table.ts';

/** A neuron over time, and, of a model that spikes, many neurons over a range of currents. */
export function neuron(options: PartOptions): HTMLElement {
  const { settings: texts, remember } = options;
  let zoomed: Range | undefined = readRange(texts.get('t'));
  let currentNames: string[] = [];
  const settings = new Settings(texts, () => {
    remember(settings.texts);
    fillCurrent();
    draw();
  });

  const trace = new Picture({
    title: 'Membrane potential of one neuron',
    fileName: 'neuron',
    onZoom: (range) => {
      zoomed = range;
      settings.set('t', range?.join());
      remember(settings.texts);
      draw();
    },
    onRetry: () => {
      draw();
    },
  });
  const population = new Picture({
    title: 'Spikes and firing rates of many neurons',
    fileName: 'f-i-curve',
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
    currentNames = names;
    current.replaceChildren(...fields.map((field) => field.element));
  };
  fillCurrent();
  const form = neuronForm(options, settings);
  const spikes = form.entry.surrogate !== null;
  const range = currentRangeFields(settings, { to: 5, neurons: 60, maxNeurons: 500, sliderNeurons: 200 });
  const groups = [
    fieldGroup('Current', waveform.element, current),
    form.element,
    timeGroup(settings, form, 500),
    ...(spikes ? [fieldGroup('Many neurons', ...range.map((field) => field.element))] : []),
  ];

  const common = (): boolean => [form.isRight(), settings.areRight(timeNames(form))].every(Boolean);
  const drawTrace = newest(async (signal) => {
    if ([settings.areRight(currentNames), common()].every(Boolean)) await showTrace(trace, { settings, form, zoomed }, signal);
    else trace.hold();
  });
  const drawPopulation = newest(async (signal) => {
    if ([settings.areRight(currentRangeNumbers), common()].every(Boolean)) await showPopulation(population, settings, form, signal);
    else population.hold();
  });
  const draw = (): void => {
    drawTrace();
    if (spikes) drawPopulation();
  };
  draw();

  return element(
    'div',
    { class: 'with-controls two-pictures' },
    element(
      'div',
      { class: 'picture' },
      element('h2', {}, 'One neuron'),
      trace.element,
      ...(spikes ? [element('h2', {}, 'Many neurons'), population.element] : []),
    ),
    element('div', { class: 'controls' }, element('h3', {}, 'Settings'), ...groups),
  );
}

interface TraceOptions {
  readonly settings: Settings;
  readonly form: NeuronForm;
  readonly zoomed: Range | undefined;
}

async function showTrace(picture: Picture, { settings, form, zoomed }: TraceOptions, signal: AbortSignal): Promise<void> {
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
        draw: (width) =>
          traceFigure(
            {
              times,
              current,
              v,
              ...(hasSpikes && { spikeTimes, threshold: thresholdOf(form) }),
              duration: Number((steps * dt).toPrecision(12)),
            },
            width,
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

async function showPopulation(picture: Picture, settings: Settings, form: NeuronForm, signal: AbortSignal): Promise<void> {
  const range = currentRangeOf(settings);
  if (range === undefined) {
    picture.hold();
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
        draw: (width) => populationFigure({ currents, spikeTimes, rates, duration: steps * dt }, width),
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
            : `The first to spike has a current of ${Number(currents[first]!.toPrecision(4))}; the fastest fires at ${Number(Math.max(...rates).toPrecision(5))} Hz.`,
      };
    },
    (errors) => {
      complainOfSettings(errors, settings);
    },
  );
}
