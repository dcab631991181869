import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SimulateAnswer } from './answers.ts';
import { unframe } from './framing.ts';
import { Service } from './service.ts';

interface Tensor {
  dtype: string;
  shape: number[];
  values: number[];
  base64?: string;
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

const post = (body: object, headers: Record<string, string> = {}): Promise<Response> =>
  fetch(`${service.url}/lif/simulate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** 107 neurons, which no block's size divides, over 40,000 steps: 4.28 million numbers a record. */
const [neurons, steps] = [107, 40_000];
const request = { current: { linspace: [0.5, 2.5, neurons] }, steps, neuron: { tau: { linspace: [5, 20, neurons] }, refractory: 1 } };
/** The same for a few neurons only, which is answered in one piece. */
const few = async (record: string[], ...indices: number[]): Promise<SimulateAnswer> => {
  const at = (first: number, last: number) => indices.map((i) => first + (i * (last - first)) / (neurons - 1));
  return (
    await service.post<SimulateAnswer>('/lif/simulate', { current: at(0.5, 2.5), steps, neuron: { tau: at(5, 20), refractory: 1 }, record })
  ).body;
};
const row = (values: ArrayLike<number>, b: number): number[] => Array.prototype.slice.call(values, b * steps, (b + 1) * steps) as number[];

/** Of the run that nobody reads to its end: far fewer are computed before the buffers between here and there are full. */
const blocks = 40;

/** A count once it has not changed for half a second, however slow the machine. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; ;) {
    const now = count();
    if (now === last) return now;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

describe('a run too long to be kept', () => {
  it('streams as bytes what it would answer in one piece, in the order that was asked for', async () => {
    const response = await post(
      { ...request, record: ['v', 'spike_counts', 'spikes', 'spike_times'] },
      { accept: 'application/octet-stream' },
    );
    expect(response.status).toBe(200);
    expect(response.headers.get('content-length')).toBeNull();
    const body = await unframe<
      Record<'v' | 'spike_counts' | 'spikes' | 'spike_times' | 'spike_time_offsets', Tensor> & Pick<SimulateAnswer, 'meta'>
    >(response);
    expect(Object.keys(body)).toEqual(['v', 'spike_counts', 'spikes', 'spike_times', 'spike_time_offsets', 'meta']);
    expect(body.v).toMatchObject({ dtype: 'float32', shape: [neurons, steps] });
    expect(body.spikes).toMatchObject({ dtype: 'uint8', shape: [neurons, steps] });
    expect(body.meta).toMatchObject({ backend: 'wasm' });
    const whole = await few(['v', 'spike_counts'], 0, 52, 106);
    expect([0, 52, 106].map((b) => body.spike_counts.values[b])).toEqual(whole.spike_counts);
    for (const [i, b] of [0, 52, 106].entries()) {
      expect(row(body.v.values, b).map(Math.fround)).toEqual((whole.v as number[][])[i]!.map(Math.fround));
      expect(row(body.spikes.values, b).reduce((sum, one) => sum + one)).toBe(body.spike_counts.values[b]);
    }
  });

  it('streams as JSON and as base64', async () => {
    const whole = (await few(['spikes', 'v_final'], 0, 106)) as { spikes: number[][]; v_final: number[] };
    const json = (await (await post({ ...request, record: ['spikes', 'v_final'] })).json()) as { spikes: number[][]; v_final: number[] };
    expect(json.spikes).toHaveLength(neurons);
    expect(json.spikes.every(({ length }) => length === steps)).toBe(true);
    expect([json.spikes[0], json.spikes[106]]).toEqual(whole.spikes);
    expect([json.v_final[0], json.v_final[106]]).toEqual(whole.v_final);
    const coded = (await (await post({ ...request, record: ['spikes'], encoding: 'base64' })).json()) as {
      spikes: { dtype: string; shape: number[]; base64: string };
    };
    expect(coded.spikes).toMatchObject({ dtype: 'uint8', shape: [neurons, steps] });
    const bytes = Buffer.from(coded.spikes.base64, 'base64');
    expect(bytes.length).toBe(neurons * steps);
    expect(coded.spikes.base64).toBe(bytes.toString('base64'));
    expect(row(bytes, 106)).toEqual(whole.spikes[1]);
  });

  it('streams to inference clients', async () => {
    const body = {
      inputs: [{ name: 'current', shape: [2], datatype: 'FP32', data: [1.5, 2] }],
      parameters: { steps: 2 ** 21, record: 'spikes', binary_data_output: true },
    };
    const response = await fetch(`${service.url}/v2/models/lif_simulate/infer`, { method: 'POST', body: JSON.stringify(body) });
    const { outputs } = await unframe<{ outputs: Tensor[] }>(response);
    expect(outputs[0]).toMatchObject({ name: 'spikes', datatype: 'UINT8', shape: [2, 2 ** 21] });
    expect(outputs[0]!.values).toHaveLength(2 ** 22);
  });

  it('is refused before it begins when it would overflow, or is beyond the limit', async () => {
    const unstable = { current: 1e30, steps: 5_000_000 / 5, dt: 30, neuron: { reset: 'none', v_init: [1, 2, 3, 4, 5] }, record: ['v'] };
    expect((await service.refused('/lif/simulate', unstable)).code).toBe('numerical_overflow');
    const problem = await service.refused('/lif/simulate', { current: { linspace: [0, 1, 20_000] }, steps: 100_000, record: ['v'] });
    expect(problem).toMatchObject({ code: 'too_much_work', status: 413 });
    expect(problem.detail).toContain('would stream an estimated 2000000000 values; the limit is 268435456');
  });

  it('stops when the client goes away', async () => {
    const ran: number[] = [];
    const { engine } = service.app;
    const run = engine.run.bind(engine);
    engine.run = ((...parameters: Parameters<typeof run>) => {
      ran.push(performance.now());
      return run(...parameters);
    }) as typeof run;
    try {
      const sent = httpRequest(`${service.url}/lif/simulate`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/octet-stream' },
      });
      sent.end(JSON.stringify({ current: { linspace: [0.5, 2.5, 1000] }, steps: 100_000, record: ['v'] }));
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      await once(response, 'data');
      response.pause();
      // Nobody reads on: what is computed waits in buffers, and no more is.
      const whileWaiting = await settled(() => ran.length);
      expect(whileWaiting).toBeLessThan(blocks);
      sent.destroy();
      await once(sent, 'close');
      expect(await settled(() => ran.length)).toBeLessThanOrEqual(whileWaiting + 1);
    } finally {
      engine.run = run;
    }
    expect((await service.post('/surrogate/grad', { x: 0, surrogate: 'sigmoid' })).status).toBe(200);
  });
});
