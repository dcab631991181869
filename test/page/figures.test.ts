import { describe, expect, it } from 'vitest';
import { gradientFigure } from '../../page/gradient-figure.ts';
import { interestingReach, within } from '../../page/interesting-range.ts';
import { linspace } from '../../src/codecs/ndarray.ts';
import { drawFigure } from '../../src/plot/draw.ts';
import type { Figure, Space } from '../../src/plot/figure.ts';
import { layOut } from '../../src/plot/layout.ts';
import { populationFigure, traceFigure } from '../../src/plot/neuron-figure.ts';
import { surrogateFigure, surrogateGridFigure } from '../../src/plot/surrogate-figure.ts';

/** Titles of panels, and no number that is none in what is drawn. */
function titles(figure: Figure): (string | undefined)[] {
  expect(drawFigure(figure)).not.toMatch(/NaN|Infinity|undefined/);
  return figure.panels.map(({ title }) => title);
}

/** Room for as many panels as fit at 250 pixels each. */
const space = (width: number): Space => ({ width, height: (usual) => usual, fits: (panels) => width >= 250 * panels });

const trace = { times: [0, 0.1, 0.2], current: [1, 1, 1], v: [0.5, 1, 0], spikeTimes: [0.2], threshold: 1, duration: 0.3 };

describe('a neuron over time', () => {
  it('has its potential with threshold and spikes, its spikes, and its current, over the same time', () => {
    const figure = traceFigure(trace, space(800));
    titles(figure);
    expect(figure.title).toBe('Current, membrane potential and 1 spike of a neuron from 0 to 0.3 ms');
    expect(figure.panels.map(({ x }) => x.domain)).toEqual([
      [0, 0.3],
      [0, 0.3],
      [0, 0.3],
    ]);
    expect(figure.panels[0]!.marks.map(({ kind }) => kind)).toEqual(['line', 'rule', 'dots']);
    expect(layOut(figure).legend.map(({ label }) => label)).toEqual(['membrane potential', 'threshold', 'spike', 'current']);
  });

  it('is seen in part, and with hundreds of spikes as strokes alone', () => {
    const figure = traceFigure({ ...trace, spikeTimes: Array.from(linspace(0, 0.3, 500)) }, space(800), [0.1, 0.2]);
    titles(figure);
    expect(figure.panels[0]!.x.domain).toEqual([0.1, 0.2]);
    expect(figure.panels[0]!.marks.map(({ kind }) => kind)).toEqual(['line', 'rule']);
  });
});

describe('many neurons', () => {
  const population = { currents: [1, 2], spikeTimes: [[], [3, 6]], output: [0, 2], isRate: false, duration: 10 };

  it('have a raster and spike counts, beside each other where there is room', () => {
    const figure = populationFigure(population, space(800));
    expect(titles(figure)).toEqual(['Spikes of each neuron', 'Spike count']);
    expect(figure.columns).toBe(2);
    expect(figure.panels[1]!.y.label).toBe('spikes');
    expect(populationFigure(population, space(360)).columns).toBe(1);
  });

  it('have firing rates where those are wanted, and a stretch of time', () => {
    const [raster, rates] = populationFigure({ ...population, isRate: true }, space(800), [2, 4]).panels;
    expect(raster!.x.domain).toEqual([2, 4]);
    expect(rates).toMatchObject({ title: 'Firing rate (f–I curve)', y: { label: 'firing rate (Hz)' } });
  });
});

it('gradients have a row for each quantity, and a column for each way to treat the reset, beside the spike count', () => {
  const results = [{ label: 'sigmoid (alpha 4)', grad: { current: [1, 2], tau: [-1, -2] } }];
  const curves = {
    currents: [0.5, 2.5],
    spikeCounts: [0, 1],
    wrt: ['current', 'tau'],
    runs: [
      { detached: false, results },
      { detached: true, results },
    ],
  } as const;
  const figure = gradientFigure(curves, space(800));
  const gradients = ['dL/dI, through the reset', 'dL/dI, reset detached', 'dL/dτ, through the reset', 'dL/dτ, reset detached'];
  expect(titles(figure)).toEqual(['Spike count', ...gradients.slice(0, 2), 'Spike count', ...gradients.slice(2)]);
  expect(figure.columns).toBe(3);
  const narrow = gradientFigure(curves, space(360));
  expect(titles(narrow)).toEqual(['Spike count', ...gradients]);
  expect(narrow).toMatchObject({ columns: 1, height: 5 * 250 });
});

describe('surrogates', () => {
  const curves = { label: 'a', value: [0, 0.5, 1], grad: [0, 1, 0] };
  const options = { x: [-1, 0, 1], spike: [0, 1, 1], surrogates: [curves], width: 800, height: 300 };

  it('are over the spike and its derivative, which has no value at 0', () => {
    const figure = surrogateFigure(options);
    expect(titles(figure)).toEqual(['Surrogate function σ(x)', 'Surrogate gradient σ′(x)']);
    expect(figure.panels.map(({ marks }) => marks.map(({ label }) => label))).toEqual([
      ['H(x), the spike', 'a'],
      ['H′(x) = 0', 'a'],
    ]);
    expect(figure.panels[1]!.marks[0]).toMatchObject({ y: [0, NaN, 0] });
    expect(titles(surrogateFigure({ ...options, surrogates: [] }))).toEqual(['The spike H(x)', 'Its derivative H′(x)']);
  });

  it('that are far taller than the others are cut off, unless all of it is wanted', () => {
    const tall = { label: 'tall', value: [0, 50, 100], grad: [0, 50, 0] };
    const surrogates = [curves, curves, tall];
    expect(surrogateFigure({ ...options, surrogates }).panels.map(({ y }) => y.domain)).toEqual(
      surrogateFigure(options).panels.map(({ y }) => y.domain),
    );
    expect(surrogateFigure({ ...options, surrogates, whole: true }).panels[1]!.y.domain[1]).toBeGreaterThan(50);
  });

  it('have a panel each in a grid', () => {
    const figure = surrogateGridFigure({ ...options, surrogates: [curves, { ...curves, label: 'b' }] });
    expect(titles(figure)).toEqual(['a', 'b']);
    expect(layOut(figure).legend.map(({ label }) => label)).toEqual(['H(x), the spike', 'σ(x)', 'σ′(x)']);
  });

  it.each([
    ['a bell', (x: number) => Math.exp(-(x ** 2) / 2), 4],
    ['a steep bell', (x: number) => Math.exp(-((50 * x) ** 2)), 0.1],
    ['a constant', () => 1, 2],
    ['a triangle', (x: number) => Math.max(0, 1 - Math.abs(x)), 1],
  ])('%s is seen where it changes', (_, grad, reach) => {
    const x = Array.from({ length: 1601 }, (_, i) => (i - 800) / 100);
    const found = interestingReach(x, x.map(grad));
    expect(found).toBe(reach);
    const [kept] = within(found, x, x.map(grad));
    expect([kept![0], kept!.at(-1)]).toEqual([-reach, reach]);
  });
});
