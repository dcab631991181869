import { describe, expect, it } from 'vitest';
import { gradientFigure } from '../../page/gradient-figure.ts';
import { linspace } from '../../src/codecs/ndarray.ts';
import { populationFigure, traceFigure } from '../../src/plot/neuron-figure.ts';
import { drawFigure } from '../../src/plot/draw.ts';
import type { Figure } from '../../src/plot/figure.ts';
import { layOut } from '../../src/plot/layout.ts';

/** Titles of panels, and no number that is none in what is drawn. */
function titles(figure: Figure): (string | undefined)[] {
  expect(drawFigure(figure)).not.toMatch(/NaN|Infinity|undefined/);
  return figure.panels.map(({ title }) => title);
}

const trace = { times: [0, 0.1, 0.2], current: [1, 1, 1], v: [0.5, 1, 0], spikeTimes: [0.2], threshold: 1, duration: 0.3 };

describe('a neuron over time', () => {
  it('has its potential with threshold and spikes, its spikes, and its current, over the same time', () => {
    const figure = traceFigure(trace, 800);
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
    const figure = traceFigure({ ...trace, spikeTimes: Array.from(linspace(0, 0.3, 500)) }, 800, [0.1, 0.2]);
    titles(figure);
    expect(figure.panels[0]!.x.domain).toEqual([0.1, 0.2]);
    expect(figure.panels[0]!.marks.map(({ kind }) => kind)).toEqual(['line', 'rule']);
  });
});

it('many neurons have a raster and an f–I curve, beside each other where there is room', () => {
  const population = { currents: [1, 2], spikeTimes: [[], [3, 6]], rates: [0, 200], duration: 10 };
  expect(titles(populationFigure(population, 800))).toEqual(['Raster', 'f–I curve']);
  expect(populationFigure(population, 800).columns).toBe(2);
  expect(populationFigure(population, 360).columns).toBe(1);
});

it('gradients have a row for each quantity, and a column for each way to treat the reset', () => {
  const results = [{ label: 'sigmoid (alpha 4)', grad: { current: [1, 2], tau: [-1, -2] } }];
  const curves = {
    currents: [0.5, 2.5],
    wrt: ['current', 'tau'],
    runs: [
      { detached: false, results },
      { detached: true, results },
    ],
  } as const;
  const figure = gradientFigure(curves, 800);
  expect(titles(figure)).toEqual([
    'dL/dI, through the reset',
    'dL/dI, reset detached',
    'dL/dτ, through the reset',
    'dL/dτ, reset detached',
  ]);
  expect(figure.columns).toBe(2);
  expect(gradientFigure(curves, 360)).toMatchObject({ columns: 1, height: 60 + 4 * 310 });
});
