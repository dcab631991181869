import { afterEach, expect, it } from 'vitest';
import { pino } from 'pino';
import { RawClient, statusesOf } from './raw-client.ts';
import { Service } from './service.ts';

const good = JSON.stringify({ x: 0, surrogate: 'sigmoid' });
const get = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';

let service: Service | undefined;
afterEach(async () => {
  await service?.stop();
  service = undefined;
});

it('hundreds of silent connections keep nobody from being answered, and are closed', async () => {
  service = await Service.start({ HEADERS_TIMEOUT_MS: '3000' });
  const running = service;
  const clients = await Promise.all(Array.from({ length: 400 }, () => RawClient.open(running)));
  for (let i = 0; i < 50; i++) expect((await running.post('/surrogate/grad', good)).status).toBe(200);
  const answers = await Promise.all(clients.map((client) => client.closed()));
  expect(new Set(answers.map((received) => statusesOf(received).join()))).toEqual(new Set(['408']));
});

it('beyond MAX_CONNECTIONS connections are closed as they come, which the log says once', async () => {
  const lines: string[] = [];
  const logger = pino(
    { level: 'warn' },
    {
      write: (line: string) => {
        lines.push(line);
      },
    },
  );
  service = await Service.start({ MAX_CONNECTIONS: '5' }, { logger });
  const running = service;
  const clients = await Promise.all(Array.from({ length: 5 }, () => RawClient.open(running)));
  const others = await Promise.all(Array.from({ length: 3 }, () => RawClient.open(running)));
  expect(await Promise.all(others.map((client) => client.closed()))).toEqual(['', '', '']);
  for (const client of clients) await expect.poll(() => client.send(get).received).toContain('{"live":true}');
  expect(lines.filter((line) => line.includes('MAX_CONNECTIONS'))).toHaveLength(1);

  clients[0]!.socket.destroy();
  await expect
    .poll(async () =>
      statusesOf(await (await RawClient.open(running)).send(get.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')).closed()),
    )
    .toEqual([200]);
  for (const client of clients) client.socket.destroy();
});

it('MAX_CONNECTIONS=0 is no limit', async () => {
  service = await Service.start({ MAX_CONNECTIONS: '0' });
  const client = await RawClient.open(service);
  await expect.poll(() => client.send(get).received).toContain('{"live":true}');
  client.socket.destroy();
});
