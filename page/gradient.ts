import { linspace } from '../src/codecs/ndarray.ts';
import { surrogateLabel } from '../src/plot/surrogate-figure.ts';
import { readSurrogates, writeSurrogates } from './address.ts';
import type { ApiRequest, LifGradAnswer } from './api-types.ts';
import { call } from './api.ts';
import { currentRangeFields, currentRangeNumbers, currentRangeOf } from './current-range.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { gradientFigure, resetText, type GradientCurves } from './gradient-figure.ts';
import { newest } from './newest.ts';
import { timeGroup, timeNames, timeOf } from './neuron-fields.ts';
import { complainOfSettings, neuronForm, type NeuronForm } from './neuron-form.ts';
import type { PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf, type Table } from './table.ts';

const usualSurrogates = 'sigmoid;piecewise_quadratic;arctan;gaussian_grad';

/** Gradients of the spike count over a range of currents, for several surrogates at once. */
export function gradient(options: PartOptions): HTMLElement {
  const { catalogue, settings: texts, remember } = options;
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
  const form = neuronForm(options, settings);
  const controls = [
    picker.element,
    fieldGroup(
      'Gradient with respect to',
      ...quantitiesOf(form).map((name) => settings.check(`d_${name}`, name === 'current', name).element),
    ),
    ...(choosesReset(form)
      ? [
          fieldGroup(
            'Reset',
            settings.check('through', true, 'differentiated').element,
            settings.check('detached', true, 'detached').element,
          ),
        ]
      : []),
    fieldGroup('Currents', from.element, to.element, neurons.element),
    form.element,
    timeGroup(settings, form, 100),
  ];
  const draw = newest(async (signal) => {
    const why = whyNoGradient(form);
    if (why !== undefined) picture.empty(why);
    else if ([form.isRight(), settings.areRight([...currentRangeNumbers, ...timeNames(form)])].every(Boolean))
      await showGradient(picture, { picker, settings, form }, signal);
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

/** What has a checkbox: the plain neuron's parameters that matter most, of other models all that have a value and a gradient. */
function quantitiesOf(form: NeuronForm): readonly string[] {
  const { entry } = form;
  if (entry.name === 'lif') return ['current', 'tau', 'v_threshold'];
  const names = Object.entries(entry.parameters).flatMap(([name, { differentiable }]) =>
    differentiable && form.numberOf(name) !== undefined ? [name] : [],
  );
  return ['current', ...names];
}

/** Whether requests say how the backward pass treats the reset; neurons of libraries have that among their options, if at all. */
function choosesReset({ entry }: NeuronForm): boolean {
  return entry.library === null && 'detach_reset' in entry.options;
}

function whyNoGradient({ entry }: NeuronForm): string | undefined {
  if (entry.no_gradient !== undefined) return `${entry.name} has no gradient: ${entry.no_gradient}`;
  return entry.surrogate === null ? `${entry.name} has no spikes, and so their number has no gradient.` : undefined;
}

interface GradientOptions {
  readonly picker: SurrogatePicker;
  readonly settings: Settings;
  readonly form: NeuronForm;
}

async function showGradient(picture: Picture, { picker, settings, form }: GradientOptions, signal: AbortSignal): Promise<void> {
  // A parameter whose field is empty has none.
  const wrt = quantitiesOf(form).filter((name) => settings.text(`d_${name}`, String(name === 'current')) === 'true');
  const detached = choosesReset(form)
    ? [false, true].filter((one) => settings.text(one ? 'detached' : 'through', 'true') === 'true')
    : [undefined];
  const range = currentRangeOf(settings);
  if (range === undefined) {
    picture.hold();
    return;
  }
  const [from, to, neurons] = range;
  const { given } = timeOf(settings, form);
  if (picker.picked.length === 0 || wrt.length === 0 || detached.length === 0) {
    picture.empty('Pick at least one surrogate, one quantity and one way to treat the reset.');
    return;
  }
  const requests = detached.map((detach_reset): ApiRequest => ({
    path: '/lif/grad',
    body: {
      current: { linspace: [from, to, neurons] },
      ...given,
      neuron: perNeuron(form, wrt, neurons),
      surrogate: picker.wire,
      wrt,
      ...(detach_reset !== undefined && { detach_reset }),
    },
  }));
  await picture.fill(
    signal,
    async () => {
      const answers = await Promise.all(requests.map((request) => call<LifGradAnswer>(request, signal)));
      const runs = answers.map(({ body }, i) => ({
        detached: detached[i]!,
        results: body.results.flatMap((result) =>
          'error' in result ? [] : [{ label: surrogateLabel(result.surrogate), grad: result.grad }],
        ),
      }));
      const failures = answers.flatMap(({ body }) =>
        body.results.flatMap((result) => ('error' in result ? [`${surrogateLabel(result.surrogate)}: ${result.error.detail}`] : [])),
      );
      const curves: GradientCurves = { currents: Array.from(linspace(from, to, neurons)), runs, wrt };
      return {
        draw: (width) => gradientFigure(curves, width),
        table: () => tableOf([['current', curves.currents], ...columnsOf(curves)]),
        requests,
        metas: answers.map(({ body }) => body.meta),
        failures,
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
function perNeuron(form: NeuronForm, wrt: readonly string[], neurons: number): object {
  const given = wrt.flatMap((name): [string, object][] => {
    const value = form.numberOf(name);
    return value === undefined ? [] : [[name, { linspace: [value, value, neurons] }]];
  });
  return { ...form.neuron(), ...Object.fromEntries(given) };
}

function columnsOf({ runs, wrt }: GradientCurves): [string, readonly number[]][] {
  return wrt.flatMap((quantity) =>
    runs.flatMap(({ detached, results }) =>
      results.map(({ label, grad }): [string, readonly number[]] => [
        [label, quantity, resetText(detached)].filter((text) => text !== '').join(', '),
        grad[quantity]!,
      ]),
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
