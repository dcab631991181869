import { cpus } from 'node:os';

/** Milliseconds that all cores together have spent on anything but waiting. */
function machineTime(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}

/** Starts counting; the answer tells how many cores other processes have kept busy since, which a run on two cores suffers from. */
export function otherLoad(): () => number {
  const start = performance.now();
  const machine = machineTime();
  const own = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(own);
    return Math.max(0, machineTime() - machine - (user + system) / 1000) / (performance.now() - start);
  };
}
