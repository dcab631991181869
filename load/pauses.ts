// How long large JSON bodies keep the event loop from other requests.
import { Pool } from 'undici';

export interface PauseRow {
  readonly neurons: number;
  readonly requestMegabytes: number;
  /** The longest that the event loop was late while those requests ran, and while none did; in ms. */
  readonly longest: number;
  readonly idle: number;
}

/** Since the last time that it was asked. */
async function longestPause(pool: Pool): Promise<number> {
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
    await longestPause(pool);
    for (let i = 0; i < 5; i++) await send();
    const longest = await longestPause(pool);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    return { neurons, requestMegabytes: body.length / 1e6, longest, idle: await longestPause(pool) };
  } finally {
    await pool.close();
  }
}
