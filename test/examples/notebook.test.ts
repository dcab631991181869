import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { notebookFile, runNotebook } from '../../scripts/write-tutorial.ts';
import { Service } from '../http/service.ts';
import { hasModules, python } from './example.ts';

interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly id: string;
  readonly source: readonly string[];
  readonly execution_count?: number;
  readonly outputs?: readonly {
    readonly output_type: string;
    readonly text?: readonly string[];
    readonly data?: Readonly<Record<string, readonly string[]>>;
  }[];
}

interface Notebook {
  readonly nbformat: number;
  readonly nbformat_minor: number;
  readonly cells: readonly Cell[];
}

const notebook = JSON.parse(readFileSync(notebookFile, 'utf8')) as Notebook;
const code = notebook.cells.filter(({ cell_type }) => cell_type === 'code');

describe('examples/tutorial.ipynb', () => {
  it('is a notebook of format 4.5 whose cells have ids of their own and were run in order', () => {
    expect([notebook.nbformat, notebook.nbformat_minor]).toEqual([4, 5]);
    expect(new Set(notebook.cells.map(({ id }) => id)).size).toBe(notebook.cells.length);
    expect(code.map(({ execution_count }) => execution_count)).toEqual(code.map((_, i) => i + 1));
    expect(notebook.cells.flatMap(({ source }) => source).join('')).not.toContain('import matplotlib');
  });

  it('has the nine figures, with a picture for each', () => {
    const titles = notebook.cells.flatMap(({ cell_type, source }) =>
      cell_type === 'markdown' ? (/^## Figure (\d):/.exec(source[0]!)?.[1] ?? []) : [],
    );
    expect(titles).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9']);
    const pictures = code.flatMap(({ outputs }) => outputs!.filter(({ data }) => data?.['image/svg+xml'] !== undefined));
    expect(pictures).toHaveLength(9);
  });

  it('shows the numbers that the tutorial prints', () => {
    const printed = code.flatMap(({ outputs }) => outputs!.flatMap(({ text = [] }) => text.join('').split('\n')));
    for (const line of [
      'Input: 0.0',
      'Spike: 1.0',
      'Gradient: 1.0000',
      'Total spikes: 4',
      'Firing rate: 80.0 Hz',
      'Mean gradient: 2.0763',
      'Max gradient: 3.0740',
      'Min gradient: 1.6188',
    ])
      expect(printed).toContain(line);
  });
});

describe.skipIf(!hasModules('numpy'))('examples/tutorial.ipynb on a service', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  it('shows what it was kept with', async () => {
    // `npm run docs:tutorial` runs it again and keeps that.
    expect(JSON.parse(await runNotebook(service.url, python))).toEqual(notebook);
  });
});
