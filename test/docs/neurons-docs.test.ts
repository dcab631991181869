import { readFileSync } from 'node:fs';
import katex from 'katex';
import { describe, expect, it } from 'vitest';
import { documentFile, neuronDocument } from '../../scripts/write-neuron-docs.ts';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';

describe('docs/neurons.md', () => {
  const document = neuronDocument();

  it('is what `npm run docs:neurons` writes', () => {
    expect(readFileSync(documentFile, 'utf8')).toBe(document);
  });

  it('has a heading for every neuron, each where its link leads', () => {
    const headings = [...document.matchAll(/^### `(.*)`$/gm)].map((match) => match[1]!);
    const links = [...document.matchAll(/\[`([^`]*)`\]\(#([^)]*)\)/g)];
    expect(headings).toEqual([...neurons.keys()]);
    expect(links.map((match) => match[1])).toEqual(headings);
    expect(new Set(links.map((match) => match[2])).size).toBe(headings.length);
  });

  it('leads to surrogates that there are', () => {
    const names = [...document.matchAll(/\[`([^`]*)`\]\(surrogates\.md#/g)].map((match) => match[1]!);
    expect(names.filter((name) => !catalogue.has(name))).toEqual([]);
  });

  it('has equations that can be typeset', () => {
    const equations = [...document.matchAll(/^\$\$\n([^]*?)\n\$\$$/gm)].map((match) => match[1]!);
    expect(equations.length).toBeGreaterThan(neurons.size);
    for (const equation of equations) expect(() => katex.renderToString(equation, { throwOnError: true, strict: 'error' }), equation).not.toThrow();
  });
});
