import { linspace } from '../src/codecs/ndarray.ts';
import { surrogateLabel } from '../src/plot/surrogate-figure.ts';
import { writeSurrogates } from './address.ts';
import type { ApiRequest, LifGradAnswer } from './api-types.ts';
import { call } from './api.ts';
import { controls, withControls } from './controls.ts';
import { currentRangeFields, currentRangeNumbers, currentRangeOf } from './current-range.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { gradientFigure, resetText, type GradientCurves } from './gradient-figure.ts';
import { newest } from './newest.ts';
import { timeGroup, timeNames, timeOf } from './neuron-fields.ts';
import { complainOfSettings, neuronForm, type NeuronForm } from './neuron-form.ts';
import type { Part, PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf, type Table } from './table.ts';

const usualSurrogates = 'sigmoid;piecewise_quadratic;arctan;gaussian_grad';
const usualRange = [0.5, 2.5] as const;

/** Gradients of the spike count over a range of currents, for several surrogates at once. */
export const gradient: Part = { title: 'Gradient', surrogates: 'surrogates', hasNeuron: true, make: makeGradient };

function makeGradient(options: PartOptions): HTMLElement {
  const { catalogue, remember, report } = options;
  const settings = new Settings(options, () => {
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
      setRange(range ?? usualRange);
    },
    onRetry: () => {
      draw();
    },
  });
  const picker = new SurrogatePicker({
    catalogue,
    picked: settings.text('surrogates', usualSurrogates),
    report,
    onChange: () => {
      settings.set('surrogates', writeSurrogates(picker.picked));
      remember(settings.texts);
      draw();
    },
  });
  const [from, to, neurons] = currentRangeFields(settings, { to: usualRange[1], neurons: 50, maxNeurons: 1000, sliderNeurons: 400 });
  const form = neuronForm(options, settings);
  const groups = [
    picker.element,
    fieldGroup(
      'Gradient with respect to',
      ...quantitiesOf(form).map((name) => settings.check(`d_${name}`, name === 'current', { label: name }).element),
    ),
    ...(choosesReset(form)
      ? [
          fieldGroup(
            'Backward pass',
            settings.check('through', true, { label: 'through the reset' }).element,
            settings.check('detached', true, { label: 'with the reset detached' }).element,
          ),
        ]
      : []),
    fieldGroup('Currents', from.element, to.element, neurons.element),
    form.element,
    timeGroup(settings, form, 100),
  ];
  const draw = newest(async (signal) => {
    const why = whyNoGradient(form);
    const wrong = [...picker.wrongFields, ...form.wrongFields(), ...settings.wrongFields([...currentRangeNumbers, ...timeNames(form)])];
    if (why !== undefined) picture.empty(why);
    else if (wrong.length === 0) await showGradient(picture, { picker, settings, form }, signal);
    else picture.hold(wrong);
  });
  draw();
  settings.reportUnknown();

  return withControls(controls('Surrogates and settings', ...groups), [
    picture.element,
    element(
      'p',
      { class: 'quiet' },
      'Each neuron has a current of its own. The forward pass fires by the hard step H(x); the backward pass puts the surrogate gradient σ′(x) in the place of its derivative, in the reset too unless that is detached. L is the spike count.',
    ),
  ]);
}

/** What has a checkbox: all parameters of the model that have a value and a gradient. */
function quantitiesOf({ entry, numberOf }: NeuronForm): readonly string[] {
  const names = Object.entries(entry.parameters).flatMap(([name, { differentiable }]) =>
    differentiable && numberOf(name) !== undefined ? [name] : [],
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
    picture.hold(settings.saidProblems(currentRangeNumbers));
    return;
  }
  const [from, to, neurons] = range;
  const { given } = timeOf(settings, form);
  if (picker.picked.length === 0 || wrt.length === 0 || detached.length === 0) {
    picture.empty('Pick at least one surrogate, one quantity and one kind of backward pass.');
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
      const spikeCounts =
        answers.flatMap(({ body }) => body.results).flatMap((result) => ('error' in result ? [] : [result.spike_counts]))[0] ?? [];
      const curves: GradientCurves = { currents: Array.from(linspace(from, to, neurons)), spikeCounts, runs, wrt };
      return {
        draw: (room) => gradientFigure(curves, room),
        table: () => tableOf([['current', curves.currents], ['spike count', spikeCounts], ...columnsOf(curves)]),
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
