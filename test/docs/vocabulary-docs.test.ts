import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { documentFile, withVocabulary } from '../../scripts/write-vocabulary-docs.ts';
import { lifVocabulary } from '../../src/requests/words/unknown-fields.ts';

describe('the words of other libraries in docs/lif.md', () => {
  const document = readFileSync(documentFile, 'utf8');

  it('are what `npm run docs:vocabulary` writes', () => {
    expect(withVocabulary(document)).toBe(document);
  });

  it('are all of the vocabulary', () => {
    for (const { term, role } of lifVocabulary) expect(document).toContain(role === 'value' ? `\`"${term}"\`` : `\`${term}`);
  });
});
