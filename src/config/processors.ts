import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';

/**
 * Processors that the process may use: those that Node counts, and no more than the quota of the container, rounded up to whole ones. Node 20 does not
 * read the quota, and Node 24 not that of cgroup v1.
 *
 * @param cgroup where Linux shows a container its own control group.
 */
export function usableProcessors(cgroup = '/sys/fs/cgroup'): number {
  return Math.min(availableParallelism(), Math.max(1, Math.ceil(quotaIn(cgroup))));
}

/** Processors' worth of time, such as 1.5; `Infinity` where there is no quota. */
function quotaIn(cgroup: string): number {
  const read = (file: string) => {
    try {
      return readFileSync(path.join(cgroup, file), 'utf8').trim();
    } catch {
      return undefined;
    }
  };
  // `max 100000` in version 2 and -1 in version 1 stand for no quota.
  const [quota, period] = read('cpu.max')?.split(' ') ?? [read('cpu/cpu.cfs_quota_us'), read('cpu/cpu.cfs_period_us')];
  const processors = Number(quota) / Number(period);
  return processors > 0 ? processors : Infinity;
}
