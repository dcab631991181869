import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { Call } from './works.ts';

/** As much is read at a time: what stays in the nearest caches is read in half the time of a megabyte. */
const bufferBytes = 64 * 1024;
const headEnd = '\r\n\r\n';
const lastChunk = '\r\n0\r\n\r\n';

/**
 * One connection on which requests are sent and answers counted, as cheaply as Node can: what the client takes of two processors, the server
 * lacks, and would count as the server's. Of an answer in chunks it looks at the end alone.
 */
export class Connection {
  readonly #socket: Socket;
  #head = '';
  /** Bytes of the answer's body that are still to come, Infinity where they come in chunks; before its head is complete, unknown. */
  #left: number | undefined;
  /** The last bytes of an answer in chunks. */
  #tail = '';
  #settle: { resolve(): void; reject(error: Error): void } | undefined;

  private constructor(port: number) {
    this.#socket = connect({
      host: '127.0.0.1',
      port,
      noDelay: true,
      onread: {
        buffer: Buffer.allocUnsafe(bufferBytes),
        callback: (length, buffer) => {
          this.#receive(buffer as Buffer, length);
          return true;
        },
      },
    });
    this.#socket.on('error', (error) => this.#settle?.reject(error));
    this.#socket.on('close', () => this.#settle?.reject(new Error('the server closed the connection')));
  }

  static async to(url: string): Promise<Connection> {
    const connection = new Connection(Number(new URL(url).port));
    await once(connection.#socket, 'connect');
    return connection;
  }

  /**
   * Sends a request and waits for its answer, which is dropped.
   *
   * @throws {Error} when it is no 200.
   */
  send(request: PreparedRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.cork();
      for (const part of request) this.#socket.write(part);
      this.#socket.uncork();
    });
  }

  close(): void {
    this.#settle = undefined;
    this.#socket.destroy();
  }

  #receive(buffer: Buffer, length: number): void {
    let bodyBytes = length;
    if (this.#left === undefined) {
      const before = this.#head.length;
      this.#head += buffer.toString('latin1', 0, length);
      const end = this.#head.indexOf(headEnd);
      if (end < 0) return;
      const head = this.#head.slice(0, end);
      const announced = /\r\ncontent-length: *(\d+)/i.exec(head);
      const isChunked = /\r\ntransfer-encoding: *chunked/i.test(head);
      if ((announced === null && !isChunked) || !head.startsWith('HTTP/1.1 200 ')) {
        this.#settle?.reject(new Error(`expected 200 and a body, got ${head.slice(0, 300)}`));
        return;
      }
      this.#left = isChunked ? Infinity : Number(announced![1]);
      bodyBytes = before + length - (end + headEnd.length);
    }
    if (this.#left === Infinity) {
      this.#tail = (this.#tail + buffer.toString('latin1', Math.max(0, length - lastChunk.length), length)).slice(-lastChunk.length);
      if (this.#tail !== lastChunk) return;
      this.#tail = '';
    } else {
      this.#left -= bodyBytes;
      if (this.#left > 0) return;
    }
    this.#left = undefined;
    this.#head = '';
    this.#settle?.resolve();
  }
}

/** A request's bytes: its head, and its body. */
export type PreparedRequest = readonly Buffer[];

export function prepare({ path, headers, body }: Omit<Call, 'read'>): PreparedRequest {
  const lines = Object.entries({ host: 'localhost', ...headers, 'content-length': body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return [Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}${headEnd}`), Buffer.from(body.buffer, body.byteOffset, body.length)];
}
