import type { Worker } from 'node:cluster';

/** Functions that the other end may call, each with one argument at most. */
type Functions<T> = { readonly [K in keyof T]: (value: never) => unknown };
type Result<F> = F extends (value: never) => infer R ? Awaited<R> : never;

interface Call {
  readonly name: string;
  readonly value: unknown;
  readonly id: number;
}
interface Reply {
  readonly id: number;
  readonly result: unknown;
}

/** Remote calls between the primary and one worker, over the cluster's messages. Each of the two has one end. */
export class Channel<Remote extends Functions<Remote>, Local extends Functions<Local>> {
  readonly #worker: Worker;
  readonly #local: Local;
  readonly #pending = new Map<number, (result: unknown) => void>();
  #calls = 0;

  /** @param local what the other end may call. */
  constructor(worker: Worker, local: Local) {
    this.#worker = worker;
    this.#local = local;
    worker.on('message', (message: Call | Reply) => {
      if ('name' in message) void this.#answer(message);
      else this.#settle(message);
    });
  }

  /** Calls a function of the other end. Never settles when the other end exits before it has replied. */
  call<K extends keyof Remote & string>(name: K, ...[value]: Parameters<Remote[K]>): Promise<Result<Remote[K]>> {
    const id = this.#calls++;
    return new Promise((resolve) => {
      this.#pending.set(id, resolve as (result: unknown) => void);
      this.#send({ name, value, id });
    });
  }

  async #answer({ name, value, id }: Call): Promise<void> {
    this.#send({ id, result: await this.#local[name as keyof Local](value as never) });
  }

  #settle({ id, result }: Reply): void {
    this.#pending.get(id)?.(result);
    this.#pending.delete(id);
  }

  #send(message: Call | Reply): void {
    // Both ends learn by events of their own that the other is gone.
    if (this.#worker.isConnected()) this.#worker.send(message, undefined, undefined, () => undefined);
  }
}
