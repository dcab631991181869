// Opens ten thousand connections that say nothing, and measures what they cost the server and whoever still asks it something.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

import { footprintOf } from '../support/load-client.ts';
import { startServer } from '../support/servers.ts';
import { quantile } from '../support/statistics.ts';

const { values: options } = parseArgs({ options: { connections: { type: 'string', default: '10000' } } });
const wanted = Number(options.connections);
/** Opened at a time: the system keeps only so many waiting until the server accepts them. */
const atOnce = 200;
const headersSeconds = 5;
const request = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';

function openOne(port: number): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(undefined);
    });
    socket.on('error', () => undefined);
  });
}

/** As many connections as can be had. */
async function openMany(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const opened = await Promise.all(Array.from({ length: Math.min(atOnce, count - sockets.length) }, () => openOne(port)));
    const good = opened.filter((socket) => socket !== undefined);
    sockets.push(...good);
    if (good.length < opened.length) break;
  }
  return sockets;
}

/** Sends a request on every connection and waits for all answers. */
async function askOnEach(sockets: readonly Socket[]): Promise<void> {
  for (let from = 0; from < sockets.length; from += atOnce) {
    await Promise.all(
      sockets.slice(from, from + atOnce).map(
        (socket) =>
          new Promise<void>((resolve) => {
            socket.once('data', () => {
              resolve();
            });
            socket.write(request);
          }),
      ),
    );
  }
}

/** Resident memory of a process once it has settled, in bytes. */
async function memoryOf(pid: number): Promise<number> {
  await sleep(2000);
  return footprintOf(pid).residentMegabytes * 2 ** 20;
}

/** Milliseconds that small gradients take, each asked for when the one before it is there. */
async function latencies(url: string): Promise<number[]> {
  const body = JSON.stringify({ current: [0.5, 1.5, 2.5], steps: 100 });
  const times: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const from = performance.now();
    const response = await fetch(`${url}/lif/grad`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`/lif/grad answered ${response.status}`);
    times.push(performance.now() - from);
  }
  return times;
}

function say(what: string, bytes: number, count: number, times: readonly number[]): void {
  const each = count === 0 ? '' : `, ${(bytes / count / 1024).toFixed(1)} KiB each`;
  console.log(
    `${what}: ${(bytes / 2 ** 20).toFixed(0)} MiB more${each}; /lif/grad takes ${quantile(times, 0.5).toFixed(2)} ms, 99 % at most ${quantile(times, 0.99).toFixed(2)} ms`,
  );
}

async function measureCost(): Promise<void> {
  const server = await startServer(['dist/server.js'], {
    LOG_LEVEL: 'silent',
    COMPUTE_BACKEND: 'wasm',
    HEADERS_TIMEOUT_MS: '600000',
    RECEIVE_TIMEOUT_MS: '600000',
    KEEP_ALIVE_TIMEOUT_MS: '600000',
  });
  try {
    await latencies(server.url);
    const times = await latencies(server.url);
    const before = await memoryOf(server.pid);
    say('No connection', 0, 0, times);
    const sockets = await openMany(Number(new URL(server.url).port), wanted);
    if (sockets.length < wanted) console.log(`The system allowed ${sockets.length} of ${wanted} connections (ulimit -n)`);
    say(`${sockets.length} silent connections`, (await memoryOf(server.pid)) - before, sockets.length, await latencies(server.url));
    await askOnEach(sockets);
    say('The same after a request on each', (await memoryOf(server.pid)) - before, sockets.length, await latencies(server.url));
    for (const socket of sockets) socket.destroy();
    say('All closed', (await memoryOf(server.pid)) - before, 0, await latencies(server.url));
  } finally {
    await server.stop();
  }
}

async function measureClosing(): Promise<void> {
  const server = await startServer(['dist/server.js'], {
    LOG_LEVEL: 'silent',
    COMPUTE_BACKEND: 'wasm',
    HEADERS_TIMEOUT_MS: `${headersSeconds * 1000}`,
  });
  try {
    const from = performance.now();
    const sockets = await openMany(Number(new URL(server.url).port), wanted);
    const openedMs = performance.now() - from;
    await Promise.all(
      sockets.map(
        (socket) =>
          new Promise<void>((resolve) => {
            if (socket.destroyed) resolve();
            socket.once('close', () => {
              resolve();
            });
            socket.resume();
          }),
      ),
    );
    console.log(
      `${sockets.length} silent connections, opened in ${(openedMs / 1000).toFixed(1)} s, were all closed ${((performance.now() - from - openedMs) / 1000).toFixed(1)} s later; HEADERS_TIMEOUT_MS is ${headersSeconds} s`,
    );
    await latencies(server.url);
  } finally {
    await server.stop();
  }
}

await measureCost();
await measureClosing();
