import type { Arena } from '../../../engine/arena.ts';
import { materialize, sliceNumbers, type Numbers, type Values } from '../../../numbers.ts';
import { type pause, SlicedLoops, sliceLength } from '../../../loops.ts';
import { dtypeOf, type Network, type NetworkJob } from '../../../jobs.ts';
import { lanesOf, vectorsOf, type LaneType } from '../ir/lanes.ts';
import type { Kernel, KernelRequest } from '../kernel-cache.ts';
import type { KernelContext, Launch } from '../launch-steps.ts';

/** A step of a network's run, and a part of it. */
export type Step = KernelRequest | Launch | typeof pause;
export type Steps<R> = Generator<Step, R, Kernel | undefined>;

/** A network's numbers in an arena, and its launches over them. Arrays over time have a row for each sample and step, `sample * steps + step`. */
export class NetworkMemory {
  readonly arena: Arena;
  readonly network: Network;
  readonly lanes: LaneType;
  readonly loops = new SlicedLoops();
  /** Rows of arrays over time. */
  readonly rows: number;
  readonly #context: KernelContext;

  constructor(context: KernelContext, job: NetworkJob) {
    this.#context = context;
    this.arena = context.arena;
    this.network = job.network;
    this.lanes = lanesOf[dtypeOf(job)];
    this.rows = job.network.samples * job.network.steps;
  }

  /** Bytes in the arena. */
  putBytes({ buffer, byteOffset, byteLength }: ArrayBufferView): number {
    const bytes = new Uint8Array(buffer, byteOffset, byteLength);
    if (this.arena.holds(bytes)) return byteOffset;
    const address = this.arena.allocate(byteLength);
    this.arena.setBytes(address, bytes);
    return address;
  }

  /** Numbers in the arena, with a vector's room behind them. */
  *put(numbers: Numbers, length: number): Steps<number> {
    const address = this.arena.put(this.lanes.dtype, numbers, length + this.lanes.count, this.loops);
    yield* this.loops.run();
    return address;
  }

  *integers(numbers: Numbers): Steps<Int32Array> {
    const integers = new Int32Array(numbers.length);
    this.loops.add(numbers.length, (from, to) => {
      integers.set(materialize(sliceNumbers(numbers, from, to)), from);
    });
    yield* this.loops.run();
    return integers;
  }

  *launch(
    request: KernelRequest,
    items: number,
    integers: Readonly<Record<string, number>>,
    { parameters = {}, scratchBytes = 0 }: { readonly parameters?: Readonly<Record<string, number>>; readonly scratchBytes?: number } = {},
  ): Steps<void> {
    const kernel = this.#context.kernels.find(request.key) ?? (yield request)!;
    yield { kernel, argumentBlock: kernel.layout.write(this.arena, integers, parameters), vectors: items, scratchBytes };
  }

  padded(neurons: number): number {
    return this.lanes.count * vectorsOf(neurons, this.lanes);
  }

  samplesPerSlice(neurons: number): number {
    return Math.max(1, Math.floor(sliceLength / Math.max(1, neurons)));
  }

  read(address: number, length: number): Values {
    const { bytes, dtype } = this.lanes;
    return this.#context.readBack(this.arena, address, address + bytes * length).numbers(dtype, address, length);
  }

  readIntegers(address: number, length: number): Int32Array {
    return this.#context.readBack(this.arena, address, address + 4 * length).integers(address, length);
  }
}
