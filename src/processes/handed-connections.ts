import type { Worker } from 'node:cluster';

interface Handle {
  close?(): void;
}

/** What the cluster sends to a process and gets from it. */
interface ClusterMessage {
  readonly act?: string;
  /** Whether the process has taken the connection that it was handed. */
  readonly accepted?: boolean;
}

/**
 * The connections that the cluster hands to a process, one at a time. One that a process has not taken when it ends is closed here: the cluster
 * keeps it open then for ever, and its client waiting. One that it refuses, since it listens no more, the cluster hands to another.
 */
export class HandedConnections {
  #count = 0;
  #handed: Handle | undefined;

  constructor(worker: Worker) {
    const { process } = worker;
    const send = process.send.bind(process) as (message: unknown, handle?: Handle | null, ...rest: unknown[]) => boolean;
    process.send = ((message: ClusterMessage, handle?: Handle | null, ...rest: unknown[]) => {
      if (message.act === 'newconn' && handle) {
        this.#count++;
        this.#handed = handle;
      }
      if (message.act !== 'disconnect') return send(message, handle, ...rest);
      // The cluster sends it before it closes the port; a connection that came while it is sent would be lost.
      queueMicrotask(() => {
        send(message, handle, ...rest);
      });
      return true;
    }) as typeof process.send;
    // Before the cluster's own listener, which hands over the next.
    process.prependListener('internalMessage', ({ accepted }: ClusterMessage) => {
      if (accepted !== undefined) this.#handed = undefined;
    });
    worker.once('exit', () => {
      this.#handed?.close?.();
    });
  }

  /** How many there were. */
  get count(): number {
    return this.#count;
  }

  /** Whether the process has answered for all of them. */
  get areTaken(): boolean {
    return this.#handed === undefined;
  }
}
