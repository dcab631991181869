/**
 * The service from TypeScript or JavaScript, with nothing but fetch: JSON, and tensors as bytes both ways.
 *
 *   SURROGATE_URL=http://127.0.0.1:3000 npx tsx examples/fetch.ts
 */
const url = process.env.SURROGATE_URL ?? 'http://127.0.0.1:3000';

/** What is sent and received as bytes; the numbers are row-major. */
interface Tensor<Values = Float32Array> {
  readonly shape: readonly number[];
  readonly values: Values;
}

/** A request whose tensors are bytes: JSON that announces them, and behind it the bytes in the same order. */
function frame(request: unknown): RequestInit {
  const tensors: Float32Array<ArrayBuffer>[] = [];
  const json = JSON.stringify(request, (_name, node: unknown) => {
    if (!isTensor(node)) return node;
    tensors.push(node.values);
    return { dtype: 'float32', shape: node.shape, binary_data_size: node.values.byteLength };
  });
  const head = new TextEncoder().encode(json);
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/octet-stream',
      'inference-header-content-length': String(head.length),
      accept: 'application/octet-stream',
    },
    body: new Blob([head, ...tensors]),
  };
}

function isTensor(node: unknown): node is Tensor<Float32Array<ArrayBuffer>> {
  return typeof node === 'object' && node !== null && 'values' in node && node.values instanceof Float32Array;
}

const types = { float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

interface Announced {
  readonly dtype: keyof typeof types;
  readonly shape: readonly number[];
  readonly binary_data_size: number;
}

/** The answer to such a request, with each tensor in the place where the JSON announces it. */
async function unframe<Answer>(response: Response): Promise<Answer> {
  await check(response);
  const bytes = await response.arrayBuffer();
  let offset = Number(response.headers.get('inference-header-content-length'));
  const json = new TextDecoder().decode(bytes.slice(0, offset));
  return JSON.parse(json, (_name, node: unknown) => {
    if (!isAnnounced(node)) return node;
    const values = new types[node.dtype](bytes.slice(offset, offset + node.binary_data_size));
    offset += node.binary_data_size;
    return { shape: node.shape, values };
  }) as Answer;
}

function isAnnounced(node: unknown): node is Announced {
  return typeof node === 'object' && node !== null && 'binary_data_size' in node;
}

async function postJson<Answer>(path: string, request: unknown): Promise<Answer> {
  const response = await fetch(url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  await check(response);
  return (await response.json()) as Answer;
}

async function postFramed<Answer>(path: string, request: unknown): Promise<Answer> {
  return unframe<Answer>(await fetch(url + path, frame(request)));
}

/** Throws what the service says was wrong with the request. */
async function check(response: Response): Promise<void> {
  if (response.ok) return;
  const { detail } = (await response.json()) as { detail: string };
  throw new Error(`${response.status}: ${detail}`);
}

function statistics(values: ArrayLike<number>): string {
  const numbers = Array.from(values);
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  return `mean ${mean.toFixed(4)}, max ${Math.max(...numbers).toFixed(4)}, min ${Math.min(...numbers).toFixed(4)}`;
}

const surrogate = await postJson<{ results: [{ grad: number }] }>('/surrogate/grad', { x: 0, surrogate: { name: 'sigmoid', alpha: 4 } });
console.log(`the sigmoid's gradient at 0: ${surrogate.results[0].grad}`);

const run = await postJson<{ firing_rates: number[]; spike_times: number[][] }>('/lif/simulate', {
  current: 1.5,
  steps: 500,
  record: ['firing_rates', 'spike_times'],
});
console.log(`spikes at ${run.spike_times[0]!.join(', ')} ms: ${run.firing_rates[0]!} Hz`);

const inJson = await postJson<{ results: [{ grad: { current: number[] } }] }>('/lif/grad', {
  current: { linspace: [0.5, 2.5, 50] },
  steps: 100,
});
console.log(`gradient in JSON: ${statistics(inJson.results[0].grad.current)}`);

const current = Float32Array.from({ length: 50 }, (_, b) => 0.5 + (2 * b) / 49);
const framed = await postFramed<{ results: [{ grad: { current: Tensor } }] }>('/lif/grad', {
  current: { shape: [50], values: current },
  steps: 100,
});
console.log(`gradient as bytes: ${statistics(framed.results[0].grad.current.values)}`);

const { spikes } = await postFramed<{ spikes: Tensor<Uint8Array> }>('/lif/simulate', { current: 1.5, steps: 500, record: ['spikes'] });
const steps = Array.from(spikes.values).flatMap((spike, step) => (spike === 1 ? [step] : []));
console.log(`spikes as bytes, of shape [${spikes.shape.join(', ')}]: at steps ${steps.join(', ')}`);
