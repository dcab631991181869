import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { wireBytes } from '../../support/leaving-clients.ts';
import { sendAndDrop } from '../../load/loop-client.ts';
import { startLoopServer, type LoopServer } from '../../load/loop-server.ts';
import { json, untilNothingIsHeld } from '../../support/load-client.ts';
import { postHead, RawClient } from './raw-client.ts';

const budget = 256;
/** What the process may have beyond its budget, in MiB. */
const beside = 300;

let server: LoopServer;
let port: number;
beforeAll(async () => {
  server = await startLoopServer({ MAX_MEMORY_BYTES: String(budget * 2 ** 20), SEND_TIMEOUT_MS: '60000' });
  port = Number(new URL(server.url).port);
});
afterAll(() => server.stop());
beforeEach(() => {
  // From here on the peak is counted anew.
  writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
});

/** The most memory that the process had, in MiB. */
function peak(): number {
  return Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))![1]) / 1024;
}

const large = JSON.stringify({ surrogate: 'sigmoid', x: new Array(60_000).fill(0.123), encoding: 'base64' });
const post = (path: string, body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
  fetch(server.url + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
const statusOf = async (...parameters: Parameters<typeof post>) => {
  const response = await post(...parameters);
  await response.arrayBuffer();
  return response.status;
};

/** Others are served, and all memory is back: in time for a busy machine. */
async function isAsBefore(): Promise<void> {
  // A busy machine takes a moment to notice that clients have left.
  await expect.poll(() => statusOf('/surrogate/grad', large, { 'x-request-timeout-ms': '20000' })).toBe(200);
  expect(await untilNothingIsHeld(server.url, 20_000)).toBeTypeOf('number');
}

describe('memory stays within its budget', () => {
  it('of pipelined linspaces, each as long as it may be', async () => {
    const one = wireBytes(json('/surrogate/grad', { x: { linspace: [0, 1, 2 ** 25] }, surrogate: 'sigmoid' }));
    await sendAndDrop(port, Buffer.concat(new Array<Buffer>(8).fill(one)), 1500);
    expect(peak()).toBeLessThan(budget + beside);
    await isAsBefore();
  });

  it.each([
    ['many surrogates', { x: { linspace: [-1, 1, 16_384] }, surrogate: new Array<string>(1024).fill('erf') }],
    [
      'many empty rows',
      { x: { shape: [65_536, ...new Array<number>(62).fill(1), 0], data: [] }, surrogate: new Array<string>(64).fill('erf') },
    ],
    ['a linspace that is not computed', { x: { linspace: [0, 1, 2 ** 25] }, surrogate: 'sigmoid', dtype: 'float64', dry_run: true }],
  ])('of %s', async (_what, request) => {
    await sendAndDrop(port, wireBytes(json('/surrogate/grad', request)), 1500);
    expect(peak()).toBeLessThan(budget + beside);
    await isAsBefore();
  });

  it('of one output of /v2 that is asked for thousands of times', async () => {
    const request = {
      inputs: [{ name: 'x', shape: [20_000], datatype: 'FP32', data: new Array(20_000).fill(0.123) }],
      parameters: { surrogate: 'erf' },
      outputs: new Array(6000).fill({ name: 'grad' }),
    };
    await sendAndDrop(port, wireBytes(json('/v2/models/surrogate_grad/infer', request)), 1500);
    expect(peak()).toBeLessThan(budget + beside);
    await isAsBefore();
  });

  it('of bodies that do not end, each of which is small', async () => {
    const clients = await Promise.all(Array.from({ length: 1500 }, () => RawClient.open({ port })));
    for (const client of clients) client.send(postHead('/surrogate/grad', 260_000)).send(large.slice(0, 255_000));
    await sleep(2000);
    expect(peak()).toBeLessThan(budget + beside);
    for (const { socket } of clients) socket.destroy();
    await isAsBefore();
  });
});

describe('others are served', () => {
  it('while bodies are announced of which nothing comes', async () => {
    const clients = await Promise.all(Array.from({ length: 16 }, () => RawClient.open({ port })));
    for (const client of clients) client.send(postHead('/lif/grad', 64 * 2 ** 20));
    await sleep(200);
    expect(await statusOf('/surrogate/grad', large)).toBe(200);
    for (const { socket } of clients) socket.destroy();
    await isAsBefore();
  });

  it('after bodies of millions of arrays, whose time was over while they were read', async () => {
    const body = new Uint8Array(brotliCompressSync(`{"surrogate":"sigmoid","x":[${'[],'.repeat(2e7)}[]]}`));
    const statuses = await Promise.all(
      [0, 1].map(() => statusOf('/surrogate/grad', body, { 'content-encoding': 'br', 'x-request-timeout-ms': '500' })),
    );
    expect([400, 413, 503, 504]).toEqual(expect.arrayContaining(statuses));
    await isAsBefore();
  });

  it('after runs of one neuron, whose time was over', async () => {
    const everything = {
      surrogate: { name: 'squarewave_fourier_series', n: 64 },
      dtype: 'float64',
      wrt: ['current', 'tau', 'v_threshold', 'v_reset', 'v_rest', 'resistance', 'v_init'],
    };
    const requests = [{}, {}, everything, everything].map((more) => JSON.stringify({ current: 1.5, steps: 2 ** 27, ...more }));
    const statuses = await Promise.all(requests.map((body) => statusOf('/lif/grad', body, { 'x-request-timeout-ms': '300' })));
    expect(statuses.every((status) => status === 504 || status === 503)).toBe(true);
    // On a busy machine the threads take a moment to notice.
    await expect
      .poll(() =>
        statusOf('/surrogate/grad', JSON.stringify({ x: { linspace: [-1, 1, 200_000] }, surrogate: 'sigmoid', encoding: 'base64' })),
      )
      .toBe(200);
    await isAsBefore();
  });
});
