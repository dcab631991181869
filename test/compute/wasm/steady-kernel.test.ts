import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SteadyKernel } from '../../../src/compute/backends/wasm/steady-kernel.js';

type Call = readonly [job: number, scratch: number, from: number, to: number, padding?: number];

let clock = 0;
beforeEach(() => { vi.spyOn(performance, 'now').mockImplementation(() => clock); });
afterEach(() => { vi.restoreAllMocks(); });

/** A kernel that takes a tenth of a millisecond for each vector, or `time` of it, and what it was called with. */
function timed(time: (argumentCount: number, call: number) => number): { kernel: SteadyKernel; calls: Call[] } {
  const calls: Call[] = [];
  const kernel = new SteadyKernel((...call: Call) => {
    clock += 0.1 * (call[3] - call[2]) * time(call.length, calls.length);
    calls.push(call);
  });
  return { kernel, calls };
}

function run(kernel: SteadyKernel, blocks: number): void {
  for (let block = 0; block < blocks; block++) kernel.block(64, 128, 10 * block, 10 * block + 10, 3);
}

/** How many of the calls from `from` on had so many arguments. */
function count(calls: readonly Call[], argumentCount: number, from = 0): number {
  return calls.slice(from).filter(({ length }) => length === argumentCount).length;
}

describe('SteadyKernel', () => {
  it.each([4, 5])('is called in the other way where it is slow with %i arguments', (slow) => {
    const { kernel, calls } = timed((argumentCount) => (argumentCount === slow ? 2 : 1));
    run(kernel, 8);
    expect(calls.map(([job, scratch, from, to]) => [job, scratch, from, to])).toEqual(Array.from({ length: 8 }, (_, i) => [64, 128, 10 * i, 10 * i + 10]));
    expect(calls.map(({ length }) => length).slice(0, 4)).toEqual([4, 5, ...new Array<number>(2).fill(slow === 4 ? 5 : 4)]);
  });

  it('tries the other way ever more rarely', () => {
    const { kernel, calls } = timed((argumentCount) => (argumentCount === 5 ? 2 : 1));
    run(kernel, 1000);
    expect(count(calls, 5)).toBeLessThan(25);
    expect(count(calls, 5, 900)).toBeGreaterThan(0);
  });

  it('changes its way within three blocks when the stack has become another', () => {
    const { kernel, calls } = timed((argumentCount, call) => (argumentCount === (call < 500 ? 5 : 4) ? 2 : 1));
    run(kernel, 600);
    expect(count(calls, 4, 500)).toBeLessThan(10);
    expect(calls.slice(500, 503).map(({ length }) => length)).toContain(5);
  });

  it('keeps its way when one block took long, or all of them do', () => {
    for (const late of [(call: number) => call % 10 === 5, (call: number) => call > 50]) {
      const { kernel, calls } = timed((argumentCount, call) => (argumentCount === 5 ? 2 : 1) * (late(call) ? 1.7 : 1));
      run(kernel, 500);
      expect(count(calls, 5)).toBeLessThan(25);
    }
  });

  it('knows jobs of more steps from a kernel that got slow', () => {
    const { kernel, calls } = timed((argumentCount, call) => (argumentCount === 5 ? 2 : 1) * (call % 100 < 50 ? 1 : 10));
    for (let block = 0; block < 500; block++) kernel.block(64, 128, 0, 10, block % 100 < 50 ? 1 : 10);
    expect(count(calls, 5)).toBeLessThan(15);
  });

  it.each([1, 13, 55, 56, 57, 250])('runs all of %i vectors once, in pieces that fill the kernel', (vectors) => {
    const { kernel, calls } = timed(() => 1);
    for (let launch = 0; launch < 5; launch++) {
      const before = calls.length;
      kernel.launch(64, 128, vectors, 7, 3);
      const pieces = calls.slice(before);
      expect(pieces.map(([, , from]) => from)).toEqual([0, ...pieces.slice(0, -1).map(([, , , to]) => to)]);
      expect(pieces.at(-1)![3]).toBe(vectors);
      for (const [, , from] of pieces) expect(from % 7).toBe(0);
    }
  });
});
