import { linspace } from '../src/codecs/ndarray.ts';
import { surrogateLabel } from '../src/plot/surrogate-figure.ts';
import { readSurrogates, writeSurrogates } from './address.ts';
import type { ApiRequest, LifGradAnswer } from './api-types.ts';
import { call } from './api.ts';
import { currentRangeFields, currentRangeNumbers, currentRangeOf } from './current-range.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { gradientFigure, quantities, resetText, type GradientCurves, type GradientOf } from './gradient-figure.ts';
import { newest } from './newest.ts';
import { complainOfSettings, neuronGroup, neuronNumbers, neuronOf, timeGroup, timeOf, type NeuronModel } from './neuron-fields.ts';
import type { PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf, type Table } from './table.ts';

const usualSurrogates = 'sigmoid;piecewise_quadratic;arctan;gaussian_grad';
const numbers = [...currentRangeNumbers, ...neuronNumbers, 'dt', 'steps'] as const;

/** Gradients of the spike count over a range of currents, for several surrogates at once. */
export function gradient({ catalogue, settings: texts, remember }: PartOptions): HTMLElement {
  const settings = new Settings(texts, () => {
    remember(settings.texts);
    draw();
  });
  const setRange = ([low, high]: readonly [number, number]): void => {
    from.set(low);
    to.set(high);
    settings.set('from', String(low));
    settings.set('to', String(high));
    remember(settings.texts);
    draw();
  };
  const picture = new Picture({
    title: 'Gradient of the spike count',
    fileName: 'gradient',
    onZoom: (range) => {
      setRange(range ?? [0.5, 2.5]);
    },
    onRetry: () => {
      draw();
    },
  });
  const picker = new SurrogatePicker({
    catalogue,
    picked: readSurrogates(settings.text('surrogates', usualSurrogates)),
    onChange: (valid) => {
      settings.set('surrogates', writeSurrogates(picker.picked));
      remember(settings.texts);
      if (valid) draw();
    },
  });
  const [from, to, neurons] = currentRangeFields(settings, { to: 2.5, neurons: 50, maxNeurons: 1000, sliderNeurons: 400 });
  const controls = [
    picker.element,
    fieldGroup('Gradient with respect to', ...quantities.map(([name]) => settings.check(`d_${name}`, name === 'current', name).element)),
    fieldGroup('Reset', settings.check('through', true, 'differentiated').element, settings.check('detached', true, 'detached').element),
    fieldGroup('Currents', from.element, to.element, neurons.element),
    neuronGroup(settings),
    timeGroup(settings, 100),
  ];
  const draw = newest(async (signal) => {
    if (settings.areRight(numbers)) await showGradient(picture, picker, settings, signal);
    else picture.hold();
  });
  draw();

  return element(
    'div',
    { class: 'with-controls' },
    element(
      'div',
      { class: 'picture' },
      element('h2', {}, 'Gradient of the spike count'),
      element(
        'p',
        {},
        'Each neuron has its own current. The forward pass is the hard step; the backward pass puts the surrogate gradient in its place, also in the reset unless that is detached.',
      ),
      picture.element,
    ),
    element('div', { class: 'controls' }, element('h3', {}, 'Surrogates'), ...controls),
  );
}

async function showGradient(picture: Picture, picker: SurrogatePicker, settings: Settings, signal: AbortSignal): Promise<void> {
  const wrt = quantities.map(([name]) => name).filter((name) => settings.text(`d_${name}`, String(name === 'current')) === 'true');
  const detached = [false, true].filter((one) => settings.text(one ? 'detached' : 'through', 'true') === 'true');
  const range = currentRangeOf(settings);
  if (range === undefined) {
    picture.hold();
    return;
  }
  const [from, to, neurons] = range;
  const [dt, steps] = timeOf(settings);
  if (picker.picked.length === 0 || wrt.length === 0 || detached.length === 0) {
    picture.empty('Pick at least one surrogate, one quantity and one way to treat the reset.');
    return;
  }
  const requests = detached.map((detach_reset): ApiRequest => ({
    path: '/lif/grad',
    body: {
      current: { linspace: [from, to, neurons] },
      steps,
      dt,
      neuron: perNeuron(neuronOf(settings), wrt, neurons),
      surrogate: picker.wire,
      wrt,
      detach_reset,
    },
  }));
  await picture.fill(
    signal,
    async () => {
      const answers = await Promise.all(requests.map((request) => call<LifGradAnswer>(request, signal)));
      const runs = answers.map(({ body }, i) => ({
        detached: detached[i]!,
        results: body.results.map(({ surrogate, grad }) => ({ label: surrogateLabel(surrogate), grad })),
      }));
      const curves: GradientCurves = { currents: Array.from(linspace(from, to, neurons)), runs, wrt };
      return {
        draw: (width) => gradientFigure(curves, width),
        table: () => tableOf([['current', curves.currents], ...columnsOf(curves)]),
        requests,
        metas: answers.map(({ body }) => body.meta),
        roundTripMs: Math.max(...answers.map(({ roundTripMs }) => roundTripMs)),
        statistics: statisticsOf(curves),
      };
    },
    (errors) => {
      picker.complain(errors);
      complainOfSettings(errors, settings);
    },
  );
}

/** A number's gradient would be the sum over neurons: what is to be differentiated is given to each. */
function perNeuron(model: NeuronModel, wrt: readonly GradientOf[], neurons: number): object {
  const shared = (name: 'tau' | 'v_threshold'): unknown =>
    wrt.includes(name) ? { linspace: [model[name], model[name], neurons] } : model[name];
  return { ...model, tau: shared('tau'), v_threshold: shared('v_threshold') };
}

function columnsOf({ runs, wrt }: GradientCurves): [string, readonly number[]][] {
  return wrt.flatMap((quantity) =>
    runs.flatMap(({ detached, results }) =>
      results.map(({ label, grad }): [string, readonly number[]] => [`${label}, ${quantity}, ${resetText(detached)}`, grad[quantity]!]),
    ),
  );
}

function statisticsOf({ runs, wrt }: GradientCurves): Table {
  const rows = wrt.flatMap((quantity) =>
    runs.flatMap(({ detached, results }) =>
      results.map(({ label, grad }) => {
        const values = grad[quantity]!;
        return [
          label,
          quantity,
          resetText(detached),
          values.reduce((sum, value) => sum + value, 0) / values.length,
          Math.max(...values),
          Math.min(...values),
        ];
      }),
    ),
  );
  return { columns: ['surrogate', 'with respect to', 'reset', 'mean', 'maximum', 'minimum'], rows };
}
