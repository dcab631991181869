import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProblemDocument } from '../../src/errors/problems.ts';

/** A connection on which a test sends any bytes at any pace. */
export class RawClient {
  readonly socket: Socket;
  readonly #closed: Promise<unknown>;
  #received: Buffer[] = [];

  private constructor(port: number) {
    // Half closed, it still reads what comes.
    this.socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.socket.on('data', (chunk: Buffer) => {
      this.#received.push(chunk);
    });
    this.socket.on('end', () => {
      this.socket.end();
    });
    this.socket.on('error', () => undefined);
    this.#closed = new Promise((resolve) => {
      this.socket.once('close', resolve);
    });
  }

  static async open({ port }: { readonly port: number }): Promise<RawClient> {
    const client = new RawClient(port);
    await once(client.socket, 'connect');
    return client;
  }

  /** All that came so far, one character a byte. */
  get received(): string {
    return Buffer.concat(this.#received).toString('latin1');
  }

  send(bytes: string | Uint8Array): this {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
    return this;
  }

  /** Sends byte by byte until the other side has had enough. */
  async dribble(bytes: string, everyMs: number): Promise<void> {
    for (const byte of bytes) {
      if (!this.socket.writable) return;
      this.send(byte);
      await sleep(everyMs);
    }
  }

  /** Waits until the connection is closed; returns all that came. */
  async closed(): Promise<string> {
    await this.#closed;
    return this.received;
  }
}

/** The start of a request that posts JSON; the length of the body unless other headers are given. */
export function postHead(path: string, headers: number | string): string {
  const framing = typeof headers === 'number' ? `Content-Length: ${headers}` : headers;
  return `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
}

/** The statuses of all answers in a row of them. */
export function statusesOf(received: string): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The problem that the last answer reports. */
export function lastProblem(received: string): ProblemDocument {
  return JSON.parse(received.slice(received.lastIndexOf('\r\n\r\n') + 4)) as ProblemDocument;
}
