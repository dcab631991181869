import type { WindowCount } from './peers.ts';

interface Window {
  count: number;
  readonly endsAt: number;
}

/** How many requests each client has sent within its window, which begins with the first of them. */
export class RequestWindows {
  readonly #windowMs: number;
  readonly #maxClients: number;
  readonly #now: () => number;
  /** In the order in which clients came last. */
  readonly #windows = new Map<string, Window>();

  /** @param maxClients that are remembered; those that have not come for longest are forgotten. */
  constructor(windowMs: number, maxClients: number, now: () => number = () => performance.now()) {
    this.#windowMs = windowMs;
    this.#maxClients = maxClients;
    this.#now = now;
  }

  /** Counts a request of a client. */
  count(client: string): WindowCount {
    const now = this.#now();
    const window = this.#current(client, now);
    window.count++;
    this.#windows.delete(client);
    this.#windows.set(client, window);
    if (this.#windows.size > this.#maxClients) this.#windows.delete(this.#windows.keys().next().value!);
    return { current: window.count, ttl: Math.ceil(window.endsAt - now) };
  }

  #current(client: string, now: number): Window {
    const window = this.#windows.get(client);
    return window !== undefined && window.endsAt > now ? window : { count: 0, endsAt: now + this.#windowMs };
  }
}
