interface Handle {
  close?(): void;
}

/** The parts of a node:cluster worker that are used here. */
export interface HandoffWorker {
  readonly process: {
    send(message: unknown, handle?: Handle | null, ...rest: unknown[]): boolean;
    prependListener(event: string, listener: (message: ClusterMessage) => void): unknown;
  };
  once(event: 'exit', listener: () => void): unknown;
}

/** The messages of node:cluster that hand a connection to a worker, and its reply. */
interface ClusterMessage {
  readonly act?: string;
  readonly accepted?: boolean;
}

/**
 * Follows the connections that node:cluster hands to a worker, one at a time. A connection that the worker has not accepted when it exits is closed:
 * node:cluster would keep it open, and its client waiting. One that the worker refuses goes to another worker.
 */
export class Handoff {
  #count = 0;
  #pending: Handle | undefined;

  constructor(worker: HandoffWorker) {
    const { process } = worker;
    const send = process.send.bind(process);
    process.send = (message: ClusterMessage, handle?: Handle | null, ...rest: unknown[]) => {
      if (message.act === 'newconn' && handle) {
        this.#count++;
        this.#pending = handle;
      }
      if (message.act !== 'disconnect') return send(message, handle, ...rest);
      // node:cluster sends it before it closes the port in the same tick; a connection that came while it is sent would be lost.
      queueMicrotask(() => {
        send(message, handle, ...rest);
      });
      return true;
    };
    // Before node:cluster's own listener, which hands over the next connection.
    process.prependListener('internalMessage', ({ accepted }: ClusterMessage) => {
      if (accepted !== undefined) this.#pending = undefined;
    });
    worker.once('exit', () => {
      this.#pending?.close?.();
    });
  }

  /** Connections handed over so far. */
  get count(): number {
    return this.#count;
  }

  /** Whether the worker has not replied to the last connection yet. */
  get isPending(): boolean {
    return this.#pending !== undefined;
  }
}
