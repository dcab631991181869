import { spawnSync, execFile } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/config.ts';
import { curlExamples, readDocument } from './markdown.ts';

const curl = spawnSync('curl', ['--version']).status === 0;
if (!curl) console.warn('SKIPPED: there is no curl, so the examples of the documents were not tried.');

const documents = ['README.md', 'docs/networks.md', 'docs/pictures.md', 'docs/requests.md', 'docs/tutorial.md'];

/** What differs from one request to the next. */
const changing = new Set(['elapsed_ms', 'request_id']);

function comparable(text: string): unknown {
  return JSON.parse(text, (key, value: unknown) => (changing.has(key) ? 'changes' : value));
}

describe.skipIf(!curl)('the examples of', () => {
  let app: FastifyInstance;
  let address = '';

  beforeAll(async () => {
    app = await buildApp({ config: loadConfig({}) });
    await app.listen({ host: '127.0.0.1', port: 0 });
    address = `localhost:${(app.server.address() as AddressInfo).port}`;
  });

  afterAll(async () => {
    await app.close();
  });

  it.each(documents)('%s are there', (document) => {
    expect(curlExamples(readDocument(document))).not.toEqual([]);
  });

  const examples = documents.flatMap((document) => curlExamples(readDocument(document)).map((example) => ({ document, ...example })));

  it.each(examples)('$document, line $line, run as it stands and answer what is shown', async ({ command, answer }) => {
    expect(command).toContain('localhost:3000');
    // -f would hide the answers that show an error; those are compared instead.
    const { stdout } = await promisify(execFile)('/bin/sh', ['-ec', command.replaceAll('localhost:3000', address)]);
    expect(stdout).not.toBe('');
    if (answer !== undefined) expect(comparable(stdout)).toEqual(comparable(answer));
    else if (stdout.startsWith('{')) expect(JSON.parse(stdout)).not.toHaveProperty('code');
    else expect(stdout).toMatch(/^<svg /);
  });
});
