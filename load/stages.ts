// Where the time of one request goes: decode, queue, compute, encode as Server-Timing tells them, and the rest of what the client waits.
import { Pool } from 'undici';
import { quantile } from './statistics.ts';
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

function requestOf({ wire, neurons }: StageCase): { body: Buffer; headers: Record<string, string> } {
  const current = Float32Array.from({ length: neurons }, (_, b) => 0.5 + (2 * b) / (neurons - 1));
  if (wire === 'JSON') {
    const numbers = Array.from(current, (value) => Number(value.toPrecision(8)));
    return { body: Buffer.from(JSON.stringify({ current: numbers, steps })), headers: { 'content-type': 'application/json' } };
  }
  const json = Buffer.from(JSON.stringify({ current: { dtype: 'float32', shape: [neurons], binary_data_size: current.byteLength }, steps }));
  const headers = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream', 'inference-header-content-length': String(json.length) };
  return { body: Buffer.concat([json, Buffer.from(current.buffer)]), headers };
}

/** Sends one request after the other over one connection, and says where the time of the middle one goes. */
export async function measureStages(url: string, one: StageCase): Promise<StageRow> {
  const pool = new Pool(url, { connections: 1 });
  const { body, headers } = requestOf(one);
  const times: Record<(typeof stages)[number] | 'rest' | 'total', number[]> = { decode: [], queue: [], compute: [], encode: [], rest: [], total: [] };
  try {
    for (let i = -Math.ceil(one.requests / 5); i < one.requests; i++) {
      const start = performance.now();
      const answer = await pool.request({ path: '/lif/grad', method: 'POST', headers, body });
      // Read and dropped: what the client makes of the numbers is not the service's time.
      let received = 0;
      for await (const chunk of answer.body) received += (chunk as Uint8Array).length;
      const total = performance.now() - start;
      if (answer.statusCode !== 200 || received === 0) throw new Error(`/lif/grad answered ${answer.statusCode}`);
      if (i < 0) continue;
      const timing = String(answer.headers['server-timing']);
      let known = 0;
      for (const stage of stages) {
        const ms = Number(new RegExp(`${stage};dur=([\\d.]+)`).exec(timing)![1]);
        times[stage].push(ms);
        known += ms;
      }
      times.rest.push(total - known);
      times.total.push(total);
    }
  } finally {
    await pool.close();
  }
  const median = (name: keyof typeof times) => quantile(times[name], 0.5);
  return { ...one, decode: median('decode'), queue: median('queue'), compute: median('compute'), encode: median('encode'), rest: median('rest'), total: median('total') };
}

/** A Markdown table, as lines. */
export function stageTable(rows: readonly StageRow[]): string[] {
  const ms = (time: number) => time.toFixed(time < 10 ? 2 : 1);
  return [
    '| wire | neurons | decode ms | queue ms | compute ms | encode ms | rest ms | total ms | compute / total |',
    '|---|---|---|---|---|---|---|---|---|',
    ...rows.map((row) => `| ${[row.wire, row.neurons, ms(row.decode), ms(row.queue), ms(row.compute), ms(row.encode), ms(row.rest), ms(row.total), `${((100 * row.compute) / row.total).toFixed(0)} %`].join(' | ')} |`),
  ];
}
