import { framedRequest } from '../../support/framed-request.ts';
import type { PeerName } from './peers.ts';

/** One request, and how the numbers of its answer are read. */
export interface Call {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /**
   * Spike counts, where there are some, and the gradient.
   *
   * @param jsonBytes of the answer's JSON, where bytes follow it.
   */
  read(answer: Buffer, jsonBytes: number): Numbers;
}

/** [B], and [B] or [B, T]. */
export interface Numbers {
  readonly counts?: readonly number[] | Int32Array | Float32Array;
  readonly grad: readonly number[] | Float32Array;
}

/** The same work asked of us and of a peer. */
export interface Work {
  readonly name: string;
  readonly peer: PeerName;
  readonly connections: number;
  /** The ratio of our rate to the peer's that is aimed at. */
  readonly aim: number;
  readonly ours: Call;
  readonly theirs: Call;
}

const json = { 'content-type': 'application/json' };
const octets = { 'content-type': 'application/octet-stream' };
const [steps, tau, dt, alpha] = [100, 10, 1, 4];
const sigmoid = { name: 'sigmoid', alpha };

function spread(length: number, from: number, to: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => from + ((to - from) * i) / Math.max(1, length - 1));
}

function text(body: object): Buffer {
  return Buffer.from(JSON.stringify(body));
}

/** What a client prints that knows of float32. */
function digits(values: Float32Array): number[] {
  return Array.from(values, (value) => Number(value.toPrecision(8)));
}

function floats(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

/** After the JSON: the loss and the spike counts of every neuron, then the gradient. */
function readFramedGradient(answer: Buffer, jsonBytes: number): Numbers {
  const { results } = JSON.parse(answer.subarray(0, jsonBytes).toString()) as { results: [{ loss: { shape: [number] } }] };
  const perNeuron = 4 * results[0].loss.shape[0];
  const counts = answer.subarray(jsonBytes + perNeuron, jsonBytes + 2 * perNeuron);
  return { counts: new Int32Array(Uint8Array.from(counts).buffer), grad: floats(answer.subarray(jsonBytes + 2 * perNeuron)) };
}

function readJsonGradient(answer: Buffer): Numbers {
  const { results } = JSON.parse(answer.toString()) as { results: [{ spike_counts: number[]; grad: { current: number[] } }] };
  return { counts: results[0].spike_counts, grad: results[0].grad.current };
}

/** Counts, then the gradient, all of them floats. */
function readTheirBytes(neurons: number): Call['read'] {
  return (answer) => {
    const values = floats(answer);
    return { counts: values.subarray(0, neurons), grad: values.subarray(neurons) };
  };
}

const readTheirJson: Call['read'] = (answer) => JSON.parse(answer.toString()) as Numbers;

const neuron = { steps, dt, neuron: { tau }, surrogate: sigmoid, wrt: ['current'] };

function jsonGradient(peer: PeerName, neurons: number, connections: number, aim: number): Work {
  const current = digits(spread(neurons, 0.5, 2.5));
  return {
    name: `\`/lif/grad\`, ${neurons} neurons, ${steps} steps, JSON`,
    peer,
    connections,
    aim,
    ours: { path: '/lif/grad', headers: json, body: text({ current, ...neuron }), read: readJsonGradient },
    theirs: { path: '/lif/grad', headers: json, body: text({ current, steps, tau, dt }), read: readTheirJson },
  };
}

function binaryGradient(neurons: number, aim: number): Work {
  const current = spread(neurons, 0.5, 2.5);
  return {
    name: `\`/lif/grad\`, ${neurons} neurons, ${steps} steps, binary`,
    peer: 'JAX',
    connections: 1,
    aim,
    ours: { path: '/lif/grad', ...framedRequest(neuron, 'current', current), read: readFramedGradient },
    theirs: {
      path: `/lif/grad.bin?steps=${steps}&tau=${tau}&dt=${dt}`,
      headers: octets,
      body: Buffer.from(current.buffer),
      read: readTheirBytes(neurons),
    },
  };
}

function perStepGradient(neurons: number, runSteps: number, aim: number): Work {
  const current = Float32Array.from({ length: neurons * runSteps }, (_, i) => 1.5 + Math.sin(i * 0.7) + Math.floor(i / runSteps) / neurons);
  return {
    name: `\`/lif/grad\`, ${neurons} neurons, ${runSteps} steps, current and gradient per step, binary`,
    peer: 'JAX',
    connections: 1,
    aim,
    ours: {
      path: '/lif/grad',
      ...framedRequest({ ...neuron, steps: runSteps }, 'current', current, [neurons, runSteps]),
      read: readFramedGradient,
    },
    theirs: {
      path: `/lif/grad.steps.bin?neurons=${neurons}&tau=${tau}&dt=${dt}`,
      headers: octets,
      body: Buffer.from(current.buffer),
      read: readTheirBytes(neurons),
    },
  };
}

function surrogateBytes(values: number, aim: number): Work {
  const x = spread(values, -3, 3);
  return {
    name: `\`/surrogate/grad\`, ${values} values, binary`,
    peer: 'JAX',
    connections: 1,
    aim,
    ours: {
      path: '/surrogate/grad',
      ...framedRequest({ surrogate: sigmoid }, 'x', x),
      read: (answer, jsonBytes) => ({ grad: floats(answer.subarray(jsonBytes)) }),
    },
    theirs: {
      path: `/surrogate/grad.bin?alpha=${alpha}`,
      headers: octets,
      body: Buffer.from(x.buffer),
      read: (answer) => ({ grad: floats(answer) }),
    },
  };
}

function surrogateJson(values: number, aim: number): Work {
  const x = digits(spread(values, -3, 3));
  return {
    name: `\`/surrogate/grad\`, ${values} values, JSON`,
    peer: 'JAX',
    connections: 1,
    aim,
    ours: {
      path: '/surrogate/grad',
      headers: json,
      body: text({ x, surrogate: sigmoid }),
      read: (answer) => ({ grad: (JSON.parse(answer.toString()) as { results: [{ grad: number[] }] }).results[0].grad }),
    },
    theirs: { path: '/surrogate/grad', headers: json, body: text({ x, alpha }), read: readTheirJson },
  };
}

/** All that is measured. */
export function peerWorks(): readonly Work[] {
  return [
    jsonGradient('JAX', 50, 16, 5),
    jsonGradient('JAX', 1000, 16, 3),
    jsonGradient('JAX', 100_000, 4, 5),
    binaryGradient(100_000, 10),
    binaryGradient(1_000_000, 8),
    perStepGradient(1000, 1000, 5),
    surrogateBytes(1_000_000, 2),
    surrogateJson(1_000_000, 3),
    jsonGradient('PyTorch', 50, 16, 100),
  ];
}
