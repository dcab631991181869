import { totalOf, type Operations } from '../src/compute/backends/wasm/codegen/kernel-wat.ts';

/** What each instruction takes when nothing else runs, in multiples of an operation at the machine's peak. */
export type InstructionCosts = Readonly<Record<string, number>>;

/** The least that a vector's operations can take. */
export interface Limit {
  readonly operations: number;
  /** In operations at the machine's peak. */
  readonly least: number;
  /** What takes that long: `operations`, `divider`, or one instruction's name. */
  readonly by: string;
}

/** Division and square root share one unit of the processor. */
const divider = /\.(?:div|sqrt)$/;

/**
 * No kernel is faster than its operations at the machine's peak, nor than all of one kind in it are alone. Waiting for each
 * other, and moving values between registers and memory, come on top.
 */
export function limitOf(operations: Operations, costs: InstructionCosts): Limit {
  const total = totalOf(operations);
  const alone: Record<string, number> = {};
  for (const [name, count] of Object.entries(operations)) {
    const unit = divider.test(name) ? 'divider' : name;
    alone[unit] = (alone[unit] ?? 0) + count * costs[name]!;
  }
  const [by, least] = Object.entries(alone).reduce<readonly [string, number]>(
    (most, next) => (next[1] > most[1] ? next : most),
    ['operations', total],
  );
  return { operations: total, least, by };
}
