import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { postHead, RawClient, statusesOf } from './raw-client.ts';
import { startService } from './services.ts';

const body = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
const request = postHead('/surrogate/grad', body.length) + body;
const isRefused = { code: 'ECONNREFUSED' };

describe('draining', () => {
  it('turns readyz to 503, serves on for the delay, then refuses connections, and waits for what runs', async () => {
    const service = await startService();
    const { engine } = service.app;
    const run = engine.run.bind(engine);
    let release!: () => void;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = 0;
    engine.run = (job) => {
      begun++;
      return begun === 1 ? held.then(() => run(job)) : run(job);
    };

    const running = service.post('/surrogate/grad', { x: 0, surrogate: 'sigmoid' });
    await expect.poll(() => begun).toBe(1);
    let isDone = false;
    const drained = service.app.lifecycle.drain(2000).then(() => {
      isDone = true;
    });
    expect(await service.request('/readyz')).toMatchObject({ status: 503, body: { reason: 'draining' } });
    expect((await service.request('/livez')).status).toBe(200);
    const served = await service.post('/surrogate/grad', { x: 0, surrogate: 'sigmoid' });
    expect(served.status).toBe(200);
    expect(served.headers.get('connection')).toBe('close');
    expect(served.headers.get('keep-alive')).toBeNull();

    await expect.poll(() => service.app.server.listening).toBe(false);
    await expect(RawClient.open(service)).rejects.toMatchObject(isRefused);
    await expect.poll(() => service.app.lifecycle.refusing).toBe(true);
    expect(isDone).toBe(false);
    release();
    const { status, headers } = await running;
    expect(status).toBe(200);
    expect(headers.get('connection')).toBe('close');
    await drained;
  });

  it('leaves an idle connection open for one more request, also when no more connections are taken', async () => {
    const service = await startService();
    const clients = await Promise.all(Array.from({ length: 2 }, () => RawClient.open(service)));
    for (const client of clients) client.send(request);
    await expect.poll(() => clients.every(({ received }) => statusesOf(received).length === 1)).toBe(true);
    const drained = service.app.lifecycle.drain(500);
    const [first, second] = clients as [RawClient, RawClient];
    const early = await first.send(request).closed();
    await expect.poll(() => service.app.server.listening, { interval: 5 }).toBe(false);
    const late = await second.send(request).closed();
    await drained;
    for (const received of [early, late]) {
      expect(statusesOf(received)).toEqual([200, 200]);
      expect([...received.matchAll(/\r\nconnection: (.*)\r\n/gi)].map(([, said]) => said)).toEqual(['keep-alive', 'close']);
    }
  });

  it('takes the rest of a request that comes in time', async () => {
    const service = await startService();
    const client = (await RawClient.open(service)).send(request.slice(0, -5));
    const drained = service.app.lifecycle.drain(400);
    await expect.poll(() => service.app.server.listening, { interval: 5 }).toBe(false);
    expect(statusesOf(await client.send(request.slice(-5)).closed())).toEqual([200]);
    await drained;
  });

  it('answers a request that came in time, though the process did not run meanwhile', async () => {
    const service = await startService();
    const client = (await RawClient.open(service)).send(request);
    await expect.poll(() => statusesOf(client.received)).toEqual([200]);
    const drained = service.app.lifecycle.drain(300);
    await expect.poll(() => service.app.server.listening, { interval: 5 }).toBe(false);
    // Behind a tick's look at its sockets, so that the next tick begins with the timers that are due.
    await nextTick();
    client.send(request);
    for (const from = performance.now(); performance.now() - from < 400;);
    expect(statusesOf(await client.closed())).toEqual([200, 200]);
    await drained;
  });

  it('waits neither for a connection without a request nor for half of one', async () => {
    const service = await startService();
    const idle = await RawClient.open(service);
    const half = (await RawClient.open(service)).send(request.slice(0, -5));
    const answered = (await RawClient.open(service)).send(request);
    await expect.poll(() => statusesOf(answered.received)).toEqual([200]);
    await service.app.lifecycle.drain(100);
    expect(await Promise.race([Promise.all([idle.closed(), half.closed(), answered.closed()]), sleep(5000)])).toMatchObject([
      '',
      '',
      expect.stringMatching(/ 200 /),
    ]);
  });

  it('with no delay closes at once what is idle', async () => {
    const service = await startService();
    const client = (await RawClient.open(service)).send(request);
    await expect.poll(() => statusesOf(client.received)).toEqual([200]);
    await service.app.lifecycle.drain(0);
    await client.closed();
  });
});

it('a server that stops listening answers every connection that the system has taken for it by then', async () => {
  const service = await startService();
  await service.post('/surrogate/grad', body);
  const { httpServer: server } = service;
  server.isDraining = true;
  // Each is complete for the system before the service can accept it.
  const opening = Array.from({ length: 10 }, () => RawClient.open(service));
  const stopped = server.stopListening();
  const answers = await Promise.all(opening.map(async (client) => (await client).send(request).closed()));
  await stopped;
  expect(answers.map(statusesOf)).toEqual(new Array(10).fill([200]));
  await expect(RawClient.open(service)).rejects.toMatchObject(isRefused);
  server.closeConnections();
});
