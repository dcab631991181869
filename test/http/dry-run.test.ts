import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

interface Outline {
  shape: number[];
  dtype: string;
  bytes: number;
}
interface DryRun {
  dry_run: boolean;
  estimate: {
    elements: number;
    memory_bytes: number;
    answer_bytes: { binary: number; json: number; base64: number };
    compute_ms: number;
    queue_ms: number;
  };
  meta: object;
  results?: { grad: Record<string, Outline> }[];
}

/** The shape of nested arrays. */
const shapeOf = (tensor: unknown): number[] =>
  Array.isArray(tensor) ? [tensor.length, ...(tensor.length > 0 ? shapeOf(tensor[0]) : [])] : [];

/** Holds the outlines of a dry run against the tensors of the answer itself. */
function compare(outline: unknown, answer: unknown, path: string): void {
  if (typeof outline === 'object' && outline !== null && 'shape' in outline) {
    expect(shapeOf(answer), path).toEqual((outline as Outline).shape);
  } else if (typeof outline === 'object' && outline !== null && !('rows' in outline)) {
    for (const [key, child] of Object.entries(outline)) compare(child, (answer as Record<string, unknown>)[key], `${path}/${key}`);
  }
}

const current = { linspace: [0.5, 2.5, 6] };
const requests: [string, object][] = [
  [
    '/surrogate/eval',
    {
      x: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      surrogate: ['sigmoid', { name: 'arctan', alpha: 2 }],
    },
  ],
  ['/surrogate/grad', { x: 0, surrogate: 'erf' }],
  ['/lif/simulate', { current, steps: 40, record: ['spike_counts', 'firing_rates', 'spike_times', 'spikes', 'v', 'v_final'] }],
  [
    '/lif/grad',
    {
      current,
      steps: 40,
      surrogate: ['sigmoid', 'erf'],
      wrt: ['current', 'tau', 'v_reset'],
      neuron: { tau: [10, 11, 12, 13, 14, 15], v_reset: 0 },
    },
  ],
];

describe('a dry run', () => {
  it.each(requests)('of %s describes the answer', async (path, request) => {
    const { status, body } = await service.post<DryRun>(path, { ...request, dry_run: true });
    expect(status).toBe(200);
    const { dry_run, estimate, meta, ...outline } = body;
    expect(dry_run).toBe(true);
    expect(meta).toEqual({ backend: 'wasm', device: 'cpu', dtype: 'float32' });
    const { body: answer } = await service.post<Record<string, unknown>>(path, request);
    expect([...Object.keys(outline), 'meta']).toEqual(Object.keys(answer));
    compare(outline, answer, '');
    expect(estimate.elements).toBeGreaterThan(0);
    expect(estimate.compute_ms).toBeGreaterThanOrEqual(0);
    expect(estimate.queue_ms).toBe(0);
  });

  it('counts bytes as they are sent', async () => {
    const request = { current, steps: 40, record: ['spikes', 'v', 'spike_counts'] };
    const { body } = await service.post<DryRun & Record<string, Outline>>('/lif/simulate', { ...request, dry_run: true });
    expect(body.spikes).toEqual({ shape: [6, 40], dtype: 'uint8', bytes: 240 });
    expect(body.v).toEqual({ shape: [6, 40], dtype: 'float32', bytes: 960 });
    expect(body.spike_counts).toEqual({ shape: [6], dtype: 'int32', bytes: 24 });
    expect(body.estimate.answer_bytes.binary).toBe(1224);
    const response = await service.send('/lif/simulate', {
      body: new TextEncoder().encode(JSON.stringify(request)),
      headers: { 'content-type': 'application/json', accept: 'application/octet-stream' },
    });
    const bytes = (await response.arrayBuffer()).byteLength;
    expect(bytes - Number(response.headers.get('inference-header-content-length'))).toBe(1224);
    for (const encoding of ['json', 'base64'] as const) {
      const { body: answer } = await service.post<object>('/lif/simulate', { ...request, encoding });
      const written = JSON.stringify(answer).length;
      expect(body.estimate.answer_bytes[encoding]).toBeGreaterThanOrEqual(written);
      expect(body.estimate.answer_bytes[encoding]).toBeLessThan(3 * written + 4096);
    }
  });

  it('is refused, as the run is, where brackets would make a long answer of no numbers', async () => {
    const x = { shape: [65_536, ...new Array<number>(62).fill(1), 0], data: [] };
    for (const dry_run of [true, false]) {
      const problem = await service.refused('/surrogate/eval', { x, surrogate: new Array(1024).fill('erf'), dry_run });
      expect(problem).toMatchObject({ status: 413, code: 'too_much_work' });
      expect(problem.detail).toMatch(/an estimated \d+ bytes; the limit is \d+/);
    }
  });

  it('runs nothing: a job of an hour is described at once, by the back-end that it wishes for', async () => {
    const { body } = await service.post<DryRun>('/lif/grad', {
      current: { linspace: [0, 2, 1000] },
      steps: 9000,
      backend: 'reference',
      dry_run: true,
    });
    expect(body.meta).toEqual({ backend: 'reference', device: 'cpu', dtype: 'float64' });
    expect(body.estimate).toMatchObject({ elements: 9e6, compute_ms: 4500 });
  });

  it('counts float64 as what it takes: twice the bytes, in the arithmetic of its answer', async () => {
    const request = { current: { linspace: [0, 2, 1000] }, steps: 1e6, wrt: ['current', 'tau'], dry_run: true };
    const [single, double] = await Promise.all(
      [{}, { dtype: 'float64' }].map(async (changes) => (await service.post<DryRun>('/lif/grad', { ...request, ...changes })).body),
    );
    expect(double!.meta).toEqual({ backend: 'wasm', device: 'cpu', dtype: 'float64' });
    expect(double!.results![0]!.grad).toMatchObject({ current: { dtype: 'float64', bytes: 8000 } });
    expect(double!.estimate.memory_bytes).toBe(2 * single!.estimate.memory_bytes);
    expect(double!.estimate.compute_ms).toBeGreaterThan(single!.estimate.compute_ms);
  });

  it('is refused for what is not valid, or too much, as the run would be', async () => {
    expect(await service.refused('/lif/grad', { current, steps: 0, dry_run: true })).toMatchObject({ status: 400 });
    expect(await service.refused('/lif/grad', { current, steps: 1e10, dry_run: true })).toMatchObject({
      status: 413,
      code: 'too_much_work',
    });
    expect(await service.refused('/lif/grad', { current, steps: 10, dry_run: 1 })).toMatchObject({ status: 400 });
  });

  it('has no form in the inference protocol, which says so', async () => {
    const body = { inputs: [{ name: 'x', shape: [1], datatype: 'FP32', data: [1] }], parameters: { surrogate: 'erf', dry_run: true } };
    const { status, body: answer } = await service.post<{ error: string }>('/v2/models/surrogate_grad/infer', body);
    expect(status).toBe(400);
    expect(answer.error).toContain('/parameters/dry_run');
  });
});
