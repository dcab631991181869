// How long large JSON bodies keep the event loop from other requests.
import { Pool } from 'undici';
import { markdownTable } from '../support/markdown-table.ts';

export interface PauseRow {
  readonly neurons: number;
  readonly requestMegabytes: number;
  /** The longest that the event loop was late while those requests ran, and while none did; in ms. */
  readonly longest: number;
  readonly idle: number;
}

/** Up to a body of 40 MB. */
export const pauseSizes = [100_000, 1_000_000, 4_000_000] as const;

/** Since the last time that it was asked. */
async function maxPause(pool: Pool): Promise<number> {
  const { body } = await pool.request({ path: '/metrics', method: 'GET' });
  return 1000 * Number(/^nodejs_eventloop_lag_max_seconds ([\d.e-]+)$/m.exec(await body.text())![1]);
}

/** Sends a large JSON body several times, one after the other. */
export async function measurePauses(url: string, neurons: number): Promise<PauseRow> {
  const pool = new Pool(url, { connections: 1 });
  const current = Array.from({ length: neurons }, (_, b) => Number((0.5 + (2 * b) / (neurons - 1)).toPrecision(8)));
  const body = Buffer.from(JSON.stringify({ current, steps: 10 }));
  const send = async () => {
    const answer = await pool.request({ path: '/lif/grad', method: 'POST', headers: { 'content-type': 'application/json' }, body });
    if (answer.statusCode !== 200) throw new Error(`/lif/grad answered ${answer.statusCode}`);
    await answer.body.arrayBuffer();
  };
  try {
    // The first one starts threads and lets memory grow.
    await send();
    await maxPause(pool);
    for (let i = 0; i < 5; i++) await send();
    const longest = await maxPause(pool);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return { neurons, requestMegabytes: body.length / 1e6, longest, idle: await maxPause(pool) };
  } finally {
    await pool.close();
  }
}

/** A Markdown table, as lines. */
export function pauseTable(rows: readonly PauseRow[]): string[] {
  const head = ['JSON body of `/lif/grad`', 'neurons', 'longest delay of the event loop, ms', 'the same while nothing runs'];
  return markdownTable(
    head,
    rows.map(({ neurons, requestMegabytes, longest, idle }) => [
      `${requestMegabytes.toFixed(0)} MB`,
      `${neurons}`,
      longest.toFixed(1),
      idle.toFixed(1),
    ]),
  );
}
