import { expect, it } from 'vitest';
import { environmentVariables } from '../../src/config.ts';
import { readDocument } from './markdown.ts';

/** The table as it should stand in the README. */
function configurationTable(): string {
  const rows = Object.entries(environmentVariables).map(([name, schema]) => {
    const byDefault = name === 'COMPUTE_THREADS' ? 'the cores' : schema.default === undefined ? 'none' : `\`${String(schema.default)}\``;
    return `| \`${name}\` | ${byDefault} | ${schema.description ?? ''} |`;
  });
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n');
}

it('the README lists every environment variable with its default and meaning', () => {
  expect(readDocument('README.md')).toContain(configurationTable());
});
