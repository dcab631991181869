import { expect, it } from 'vitest';
import { leavingClients } from '../../load/chaos-leaving.ts';
import { isThorough } from '../thorough.ts';

/** What is quickly made, and has threads and memory busy when its client leaves. */
const kinds = [
  'small',
  'numbers',
  'inflated zeros',
  'inflated zeros',
  'inflated neurons',
  'inflated arrays',
  'inflated v2',
  'framed',
  'npy',
  'v2',
  'long linspace',
  'long run',
  'long run in base64',
  'gradient',
  'reference',
  'one neuron for ever',
  'many kernels',
  'refused',
  'no known type',
];

// As `npm run chaos` does for longer.
it.runIf(isThorough).each([1, 2])(
  'clients that break off requests leave right numbers and nothing else behind, with %i processes',
  async (processes) => {
    const failures: string[] = [];
    const findings = {
      say: () => undefined,
      check: (holds: boolean, failure: string) => {
        if (!holds) failures.push(failure);
      },
    };
    // A second is for a machine that does nothing else.
    await leavingClients(findings, { processes, seconds: 1, seed: 17, kinds, releasedMs: 10_000, isFirst: false });
    expect(failures).toEqual([]);
  },
  120_000,
);
