import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { reportedStatus } from '../../src/plugins/request-lifetime.ts';
import { lastProblem, postHead, RawClient, statusesOf } from './raw-client.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
/** An answer that no socket's buffers hold. */
const large = JSON.stringify({ x: { linspace: [-1, 1, 6e6] }, surrogate: 'sigmoid', encoding: 'base64' });

let service: Service;
const ended: number[] = [];
beforeAll(async () => {
  service = await Service.start({
    HEADERS_TIMEOUT_MS: '1000',
    RECEIVE_TIMEOUT_MS: '2000',
    SEND_TIMEOUT_MS: '2500',
    KEEP_ALIVE_TIMEOUT_MS: '1000',
  });
  service.app.openRequests.onClose((_request, reply) => {
    ended.push(reportedStatus(reply));
  });
});
afterAll(() => service.stop());

async function stillServes(): Promise<void> {
  expect((await service.post('/surrogate/grad', good)).status).toBe(200);
}

/** How long it takes until the connection is closed, in milliseconds. */
async function timeUntilClosed(client: RawClient): Promise<number> {
  const from = performance.now();
  await client.closed();
  return performance.now() - from;
}

describe.concurrent('a sender that is too slow', () => {
  it('with its headers gets a 408 and is cut off', async () => {
    const client = await RawClient.open(service);
    const [took] = await Promise.all([timeUntilClosed(client), client.dribble(postHead('/surrogate/grad', good.length), 50)]);
    expect(took).toBeGreaterThan(900);
    expect(lastProblem(client.received)).toMatchObject({ status: 408, code: 'request_timeout' });
    await stillServes();
  });

  it('with its body gets a 408 and is cut off', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', good.length));
    const [took] = await Promise.all([timeUntilClosed(client), client.dribble(good, 150)]);
    expect(took).toBeGreaterThan(1800);
    expect(lastProblem(client.received)).toMatchObject({ status: 408, code: 'request_timeout' });
    await stillServes();
  });

  it('that stops in the middle of a body gets a 408 and is cut off', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', good.length) + good.slice(0, 10));
    expect(statusesOf(await client.closed())).toEqual([408]);
  });

  it('that is fast enough is served', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', `Connection: close\r\nContent-Length: ${good.length}`));
    await client.dribble(good, 10);
    expect(statusesOf(await client.closed())).toEqual([200]);
  });

  it('of the rest of a body that was refused already gets no second answer', async () => {
    const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', 1e9));
    await expect.poll(() => client.received).toContain('body_too_large');
    expect(statusesOf(await client.closed())).toEqual([413]);
  });
});

describe.concurrent('a silent connection', () => {
  it('that never sends a byte is closed', async () => {
    const client = await RawClient.open(service);
    expect(await timeUntilClosed(client)).toBeGreaterThan(900);
    expect(lastProblem(client.received).code).toBe('request_timeout');
  });

  it('is closed some time after its last answer', async () => {
    const client = (await RawClient.open(service)).send('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await timeUntilClosed(client)).toBeGreaterThan(900);
    expect(statusesOf(client.received)).toEqual([200]);
  });
});

describe('a reader that is too slow', () => {
  it('of a large answer is cut off, and what it held is given back', async () => {
    const before = ended.length;
    const client = await RawClient.open(service);
    client.socket.pause();
    client.send(postHead('/surrogate/grad', large.length) + large);
    await expect.poll(() => service.app.engine.arenas.lentBytes).toBeGreaterThan(30e6);
    await expect.poll(() => ended.length).toBe(before + 1);
    expect(ended.at(-1)).toBe(499);
    await expect.poll(() => service.app.engine.arenas.lentBytes).toBe(0);
    client.socket.resume();
    await client.closed();
    expect(client.received.length).toBeLessThan(30e6);
    await stillServes();
  });

  it('is cut off even if it goes on sending', async () => {
    const before = ended.length;
    const client = await RawClient.open(service);
    client.socket.pause();
    client.send(postHead('/surrogate/grad', large.length) + large);
    await client.dribble('GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: '.padEnd(200, 'y'), 100);
    await expect.poll(() => ended.length).toBe(before + 1);
    expect(ended.at(-1)).toBe(499);
    client.socket.destroy();
  });

  it('of many small answers is cut off', async () => {
    const [client, [socket]] = await Promise.all([RawClient.open(service), once(service.app.server, 'connection') as Promise<[Socket]>]);
    client.socket.pause();
    const request = 'GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n';
    client.send(request.repeat(2000));
    await expect.poll(() => socket.destroyed).toBe(true);
    await expect.poll(() => service.app.openRequests.count).toBe(0);
    client.socket.destroy();
    await stillServes();
  });

  it('that takes a little now and then is served', async () => {
    const client = await RawClient.open(service);
    client.send(postHead('/surrogate/grad', `Connection: close\r\nContent-Length: ${large.length}`) + large);
    for (let pauses = 0; pauses < 8; pauses++) {
      client.socket.pause();
      await sleep(500);
      client.socket.resume();
      await sleep(5);
    }
    const received = await client.closed();
    expect(Number(/content-length: (\d+)/i.exec(received)?.[1] ?? 0) || received.length).toBeGreaterThan(30e6);
    expect(received.length).toBeGreaterThan(32e6);
  });
});

it('a sender that stops in the middle of a large body gives its memory back', async () => {
  const { arenas } = service.app.engine;
  const client = (await RawClient.open(service)).send(postHead('/surrogate/grad', 5_000_000) + ' '.repeat(1_000_000));
  await expect.poll(() => arenas.budget.usedBytes).toBeGreaterThan(1_000_000);
  expect(statusesOf(await client.closed())).toEqual([408]);
  await expect.poll(() => arenas.budget.usedBytes + arenas.lentBytes).toBe(0);
});

it('a client that breaks off a compressed answer is no error in the log', async () => {
  const lines: string[] = [];
  const logged = await Service.start(
    {},
    {
      logger: pino(
        { level: 'info' },
        {
          write: (line: string) => {
            lines.push(line);
          },
        },
      ),
    },
  );
  const client = await RawClient.open(logged);
  client.send(postHead('/surrogate/grad', `Accept-Encoding: gzip\r\nContent-Length: ${large.length}`) + large);
  await expect.poll(() => client.received.length).toBeGreaterThan(0);
  client.socket.resetAndDestroy();
  await expect.poll(() => lines.some((line) => line.includes('"status":499'))).toBe(true);
  await sleep(200);
  expect(lines.filter((line) => line.includes('"level":50'))).toEqual([]);
  await logged.stop();
});

it('a connection that waits for an answer is not closed', async () => {
  const { engine } = service.app;
  const run = engine.run.bind(engine);
  const slow = vi.spyOn(engine, 'run').mockImplementation(async (...job) => {
    await sleep(4000);
    return run(...job);
  });
  expect((await service.post('/surrogate/grad', good)).status).toBe(200);
  slow.mockRestore();
});
