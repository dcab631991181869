// Where the time of one request goes: decode, queue, compute, encode as Server-Timing tells them; what HTTP alone takes; the rest of what the client waits.
import { Pool } from 'undici';
import { markdownTable } from '../support/markdown-table.ts';
import { framedRequest } from '../support/framed-request.ts';
import { quantile } from '../support/statistics.ts';
import { steps } from './cases.ts';

export interface StageCase {
  readonly wire: 'JSON' | 'binary';
  readonly neurons: number;
  readonly requests: number;
}

export interface StageRow extends StageCase {
  /** Medians, in ms. */
  readonly decode: number;
  readonly queue: number;
  readonly compute: number;
  readonly encode: number;
  /** What a server that does nothing takes for as many bytes. */
  readonly bare: number;
  readonly rest: number;
  readonly total: number;
}

export const stageCases: readonly StageCase[] = [
  { wire: 'JSON', neurons: 1000, requests: 300 },
  { wire: 'JSON', neurons: 100_000, requests: 60 },
  { wire: 'binary', neurons: 100_000, requests: 60 },
  { wire: 'binary', neurons: 1_000_000, requests: 30 },
];

const stages = ['decode', 'queue', 'compute', 'encode'] as const;

function requestOf({ wire, neurons }: StageCase): { body: Buffer; headers: Readonly<Record<string, string>> } {
  const current = Float32Array.from({ length: neurons }, (_, b) => 0.5 + (2 * b) / (neurons - 1));
  if (wire === 'JSON') {
    const numbers = Array.from(current, (value) => Number(value.toPrecision(8)));
    return { body: Buffer.from(JSON.stringify({ current: numbers, steps })), headers: { 'content-type': 'application/json' } };
  }
  return framedRequest({ steps }, 'current', current);
}

interface Exchange {
  readonly ms: number;
  readonly bytes: number;
  readonly timing: string;
}

async function exchange(pool: Pool, path: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<Exchange> {
  const start = performance.now();
  const answer = await pool.request({ path, method: 'POST', headers, body });
  // Read and dropped: what the client makes of the numbers is not the service's time.
  let bytes = 0;
  for await (const chunk of answer.body) bytes += (chunk as Uint8Array).length;
  if (answer.statusCode !== 200 || bytes === 0) throw new Error(`${path} answered ${answer.statusCode}`);
  return { ms: performance.now() - start, bytes, timing: String(answer.headers['server-timing']) };
}

/**
 * Sends one request after the other over one connection, in turns with as many bytes to a bare server and back, and says where the time of the
 * middle one goes.
 */
export async function measureStages(url: string, bareUrl: string, one: StageCase): Promise<StageRow> {
  const pool = new Pool(url, { connections: 1 });
  const barePool = new Pool(bareUrl, { connections: 1 });
  const { body, headers } = requestOf(one);
  const times: Record<(typeof stages)[number] | 'bare' | 'total', number[]> = {
    decode: [],
    queue: [],
    compute: [],
    encode: [],
    bare: [],
    total: [],
  };
  try {
    for (let i = -Math.ceil(one.requests / 5); i < one.requests; i++) {
      const { ms, bytes, timing } = await exchange(pool, '/lif/grad', headers, body);
      const bare = await exchange(barePool, '/', { 'x-answer-bytes': `${bytes}` }, body);
      if (i < 0) continue;
      for (const stage of stages) times[stage].push(Number(new RegExp(`${stage};dur=([\\d.]+)`).exec(timing)![1]));
      times.bare.push(bare.ms);
      times.total.push(ms);
    }
  } finally {
    await Promise.all([pool.close(), barePool.close()]);
  }
  const median = (name: keyof typeof times) => quantile(times[name], 0.5);
  const [decode, queue, compute, encode, bare, total] = [
    median('decode'),
    median('queue'),
    median('compute'),
    median('encode'),
    median('bare'),
    median('total'),
  ];
  return { ...one, decode, queue, compute, encode, bare, rest: total - decode - queue - compute - encode - bare, total };
}

/** A Markdown table, as lines. */
export function stageTable(rows: readonly StageRow[]): string[] {
  const ms = (time: number) => time.toFixed(time < 10 ? 2 : 1);
  const head = [
    'wire',
    'neurons',
    'decode ms',
    'queue ms',
    'compute ms',
    'encode ms',
    'bare HTTP ms',
    'rest ms',
    'total ms',
    'compute in decode to encode',
    'compute in total',
  ];
  return markdownTable(
    head,
    rows.map((row) => {
      const within = row.decode + row.queue + row.compute + row.encode;
      const share = (of: number) => `${((100 * row.compute) / of).toFixed(0)} %`;
      return [
        row.wire,
        `${row.neurons}`,
        ...[row.decode, row.queue, row.compute, row.encode, row.bare, row.rest, row.total].map(ms),
        share(within),
        share(row.total),
      ];
    }),
  );
}
