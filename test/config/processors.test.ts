import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { usableProcessors } from '../../src/config/processors.ts';

let cgroup: string;
beforeEach(() => {
  cgroup = mkdtempSync(path.join(tmpdir(), 'cgroup-'));
});
afterEach(() => {
  rmSync(cgroup, { recursive: true });
});

const all = availableParallelism();

it.each([
  ['100000 100000', 1],
  ['10000 100000', 1],
  [`${all * 100_000 - 50_000} 100000`, all],
  ['max 100000', all],
  ['6400000 100000', all],
])('reads the quota of cgroup v2: %s', (text, processors) => {
  writeFileSync(path.join(cgroup, 'cpu.max'), `${text}\n`);
  expect(usableProcessors(cgroup)).toBe(Math.min(processors, all));
});

it.each([
  ['100000', 1],
  ['50000', 1],
  ['-1', all],
])('reads the quota of cgroup v1: %s', (quota, processors) => {
  mkdirSync(path.join(cgroup, 'cpu'));
  writeFileSync(path.join(cgroup, 'cpu/cpu.cfs_quota_us'), `${quota}\n`);
  writeFileSync(path.join(cgroup, 'cpu/cpu.cfs_period_us'), '100000\n');
  expect(usableProcessors(cgroup)).toBe(processors);
});

it('takes what Node counts where there is no quota', () => {
  expect(usableProcessors(cgroup)).toBe(all);
});
