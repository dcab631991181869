import { Arena } from '../../../src/compute/engine/arena.ts';
import { collectDropped } from '../../../src/compute/engine/collect-garbage.js';

/** Fills an arena's memory, and knows it until its garbage is collected. */
export default function work(memory: WebAssembly.Memory | null): void {
  if (memory !== null) {
    const arena = new Arena(memory);
    arena.bytes(0, arena.byteLength).fill(1);
  }
  collectDropped();
}
