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
import { populationFigure, traceFigure } from './neuron-figure.ts';
import {
  complainOfSettings,
  currentGroup,
  currentSettings,
  neuronGroup,
  neuronNumbers,
  neuronOf,
  timeGroup,
  timeOf,
} from './neuron-fields.ts';
import type { PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { tableOf } from './table.ts';

/** A LIF neuron over time, and many neurons over a range of currents. */
export function neuron({ settings: texts, remember }: PartOptions): HTMLElement {
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
  const groups = [
    fieldGroup('Current', waveform.element, current),
    neuronGroup(settings),
    timeGroup(settings, 500),
    fieldGroup(
      'Many neurons',
      ...currentRangeFields(settings, { to: 5, neurons: 60, maxNeurons: 500, sliderNeurons: 200 }).map((field) => field.element),
    ),
  ];

  const common = (): boolean => settings.areRight([...neuronNumbers, 'dt', 'steps']);
  const drawTrace = newest(async (signal) => {
    if ([settings.areRight(currentNames), common()].every(Boolean)) await showTrace(trace, settings, zoomed, signal);
    else trace.hold();
  });
  const drawPopulation = newest(async (signal) => {
    if ([settings.areRight(currentRangeNumbers), common()].every(Boolean)) await showPopulation(population, settings, signal);
    else population.hold();
  });
  const draw = (): void => {
    drawTrace();
    drawPopulation();
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
      element('h2', {}, 'Many neurons'),
      population.element,
    ),
    element('div', { class: 'controls' }, element('h3', {}, 'Settings'), ...groups),
  );
}

async function showTrace(picture: Picture, settings: Settings, zoomed: Range | undefined, signal: AbortSignal): Promise<void> {
  const [dt, steps] = timeOf(settings);
  const given = currentSettings(settings, steps, dt);
  const current = currentOf(given);
  const model = neuronOf(settings);
  const request: ApiRequest = {
    path: '/lif/simulate',
    body: {
      current: given.waveform === 'constant' ? given.amplitude : [current],
      steps,
      dt,
      neuron: model,
      record: ['spike_counts', 'firing_rates', 'spike_times', 'v'],
    },
  };
  await picture.fill(
    signal,
    async () => {
      const { body, roundTripMs } = await call<SimulateAnswer>(request, signal);
      const times = Array.from({ length: steps }, (_, step) => Number((step * dt).toPrecision(12)));
      const [v, spikeTimes] = [body.v![0]!, body.spike_times[0]!];
      const count = body.spike_counts[0]!;
      const spiking = new Set(spikeTimes.map((time) => Math.round(time / dt)));
      return {
        draw: (width) =>
          traceFigure(
            { times, current, v, spikeTimes, threshold: model.v_threshold, duration: Number((steps * dt).toPrecision(12)) },
            width,
            zoomed,
          ),
        table: () =>
          tableOf([
            ['t (ms)', times],
            ['current', current],
            ['v', v],
            ['spike', times.map((_, step) => (spiking.has(step) ? 1 : 0))],
          ]),
        requests: [request],
        metas: [body.meta],
        roundTripMs,
        summary: `${count} ${count === 1 ? 'spike' : 'spikes'}, ${Number(body.firing_rates[0]!.toPrecision(5))} Hz${count === 0 ? '' : `; at ${timesText(spikeTimes)} ms`}`,
      };
    },
    (errors) => {
      complainOfSettings(errors, settings);
    },
  );
}

/** The first of many times. */
function timesText(times: readonly number[]): string {
  const most = 12;
  return times.slice(0, most).join(', ') + (times.length > most ? ` and ${times.length - most} more` : '');
}

async function showPopulation(picture: Picture, settings: Settings, signal: AbortSignal): Promise<void> {
  const range = currentRangeOf(settings);
  if (range === undefined) {
    picture.hold();
    return;
  }
  const [from, to, neurons] = range;
  const [dt, steps] = timeOf(settings);
  const request: ApiRequest = {
    path: '/lif/simulate',
    body: {
      current: { linspace: [from, to, neurons] },
      steps,
      dt,
      neuron: neuronOf(settings),
      record: ['spike_counts', 'firing_rates', 'spike_times'],
    },
  };
  await picture.fill(
    signal,
    async () => {
      const { body, roundTripMs } = await call<SimulateAnswer>(request, signal);
      const currents = Array.from(linspace(from, to, neurons));
      const { spike_times: spikeTimes, firing_rates: rates, spike_counts: counts } = body;
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
