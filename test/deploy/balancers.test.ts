import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Pool } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/config.ts';
import {
  balancers,
  balancerVersion,
  documentedConfiguration,
  startBalancer,
  statsAddress,
  type BalancerName,
} from '../../support/balancers.ts';
import { json } from '../../support/load-client.ts';
import { startService } from '../http/services.ts';

const read = (name: BalancerName) => readFileSync(new URL(`../../deploy/balancers/${balancers[name]}`, import.meta.url), 'utf8');
const { timeouts, limits } = loadConfig({});

/** The number of a setting, in milliseconds where it is a time. */
function setting(name: BalancerName, words: string): number {
  const [, digits, unit] = new RegExp(`^\\s*(?:default-server.*)?\\b${words} (\\d+)(ms|s|m)?\\b`, 'm').exec(read(name)) ?? [];
  if (digits === undefined) throw new Error(`${balancers[name]} has no ${words}`);
  return Number(digits) * { ms: 1, s: 1000, m: 2 ** 20, '': 1 }[unit ?? '']!;
}

describe('what deploy/balancers/ sets fits what the service does by default', () => {
  it.each([
    ['haproxy', 'timeout server'],
    ['haproxy', 'timeout client'],
    ['nginx', 'proxy_read_timeout'],
    ['nginx', 'proxy_send_timeout'],
  ] as const)('%s: %s is longer than a request may take', (name, words) => {
    expect(setting(name, words)).toBeGreaterThan(Math.max(timeouts.requestMs, timeouts.sendMs));
  });

  it('HAProxy looks away within DRAIN_DELAY_MS', () => {
    expect(setting('haproxy', 'inter') + setting('haproxy', 'fastinter')).toBeLessThan(timeouts.drainDelayMs);
  });

  it("shows HAProxy's statistics to its own machine alone", () => {
    expect(read('haproxy').match(/^ *bind .*$/gm)).toEqual(['    bind 127.0.0.1:8404', '    bind :8080']);
  });

  it('nginx closes an idle connection before the service does, and takes the bodies that it takes', () => {
    expect(setting('nginx', 'keepalive_timeout')).toBeLessThan(timeouts.keepAliveMs);
    expect(setting('nginx', 'client_max_body_size')).toBe(limits.bodyBytes);
  });
});

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

/** A replica that is ready, and breaks off every request that computes, as one that is killed does. */
async function startBreakingReplica(): Promise<{ url: string; broken: () => number }> {
  let broken = 0;
  const server = createServer((request, response) => {
    if (request.method === 'GET') response.end('{}');
    else {
      broken++;
      request.resume().once('end', () => request.socket.destroy());
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  stops.push(() => {
    server.close().closeAllConnections();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, broken: () => broken };
}

async function startInFront(name: BalancerName, urls: readonly string[]): Promise<string> {
  const balancer = await startBalancer(name, (port) => documentedConfiguration(name, port, urls));
  stops.push(() => balancer.stop());
  return balancer.url;
}

async function statusesOf(url: string, times: number, body: object, localAddress = '127.0.0.1'): Promise<number[]> {
  const pool = new Pool(url, { connections: 1, localAddress });
  stops.push(() => pool.destroy());
  const statuses: number[] = [];
  for (let i = 0; i < times; i++) {
    const answer = await pool.request({ method: 'POST', ...json('/surrogate/grad', body) });
    await answer.body.dump();
    statuses.push(answer.statusCode);
  }
  return statuses;
}

for (const name of Object.keys(balancers) as BalancerName[]) {
  const isThere = balancerVersion(name) !== undefined;
  if (!isThere)
    console.warn(`SKIPPED: ${balancers[name]} of deploy/balancers/, because there is no ${name}; Debian's package ${name} has it.`);

  describe.skipIf(!isThere)(`${balancers[name]} of deploy/balancers/`, () => {
    it('sends a request whose replica ends to another', async () => {
      const [breaking, service] = [await startBreakingReplica(), await startService()];
      const url = await startInFront(name, [breaking.url, service.url]);
      expect(await statusesOf(url, 6, { x: [0, 1], surrogate: 'erf' })).toEqual([200, 200, 200, 200, 200, 200]);
      expect(breaking.broken()).toBeGreaterThan(0);
    });

    it('sends a request that ends its replicas to two at most', async () => {
      const replicas = [await startBreakingReplica(), await startBreakingReplica(), await startBreakingReplica()];
      const url = await startInFront(
        name,
        replicas.map((replica) => replica.url),
      );
      expect(await statusesOf(url, 1, { x: 0, surrogate: 'erf' })).toEqual([502]);
      expect(replicas.reduce((sum, { broken }) => sum + broken(), 0)).toBe(2);
    });

    it('passes a body of megabytes', async () => {
      const service = await startService();
      const x = { dtype: 'float32', shape: [500_000], base64: Buffer.alloc(2_000_000).toString('base64') };
      const url = await startInFront(name, [service.url]);
      expect(await statusesOf(url, 2, { x, surrogate: 'erf', encoding: 'base64' })).toEqual([200, 200]);
    });

    it.runIf(name === 'haproxy')('shows which replicas are up', async () => {
      const [service, gone] = [await startService(), 'http://127.0.0.1:1'];
      const url = await startInFront(name, [service.url, gone]);
      const states = async () => {
        const csv = await (await fetch(`http://${statsAddress(Number(new URL(url).port))}/;csv`)).text();
        return [...csv.matchAll(/^replicas,(replica-\d),.*?,(UP|DOWN)\b/gm)].map(([, replica, state]) => `${replica!} ${state!}`);
      };
      await expect.poll(states, { timeout: 5000 }).toEqual(['replica-1 UP', 'replica-2 DOWN']);
    });

    it('tells the service whose address to limit', async () => {
      const service = await startService({ RATE_LIMIT_MAX: '1', TRUST_PROXY: '127.0.0.1' });
      const url = await startInFront(name, [service.url]);
      const body = { x: 0, surrogate: 'erf' };
      expect(await statusesOf(url, 2, body, '127.0.0.2')).toEqual([200, 429]);
      expect(await statusesOf(url, 2, body, '127.0.0.3')).toEqual([200, 429]);
    });
  });
}
