import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DocumentedCode } from '../../src/schemas/problem.ts';
import { Service } from '../http/service.ts';
import { startService } from '../http/services.ts';
import { freePort } from '../../support/process.ts';
import { exampleUrl, operationsOf, type OpenApi } from './document.ts';
import { provocations, provokedService, stopProvoked } from './provocations.ts';

// Not a dependency, since it brings hundreds of packages.
const command = ['--yes', '@stoplight/prism-cli@5.16.0'];
const isThere = spawnSync('npx', [...command, '--version'], { timeout: 180_000 }).status === 0;
if (!isThere)
  console.warn('SKIPPED: Prism cannot be had from the npm registry, so answers were not held against the OpenAPI document by it.');

interface Violation {
  location: string[];
  severity: string;
  code: string;
  message: string;
}

describe.skipIf(!isThere)('Prism between a client and the service', () => {
  let url: string;
  let document: OpenApi;
  let prism: ChildProcess;
  /** The service behind Prism. */
  let service: Service;
  /** What is answered in place of the service's status. */
  let wrongStatus: number | undefined;
  const folder = mkdtempSync(path.join(tmpdir(), 'prism-'));
  /** Prism has one server behind it, the tests have several. */
  const upstream = createServer((incoming, outgoing) => {
    const { method, headers } = incoming;
    incoming.pipe(
      forward(service.url + incoming.url!, { method, headers }, (answer) => {
        outgoing.writeHead(wrongStatus ?? answer.statusCode!, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });

  beforeAll(async () => {
    const described = await Service.start({ API_KEYS: 'a-key-of-16-letters', RATE_LIMIT_MAX: '1000' });
    document = (await described.request<OpenApi>('/openapi.json')).body;
    await described.stop();
    const file = path.join(folder, 'openapi.json');
    writeFileSync(file, JSON.stringify({ ...document, security: [] }));
    await once(upstream.listen(0, '127.0.0.1'), 'listening');
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    prism = spawn(
      'npx',
      [
        ...command,
        'proxy',
        file,
        `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
        '--port',
        String(port),
        '--host',
        '127.0.0.1',
      ],
      { detached: true },
    );
    await new Promise<void>((resolve, reject) => {
      let log = '';
      const read = (chunk: Buffer) => {
        log += String(chunk);
        if (log.includes('is listening')) resolve();
      };
      prism.stdout!.on('data', read);
      prism.stderr!.on('data', read);
      prism.once('exit', () => {
        reject(new Error(log));
      });
    });
  }, 120_000);
  afterAll(async () => {
    await stopProvoked();
    // npx, and Prism with it.
    if (prism.pid !== undefined) process.kill(-prism.pid);
    upstream.close();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The status that comes through Prism, and what it says is not as documented. */
  async function through(target: string, init: RequestInit = {}): Promise<{ status: number; violations: Violation[] }> {
    const response = await fetch(url + target, init);
    await response.arrayBuffer();
    return { status: response.status, violations: JSON.parse(response.headers.get('sl-violations') ?? '[]') as Violation[] };
  }

  it('finds no violation in any example', async () => {
    service = await startService();
    await expect.poll(async () => (await service.request('/readyz')).status).toBe(200);
    for (const { path: route, method, operation } of operationsOf(document)) {
      const target = exampleUrl(route, operation);
      if (method === 'get') {
        expect(await through(target), target).toEqual({ status: 200, violations: [] });
        continue;
      }
      const bodies = Object.values(operation.requestBody?.content['application/json']?.examples ?? {}).map(({ value }) =>
        JSON.stringify(value),
      );
      for (const body of bodies.length > 0 ? bodies : [undefined]) {
        const init = { method: 'POST', ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body }) };
        expect(await through(target, init), `${target} ${body}`).toEqual({ status: 200, violations: [] });
      }
    }
  });

  it('would find one', async () => {
    service = await startService();
    wrongStatus = 418;
    const { violations } = await through('/livez');
    wrongStatus = undefined;
    expect(violations).toMatchObject([{ location: ['response'], message: expect.stringContaining('status code') as string }]);
  });

  it('finds that an unready service answers as documented', async () => {
    service = await startService();
    vi.spyOn(service.app.lifecycle, 'unreadyReason', 'get').mockReturnValue('draining');
    for (const probe of ['/readyz', '/v2/health/ready']) expect(await through(probe)).toEqual({ status: 503, violations: [] });
  });

  // Prism takes apart what is sent itself, so that what is wrong on the connection does not arrive, nor what is wrong with bytes.
  const codes = (Object.keys(provocations) as DocumentedCode[]).filter(
    (code) =>
      provocations[code].raw === undefined &&
      !['malformed_http', 'corrupt_body', 'invalid_npy', 'invalid_json', 'forbidden_key'].includes(code),
  );
  it.each(codes)('finds no violation in the answer that tells of %s', async (code) => {
    const { path: target, init } = provocations[code];
    service = await provokedService(code);
    const { status, violations } = await through(target, init);
    expect(status).toBe((document.components.examples[code].value as { status: number }).status);
    expect(violations.filter(({ location }) => location[0] !== 'request')).toEqual([]);
  });
});
