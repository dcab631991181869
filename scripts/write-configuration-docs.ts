import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { environmentVariables } from '../src/config/config.ts';
import type { TSchema } from '@sinclair/typebox';
import { table } from './markdown.ts';

/** Where the document is kept. */
export const documentFile = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));

/** Defaults that differ from machine to machine. */
const machineDefaults: Readonly<Record<string, string>> = { COMPUTE_THREADS: 'all cores', MAX_MEMORY_BYTES: 'half of the memory' };

const introduction = `# Configuration

Written by \`npm run docs:configuration\` from \`src/config/\`; changes by hand are lost.

The service is configured by environment variables:

\`\`\`sh
PORT=8080 HOST=0.0.0.0 MAX_BODY_BYTES=1048576 npm start
\`\`\`

A value that is not valid stops the start with a message that names the variable and what would be right. [deployment.md](deployment.md) says which ones matter in a
container, [security.md](security.md) which ones guard a service that strangers can reach, [limits.md](limits.md) what happens at each limit.`;

/** The whole of docs/configuration.md, as it follows from the configuration's schema. */
export function configurationDocument(): string {
  const rows = Object.entries(environmentVariables).map(([name, schema]) => {
    const usual = machineDefaults[name] ?? (schema.default === undefined ? 'none' : `\`${String(schema.default)}\``);
    return [`\`${name}\``, usual, valuesOf(schema), (schema.description ?? '').replace(/`docs\/(\w+\.md)`/g, '[$1]($1)')];
  });
  return `${introduction}\n\n${table(['variable', 'default', 'values', 'meaning'], rows)}\n`;
}

/** What a variable may be. */
function valuesOf(schema: TSchema): string {
  if (schema.type === 'boolean') return '`true`, `false`';
  if (schema.anyOf !== undefined) return (schema.anyOf as { const: string }[]).map(({ const: word }) => `\`${word}\``).join(', ');
  if (schema.minimum === undefined) return 'text';
  return schema.maximum === Number.MAX_SAFE_INTEGER ? `from ${schema.minimum}` : `${schema.minimum} to ${schema.maximum}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(documentFile, configurationDocument());
