import { once } from 'node:events';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { lastProblem, postHead, RawClient, statusesOf } from './raw-client.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
const compute = postHead('/surrogate/grad', good.length) + good;
const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`;
const instancesOf = (received: string) => [...received.matchAll(/"instance":"([^"]*)"/g)].map(([, instance]) => instance);

let service: Service;
beforeAll(async () => {
  service = await Service.start({ MAX_BODY_BYTES: '1000000' });
});
afterAll(() => service.stop());
afterEach(() => {
  vi.restoreAllMocks();
});

/** Has jobs wait until they are released; counts those that have begun. */
function holdJobs(): { begun: () => number; release: () => void } {
  const { engine } = service.app;
  const run = engine.run.bind(engine);
  let release!: () => void;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  let begun = 0;
  vi.spyOn(engine, 'run').mockImplementation(async (...job) => {
    begun++;
    await held;
    return run(...job);
  });
  return { begun: () => begun, release };
}

describe('pipelined requests', () => {
  it('are begun one after the other, and answered in their order', async () => {
    const jobs = holdJobs();
    const client = (await RawClient.open(service)).send(
      compute + get('/problems/one') + compute + get('/problems/two', 'Connection: close\r\n'),
    );
    await expect.poll(jobs.begun).toBe(1);
    await sleep(50);
    expect(jobs.begun()).toBe(1);
    expect(service.app.openRequests.count).toBe(1);
    jobs.release();
    const received = await client.closed();
    expect(statusesOf(received)).toEqual([200, 404, 200, 404]);
    expect(instancesOf(received)).toEqual(['/problems/one', '/problems/two']);
  });

  it('of a client that leaves are given up with it', async () => {
    const jobs = holdJobs();
    const client = (await RawClient.open(service)).send(compute.repeat(5));
    await expect.poll(jobs.begun).toBe(1);
    client.socket.destroy();
    await expect.poll(() => service.app.openRequests.count).toBe(0);
    jobs.release();
    await sleep(50);
    expect(jobs.begun()).toBe(1);
  });

  it('are not read any further while many of them wait', async () => {
    const jobs = holdJobs();
    const [client, [socket]] = await Promise.all([RawClient.open(service), once(service.app.server, 'connection') as Promise<[Socket]>]);
    client.send(compute);
    await expect.poll(jobs.begun).toBe(1);
    client.send(get('/livez').repeat(8000));
    await sleep(500);
    expect(socket.bytesRead).toBeLessThan(150_000);
    jobs.release();
    await expect.poll(() => statusesOf(client.received).length).toBe(8001);
    client.socket.destroy();
  });

  it('let others be answered in between', async () => {
    const client = (await RawClient.open(service)).send(get('/openapi.json').repeat(1000));
    await expect.poll(() => client.received).toContain('200');
    const other = await RawClient.open(service);
    expect(statusesOf(await other.send(get('/livez', 'Connection: close\r\n')).closed())).toEqual([200]);
    expect(statusesOf(client.received).length).toBeLessThan(1000);
    client.socket.destroy();
  });

  it('behind an upgrade, which Node swallows, are not answered out of step', async () => {
    const client = (await RawClient.open(service)).send(
      get('/problems/one', 'Connection: upgrade\r\nUpgrade: x\r\n') + get('/problems/two') + get('/problems/three'),
    );
    await expect.poll(() => client.received).toContain('404');
    const received = await client.send(get('/problems/four')).closed();
    expect(instancesOf(received)).toEqual(['/problems/one']);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
  });
});

describe('a body that is not wanted', () => {
  const refused = (path: string, type: string, more = '') =>
    `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${more}Content-Length: 100000\r\n\r\n{`;

  it.each([
    [415, refused('/lif/grad', 'text/plain')],
    [404, refused('/nowhere', 'application/json')],
    [405, refused('/livez', 'application/json')],
    [406, refused('/lif/grad', 'application/json', 'Accept: image/png\r\n')],
    [413, refused('/lif/grad', 'application/json').replace('100000', '10000000')],
  ])('gets its %d, and the connection is closed', async (status, bytes) => {
    const client = (await RawClient.open(service)).send(bytes);
    const from = performance.now();
    const received = await client.closed();
    expect(performance.now() - from).toBeLessThan(8000);
    expect(statusesOf(received)).toEqual([status]);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('that decompresses to too much gets its 413, and the connection is closed', async () => {
    const bomb = gzipSync(Buffer.alloc(5_000_000, ' '));
    const client = (await RawClient.open(service))
      .send(postHead('/surrogate/grad', `Content-Encoding: gzip\r\nContent-Length: ${bomb.length + 1000}`))
      .send(bomb);
    await expect.poll(() => client.received).toContain('413');
    const received = await client.send(get('/livez')).closed();
    expect(statusesOf(received)).toEqual([413]);
    expect(received).toMatch(/\r\nconnection: close\r\n/i);
  });

  it('may still be on its way for some seconds', async () => {
    const client = (await RawClient.open(service)).send(postHead('/nowhere', 30_000));
    client.socket.pause();
    for (let i = 0; i < 30; i++) {
      client.send(' '.repeat(1000));
      await sleep(100);
    }
    client.socket.resume();
    expect(lastProblem(await client.closed()).code).toBe('not_found');
  });

  it('that came with its headers leaves the connection open', async () => {
    const client = (await RawClient.open(service)).send(postHead('/nowhere', 3) + 'abc' + get('/livez', 'Connection: close\r\n'));
    expect(statusesOf(await client.closed())).toEqual([404, 200]);
  });
});
