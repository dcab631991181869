import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { localLinks, readDocument, root } from './markdown.ts';

const below = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' });
const documents = ['README.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md', 'SECURITY.md', 'deploy/README.md', ...below.filter((file) => file.endsWith('.md')).map((file) => `docs/${file}`)];

describe('links between documents', () => {
  it.each(documents)('of %s lead to files that are there', (document) => {
    for (const target of localLinks(readDocument(document))) {
      expect(existsSync(path.join(root, path.dirname(document), target)), target).toBe(true);
    }
  });
});
