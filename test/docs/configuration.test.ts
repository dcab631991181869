import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { configurationDocument, documentFile } from '../../scripts/write-configuration-docs.ts';
import { environmentVariables } from '../../src/config/config.ts';

it('docs/configuration.md is what `npm run docs:configuration` writes, with every environment variable', () => {
  const document = readFileSync(documentFile, 'utf8');
  expect(document).toBe(configurationDocument());
  for (const name of Object.keys(environmentVariables)) expect(document).toMatch(new RegExp(`^\\| \`${name}\` \\| [^|]+ \\| [^|]+ \\| [^|]{10,} \\|$`, 'm'));
});
