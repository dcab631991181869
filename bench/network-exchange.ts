import type { Engine } from '../src/compute/engine/engine.ts';
import { answered, RequestScope } from '../src/compute/engine/request-scope.ts';
import type { Numbers } from '../src/compute/numbers.ts';
import { jobBytes } from '../src/compute/job-size.ts';
import type { Network, NetworkGradJob, NetworkGradResult } from '../src/compute/jobs.ts';
import { networkGradPlan } from '../src/requests/networks/network-plans.ts';
import { BytesTensor } from '../support/framed-request.ts';
import type { Contender } from './turns.ts';

const unlimited = {
  bodyBytes: Infinity,
  neuronSteps: Infinity,
  referenceNeuronSteps: Infinity,
  resultValues: Infinity,
  streamedValues: Infinity,
};

/** The job of a request, with its input and weights as float32 in an arena, where a body's numbers lie. It can be run again and again. */
export class NetworkExchange implements Contender {
  readonly work = 1;
  readonly #engine: Engine;
  readonly #job: NetworkGradJob;
  readonly #scope: RequestScope;
  readonly #mark: number;

  /** @param request whose tensors are bytes. */
  constructor(engine: Engine, request: object) {
    this.#engine = engine;
    this.#scope = new RequestScope(engine.arenas);
    const { arena } = this.#scope.memory;
    const { job } = networkGradPlan(inBase64(request) as Parameters<typeof networkGradPlan>[0], unlimited);
    const put = (numbers: Numbers): Numbers => arena.floats(arena.put('float32', numbers, numbers.length), numbers.length);
    this.#job = { ...job, network: placed(job.network, put) };
    this.#mark = arena.mark();
    this.#scope.memory.reserve(this.#mark + jobBytes(this.#job));
  }

  /** Bytes of its arena. */
  get arenaBytes(): number {
    return this.#scope.memory.arena.byteLength;
  }

  async run(): Promise<void> {
    await this.gradient();
  }

  /** What stays until it is run again. */
  async gradient(): Promise<NetworkGradResult> {
    const { arena } = this.#scope.memory;
    arena.release(this.#mark);
    return (await this.#engine.run(this.#job, undefined, { arena })).result;
  }

  close(): void {
    this.#scope.memory.poison();
    this.#scope.end(answered);
  }
}

/** A request with its tensors in JSON. */
function inBase64(request: object): unknown {
  return JSON.parse(
    JSON.stringify(request, (_name, node: unknown) =>
      node instanceof BytesTensor ? { dtype: node.dtype, shape: node.shape, base64: node.bytes.toString('base64') } : node,
    ),
  );
}

function placed(network: Network, put: (numbers: Numbers) => Numbers): Network {
  const { input, layers } = network;
  return {
    ...network,
    input:
      input.form === 'dense'
        ? { form: 'dense', values: put(input.values) }
        : { form: 'events', sample: put(input.sample), neuron: put(input.neuron), step: put(input.step) },
    layers: layers.map((layer) => ({ ...layer, weight: put(layer.weight), ...(layer.recurrent && { recurrent: put(layer.recurrent) }) })),
  };
}
