import { expect, it } from 'vitest';
import { environmentVariables } from '../../src/config/config.ts';
import { readDocument } from './markdown.ts';

/** Defaults that differ from machine to machine. */
const ofTheMachine: Readonly<Record<string, string>> = { COMPUTE_THREADS: 'the cores', MAX_MEMORY_BYTES: 'half of the memory' };

/** The table as it should stand in the README. */
function configurationTable(): string {
  const rows = Object.entries(environmentVariables).map(([name, schema]) => {
    const byDefault = ofTheMachine[name] ?? (schema.default === undefined ? 'none' : `\`${String(schema.default)}\``);
    return `| \`${name}\` | ${byDefault} | ${schema.description ?? ''} |`;
  });
  return ['| variable | default | |', '|---|---|---|', ...rows].join('\n');
}

it('the README lists every environment variable with its default and meaning', () => {
  expect(readDocument('README.md')).toContain(configurationTable());
});
