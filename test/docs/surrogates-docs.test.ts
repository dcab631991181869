import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentFile, surrogateDocument } from '../../scripts/write-surrogate-docs.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { defineSurrogates } from '../../src/compute/surrogates/define.ts';
import { logistic } from '../../src/compute/surrogates/formulas/logistic.ts';

describe('docs/surrogates.md', () => {
  it('is what `npm run docs:surrogates` writes', () => {
    expect(readFileSync(documentFile, 'utf8')).toBe(surrogateDocument());
  });

  it('has a heading for every surrogate, each where its link leads', () => {
    const document = surrogateDocument();
    const headings = [...document.matchAll(/^### `(.*)`$/gm)].map((match) => match[1]!);
    const links = [...document.matchAll(/\[`([^`]*)`\]\(#([^)]*)\)/g)];
    expect(headings).toEqual([...catalogue.keys()]);
    expect(links.map((match) => match[1])).toEqual(headings);
    expect(new Set(links.map((match) => match[2])).size).toBe(headings.length);
  });

  it('has a place for surrogates of no library', () => {
    const own = defineSurrogates(null, { smooth: { ...logistic({ alpha: 2 }), references: ['A paper'] } });
    const document = surrogateDocument(own);
    expect(document).toContain('| Without a library | [`smooth`](#smooth) |\n\n## Without a library\n\n### `smooth`\n');
    expect(document).toContain('References:\n\n- A paper\n');
  });
});
