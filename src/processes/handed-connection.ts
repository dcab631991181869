import type { Worker } from 'node:cluster';

interface Handle {
  close?(): void;
}

/**
 * Closes the connection that a process was handed last, if it ends without having taken it: the cluster keeps it open then for ever, and its
 * client waiting. Each process is handed one at a time, and closing one that was taken changes nothing.
 */
export function closeHandedAtEnd(worker: Worker): void {
  const { process } = worker;
  const send = process.send.bind(process) as (message: unknown, handle?: Handle | null, ...rest: unknown[]) => boolean;
  let handed: Handle | undefined;
  process.send = ((message: unknown, handle?: Handle | null, ...rest: unknown[]) => {
    handed = handle ?? handed;
    return send(message, handle, ...rest);
  }) as typeof process.send;
  worker.once('exit', () => { handed?.close?.(); });
}
