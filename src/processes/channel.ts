import type { Worker } from 'node:cluster';

/** What one end asks of the other: by topic, from one value at most to an answer. */
type Topics<T> = { readonly [K in keyof T]: (value: never) => unknown };
type Answer<F> = F extends (value: never) => infer R ? Awaited<R> : never;

interface Question {
  readonly topic: string;
  readonly value: unknown;
  readonly id: number;
}
interface Reply {
  readonly id: number;
  readonly answer: unknown;
}

/** The messages between the supervisor and a process, of which either is one end. */
export class Channel<Theirs extends Topics<Theirs>, Ours extends Topics<Ours>> {
  readonly #worker: Worker;
  readonly #ours: Ours;
  /** Resolves when nothing can be asked or told any more. */
  readonly closed: Promise<void>;
  readonly #open = new Map<number, (answer: unknown) => void>();
  #asked = 0;

  /**
   * @param worker the process, as the cluster has it at both ends.
   * @param ours answers what the other end asks.
   */
  constructor(worker: Worker, ours: Ours) {
    this.#worker = worker;
    this.#ours = ours;
    this.closed = new Promise((resolve) => {
      worker.once('disconnect', resolve);
    });
    worker.on('message', (message: Question | Reply) => {
      if ('topic' in message) void this.#reply(message);
      else this.#take(message);
    });
  }

  /** Asks the other end. There is never an answer when it ends before it has given one. */
  ask<K extends keyof Theirs & string>(topic: K, ...[value]: Parameters<Theirs[K]>): Promise<Answer<Theirs[K]>> {
    const id = ++this.#asked;
    return new Promise((resolve) => {
      this.#open.set(id, resolve as (answer: unknown) => void);
      this.#send({ topic, value, id });
    });
  }

  /** Tells the other end something to which there is no answer. */
  tell<K extends keyof Theirs & string>(topic: K, ...[value]: Parameters<Theirs[K]>): void {
    this.#send({ topic, value, id: 0 });
  }

  async #reply({ topic, value, id }: Question): Promise<void> {
    const answer = await this.#ours[topic as keyof Ours](value as never);
    if (id !== 0) this.#send({ id, answer });
  }

  #take({ id, answer }: Reply): void {
    this.#open.get(id)?.(answer);
    this.#open.delete(id);
  }

  #send(message: Question | Reply): void {
    // That the other end is gone is told by other means, at both.
    if (this.#worker.isConnected()) this.#worker.send(message, undefined, undefined, () => undefined);
  }
}
