import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { startService } from './services.ts';

function message(path: string, body: unknown): string {
  const json = JSON.stringify(body);
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${json.length}\r\n\r\n${json}`;
}

const million = message('/surrogate/grad', { x: { linspace: [-1, 1, 2 ** 20] }, surrogate: 'sigmoid', encoding: 'base64' });

it('requests of one connection are computed one after the other, and answered in order', async () => {
  const { app, port } = await startService();
  const run = app.engine.run.bind(app.engine);
  let running = 0;
  let most = 0;
  app.engine.run = ((...job: Parameters<typeof run>) => {
    most = Math.max(most, ++running);
    return Promise.resolve(run(...job)).finally(() => { running--; });
  }) as typeof run;
  const socket = connect(port, '127.0.0.1').setEncoding('latin1');
  let received = '';
  socket.on('data', (chunk: string) => { received += chunk; });
  const alphas = [1, 2, 3, 4, 5, 6, 7, 8];
  socket.write(alphas.map((alpha) => message('/surrogate/grad', { x: { linspace: [-1, 1, 100_000] }, surrogate: { name: 'sigmoid', alpha }, encoding: 'base64' })).join(''));
  await expect.poll(() => [...received.matchAll(/"elapsed_ms"/g)].length).toBe(alphas.length);
  socket.destroy();
  expect([...received.matchAll(/"alpha":(\d)/g)].map(([, alpha]) => Number(alpha))).toEqual(alphas);
  expect(most).toBe(1);
});

it('requests that wait behind another one end with their connection', async () => {
  const { app, port } = await startService();
  const socket = connect(port, '127.0.0.1');
  socket.write(million.repeat(10) + message('/lif/grad', { current: 1, steps: 10 }).repeat(30));
  await expect.poll(() => app.exchangeEnd.open).toBeGreaterThan(30);
  socket.destroy();
  await expect.poll(() => app.exchangeEnd.open).toBe(0);
  await expect.poll(() => [app.engine.arenas.budget.usedBytes, app.engine.arenas.lentBytes]).toEqual([0, 0]);
});

it('a message of many small requests keeps nobody else waiting', async () => {
  const service = await startService();
  const socket = connect(service.port, '127.0.0.1').resume();
  socket.write(message('/lif/grad', { current: 1, steps: 3000 }).repeat(300));
  await expect.poll(() => service.app.exchangeEnd.open).toBeGreaterThan(1);
  expect((await service.request('/livez')).status).toBe(200);
  // Ten of them at most were before it.
  expect(service.app.exchangeEnd.open).toBeGreaterThan(250);
  socket.destroy();
});
