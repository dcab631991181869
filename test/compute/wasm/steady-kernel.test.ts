import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SteadyKernel } from '../../../src/compute/backends/wasm/steady-kernel.js';

type Call = readonly [job: number, scratch: number, from: number, to: number, padding?: number];

let clock = 0;
beforeEach(() => { vi.spyOn(performance, 'now').mockImplementation(() => clock); });
afterEach(() => { vi.restoreAllMocks(); });

/** A kernel that takes a millisecond more when it gets so many arguments, and what it was called with. */
function slowWith(argumentCount: number): { kernel: SteadyKernel; calls: Call[] } {
  const calls: Call[] = [];
  const kernel = new SteadyKernel((...call: Call) => {
    calls.push(call);
    clock += call.length === argumentCount ? 1.1 : 0.1;
  });
  return { kernel, calls };
}

describe('SteadyKernel', () => {
  it.each([4, 5])('calls the kernel in the other way once it was slow with %i arguments', (slow) => {
    const { kernel, calls } = slowWith(slow);
    expect(kernel.begin()).toBe(true);
    for (let block = 0; block < 6; block++) kernel.block(64, 128, 10 * block, 10 * block + 10);
    expect(kernel.begin()).toBe(false);
    kernel.block(64, 128, 0, 10);
    expect(calls.map(([job, scratch, from, to]) => [job, scratch, from, to])).toEqual([...[0, 10, 20, 30, 40, 50].map((from) => [64, 128, from, from + 10]), [64, 128, 0, 10]]);
    expect(calls.map(({ length }) => length)).toEqual([4, 5, ...new Array<number>(5).fill(slow === 4 ? 5 : 4)]);
  });

  it('compares again later, when the stack may be another', () => {
    const { kernel, calls } = slowWith(4);
    for (let launch = 0; launch < 100; launch++) kernel.launch(64, 128, 80, 7);
    const compared = calls.filter(({ length }) => length === 4).length;
    expect(compared).toBeGreaterThan(3);
    expect(compared).toBeLessThan(10);
  });

  it.each([1, 13, 55, 56, 57, 250])('runs all of %i vectors once, in pieces that fill the kernel', (vectors) => {
    const { kernel, calls } = slowWith(0);
    kernel.launch(64, 128, vectors, 7);
    expect(calls.map(([, , from]) => from)).toEqual([0, ...calls.slice(0, -1).map(([, , , to]) => to)]);
    expect(calls.at(-1)![3]).toBe(vectors);
    for (const [, , from] of calls) expect(from % 7).toBe(0);
  });
});
