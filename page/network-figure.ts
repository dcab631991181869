import type { Figure, Mark, Panel, Space } from '../src/plot/figure.ts';
import { decadeDomain, niceDomain, numberText } from '../src/plot/scale.ts';
import { dt, steps } from './spiking-classifier.ts';
import { mapSide, type Evaluation, type Progress } from './training.ts';
import { classNames, type Sample } from './yin-yang.ts';

/** Of the held-out samples, those that lie on the map. */
const maxSamplesShown = 120;
/** How high the map and the raster are, relative to curves. */
const mapWeight = 1.7;
/** Colours beside those of the classes. */
const [trainingStyle, heldOutStyle, sampleStyle] = [3, 4, 5];

export interface NetworkPicture {
  readonly evaluation: Evaluation;
  readonly heldOut: readonly Sample[];
  readonly history: readonly Progress[];
}

/** What a network makes of the square, the spikes of one sample, and how it has learnt. */
export function networkFigure(
  { evaluation, heldOut, history }: NetworkPicture,
  { width, fits, height, isPresented = false }: Space,
): Figure {
  const { step, heldOutAccuracy } = history.at(-1)!;
  const [hidden, output] = spikePanels(evaluation);
  const [loss, accuracy, spikes] = coursePanels(history);
  const columns = isPresented || fits(3) ? 3 : fits(2) ? 2 : 1;
  return {
    title: `Decision map, spikes of one sample, loss and accuracy after ${step} steps: held-out accuracy ${numberText(100 * heldOutAccuracy, 3)} %`,
    width,
    height: height({ 1: 1200, 2: 680, 3: 400 }[columns]),
    columns,
    panels: isPresented
      ? [mapPanel(evaluation, []), hidden, accuracy]
      : [mapPanel(evaluation, heldOut.slice(0, maxSamplesShown)), hidden, output, loss, accuracy, spikes],
  };
}

function mapPanel({ map, sample }: Evaluation, heldOut: readonly Sample[]): Panel {
  const unit = [0, 1] as const;
  return {
    title: 'Decision map',
    x: { label: 'x', domain: unit },
    y: { label: 'y', domain: unit },
    equalUnits: true,
    weight: mapWeight,
    marks: [
      ...classNames.map((label, style): Mark => ({
        kind: 'cells',
        label,
        style,
        size: 1 / mapSide,
        ...pointsOf(map.filter(({ predicted }) => predicted === style)),
      })),
      ...classNames.map((label, style): Mark => ({
        kind: 'dots',
        label,
        style,
        ...pointsOf(heldOut.filter((one) => one.label === style)),
      })),
      { kind: 'dots', label: 'the sample shown', style: sampleStyle, ...pointsOf([sample]) },
    ],
  };
}

function pointsOf(points: readonly Pick<Sample, 'x' | 'y'>[]): { readonly x: number[]; readonly y: number[] } {
  return { x: points.map(({ x }) => x), y: points.map(({ y }) => y) };
}

function spikePanels({ hidden, outputs, potentials }: Evaluation): [hidden: Panel, output: Panel] {
  const x = { label: 't (ms)', domain: [0, steps * dt] } as const;
  const timesOf = (spikes: readonly number[]): number[] => spikes.map((step) => step * dt);
  const output: Pick<Panel, 'title' | 'y' | 'marks'> =
    potentials === undefined
      ? {
          title: 'Output spikes',
          y: { label: 'output', domain: [-0.5, classNames.length - 0.5], counts: true },
          marks: outputs.map((spikes, style) => ({
            kind: 'raster',
            label: classNames[style]!,
            style,
            rows: [{ y: style, times: timesOf(spikes) }],
            size: 0.8,
          })),
        }
      : {
          title: 'Output potentials',
          y: { label: 'potential v', domain: niceDomain(potentials) },
          marks: potentials.map((y, style) => ({ kind: 'line', label: classNames[style]!, style, x: y.map((_, step) => step * dt), y })),
        };
  return [
    {
      title: 'Hidden spikes',
      x,
      y: { label: 'hidden neuron', domain: [-0.5, hidden.length - 0.5], counts: true },
      weight: mapWeight,
      marks: [
        {
          kind: 'raster',
          label: hiddenLabel,
          style: 'neutral',
          rows: hidden.map((spikes, y) => ({ y, times: timesOf(spikes) })),
          size: 0.8,
        },
      ],
    },
    { ...output, x },
  ];
}

const hiddenLabel = 'hidden neurons';

function coursePanels(history: readonly Progress[]): [loss: Panel, accuracy: Panel, spikes: Panel] {
  const steps = history.map(({ step }) => step);
  const x = { label: 'training step', domain: [0, Math.max(100, 100 * Math.ceil(steps.at(-1)! / 100))] } as const;
  const line = (label: string, style: Mark extends { style: infer S } ? S : number | 'neutral', y: readonly number[]): Mark => ({
    kind: 'line',
    label,
    style,
    x: steps,
    y,
  });
  const column = (name: keyof Progress): number[] => history.map((progress) => progress[name] ?? NaN);
  const losses = [column('trainingLoss'), column('heldOutLoss')] as const;
  const spikes = column('hiddenSpikes');
  return [
    {
      title: 'Loss',
      symbol: 'loss',
      x,
      y: { label: 'cross-entropy', domain: decadeDomain(losses), log: true },
      marks: [line('training', trainingStyle, losses[0]), line('held out', heldOutStyle, losses[1])],
    },
    {
      title: 'Accuracy',
      symbol: 'accuracy',
      x,
      y: { label: 'accuracy', domain: [0, 1] },
      marks: [line('training', trainingStyle, column('trainingAccuracy')), line('held out', heldOutStyle, column('heldOutAccuracy'))],
    },
    {
      title: 'Spikes per hidden neuron',
      symbol: 'spikes',
      x,
      y: { label: 'spikes', domain: niceDomain([spikes], [0]) },
      marks: [line(hiddenLabel, 'neutral', spikes)],
    },
  ];
}
