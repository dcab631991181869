import { ServerResponse, STATUS_CODES, type IncomingMessage, type OutgoingHttpHeaders, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';

import { problemMediaType, type Problem } from '../errors/problems.ts';

export interface ConnectionOptions {
  /** Answers a request. */
  readonly handler: RequestListener;
  /** What is wrong with a request that the handler should not get. */
  readonly problemOf: (request: IncomingMessage) => Problem | undefined;
  readonly nextRequestId: () => string;
  readonly server: {
    /** Whether every answer is the last of its connection. */
    readonly isDraining: boolean;
    /** Whether no further request is answered. */
    readonly isClosing: boolean;
  };
}

/** Beyond this many pipelined requests the socket is paused; what one read of it held is parsed by then. */
const maxWaiting = 100;

/** The requests behind the first of each connection are answered in one tick for this long, so that others are served in between. */
const maxTickMs = 10;

/** How long a client may go on sending after the last answer of its connection, in milliseconds. */
const maxLingerMs = {
  /** Bytes that are not a request. */
  malformed: 2000,
  /** The rest of a body that was refused. */
  body: 30_000,
  /** Anything, while the server drains and the client did not ask for its connection to be closed. */
  draining: 500,
};
/** A client that has sent nothing for this long has had the time to read its answer. */
const lingerSilenceMs = 2000;
/** A client that takes none of its answer for this long, or up to twice as long, does not hold up a shutdown. */
const drainSilenceMs = 2000;
/** A client that has ended its side in the middle of a request gets the answers that are made within this time. */
const halfClosedMs = 100;

const connections = new WeakMap<Socket, Connection>();

/** A client's connection. It answers its requests one after the other, in the order in which they came. */
export class Connection {
  readonly socket: Socket;
  readonly #options: ConnectionOptions;
  /** Requests behind the current one. */
  #waiting: HttpResponse[] = [];
  /** The answer that is being made or sent. */
  #current: HttpResponse | undefined;
  /** Whether a request has come. */
  hasAsked = false;
  /** The answer to bytes that are not a request; it comes after the answers to the requests before them. */
  #refusal: Problem | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.#options = options;
    connections.set(socket, this);
    // Node resumes a socket whenever a request is complete.
    socket.on('resume', () => {
      this.#pauseIfFull();
    });
  }

  /** @throws {TypeError} when the socket is not one of `createHttpServer`'s. */
  static of(socket: Socket): Connection {
    const connection = connections.get(socket);
    if (connection === undefined) throw new TypeError('The socket has no connection.');
    return connection;
  }

  /** Answers a request after those before it. */
  add(response: HttpResponse): void {
    this.hasAsked = true;
    if (this.#waiting.push(response) > 1 || this.#current !== undefined) this.#pauseIfFull();
    else this.#next();
  }

  /** Sends `100 Continue` where the client of the current request waits for it before it sends the body. */
  sendContinue(): void {
    if (/\b100-continue\b/i.test(this.#current?.req.headers.expect ?? '')) this.#current?.writeContinue();
  }

  /** Answers bytes that are not a request, after the requests before them, and closes the connection. */
  refuse(problem: Problem): void {
    // Each further byte reports the same again.
    if (this.#refusal !== undefined) return;
    this.#refusal = problem;
    // Node gives a connection up when its client ends its side, but not where that breaks off a request. Most such clients have gone.
    if (this.socket.readableEnded)
      setTimeout(() => {
        if (this.#current?.req.complete === true) this.socket.destroy();
      }, halfClosedMs).unref();
    const last = this.#waiting.at(-1) ?? this.#current;
    const isCutOff = last?.req.complete === false;
    if (isCutOff && last !== this.#current) this.#waiting.pop();
    if (isCutOff && last.headersSent) this.socket.destroy();
    else if (this.#waiting.length === 0 && (this.#current === undefined || (isCutOff && last === this.#current))) this.#answerRefusal();
    else this.socket.pause();
  }

  /** Closes the connection: at once where nothing is being answered, else after that. Requests behind that are not answered. */
  close(): void {
    const first = this.#current ?? this.#waiting[0];
    this.#waiting = this.#current === undefined && first !== undefined ? [first] : [];
    if (first?.req.complete !== true) this.socket.destroy();
    else this.socket.setTimeout(Math.min(this.socket.timeout ?? drainSilenceMs, drainSilenceMs));
  }

  /** Closes the connection after a silence, unless its client waits for an answer that is being made, or has not asked yet. */
  destroyIfIdleOrStuck(): void {
    if (!this.hasAsked) return;
    if (this.#current === undefined || this.socket.writableLength > 0) this.socket.destroy();
  }

  /** Decides whether an answer is the last of the connection; called when its headers are about to be sent. */
  isLast({ req: { complete, headers } }: HttpResponse): boolean {
    // Of a request without a body Node reports that it is complete only after it has handed it over.
    const isBodyLeft = !complete && (headers['content-length'] ?? headers['transfer-encoding']) !== undefined;
    if (!isBodyLeft && !this.#options.server.isDraining) return false;
    // What still comes is dropped: the rest of a body, behind which nobody could tell where the next request begins, or a request too many.
    this.socket.destroySoon = () => {
      closeLingering(this.socket, isBodyLeft ? maxLingerMs.body : maxLingerMs.draining);
    };
    return true;
  }

  #next(): void {
    // A response that is made after its connection has closed emits no `close`.
    if (this.socket.destroyed) this.#waiting = [];
    const response = this.#waiting.shift();
    if (response === undefined) {
      if (this.#refusal !== undefined && this.socket.writable) this.#answerRefusal();
      return;
    }
    if (this.#waiting.length === maxWaiting) this.socket.resume();
    this.#current = response;
    response.once('close', () => {
      this.#answered();
    });
    const request = response.req;
    // Behind an upgrade Node drops the rest of the packet, also where it is not granted, and later answers would be to other requests.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    const problem = this.#options.problemOf(request);
    if (problem === undefined) {
      this.#options.handler(request, response);
    } else {
      this.#refusal = problem;
      this.#answerRefusal();
    }
  }

  #answered(): void {
    this.#current = undefined;
    if (!this.socket.writable) this.#waiting = [];
    else if (this.#waiting.length > 0 || this.#refusal !== undefined) {
      if (tickHasTime()) this.#next();
      else
        setImmediate(() => {
          this.#next();
        });
    } else if (this.#options.server.isClosing) this.socket.destroySoon();
  }

  /** Writes the refusal, for which there is no request that Fastify could answer, and closes the connection. */
  #answerRefusal(): void {
    this.#waiting = [];
    const problem = this.#refusal;
    if (problem === undefined || !this.socket.writable) {
      this.socket.destroy();
      return;
    }
    const requestId = this.#options.nextRequestId();
    const body = JSON.stringify(problem.toDocument('', requestId));
    this.socket.write(
      [
        `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
        `Content-Type: ${problemMediaType}`,
        `Content-Length: ${Buffer.byteLength(body)}`,
        `X-Request-Id: ${requestId}`,
        'Connection: close',
        '',
        body,
      ].join('\r\n'),
    );
    closeLingering(this.socket, maxLingerMs.malformed);
  }

  #pauseIfFull(): void {
    if (this.#waiting.length > maxWaiting) this.socket.pause();
  }
}

/**
 * Closes a connection whose client may still be sending: ends this side, drops what comes until the client ends its own, falls silent or has had
 * `maxMs`. Closed at once, the connection would be reset, and the client might lose the answer that it has not read yet (RFC 9112, 9.6).
 */
function closeLingering(socket: Socket, maxMs: number): void {
  socket.end();
  const destroy = () => {
    socket.destroy();
  };
  const timers = [setTimeout(destroy, lingerSilenceMs), setTimeout(destroy, maxMs)] as const;
  // In place of the HTTP parser.
  socket
    .removeAllListeners('data')
    .on('data', () => {
      timers[0].refresh();
    })
    .resume();
  socket.once('close', () => {
    timers.forEach(clearTimeout);
  });
}

let tickEndsAt: number | undefined;

/** Whether this tick has answered pipelined requests for less than `maxTickMs`. */
function tickHasTime(): boolean {
  if (tickEndsAt === undefined) {
    tickEndsAt = performance.now() + maxTickMs;
    setImmediate(() => {
      tickEndsAt = undefined;
    });
  }
  return performance.now() < tickEndsAt;
}

type WriteCallback = (error: Error | null | undefined) => void;

/** An answer that says `Connection: close` where its connection cannot be kept, and counts the bytes of its body. */
export class HttpResponse extends ServerResponse {
  #writtenBytes = 0;
  #length: number | undefined;

  /** Bytes of the body that the system has taken, as they are sent: compressed, and without headers and the framing of chunks. */
  get bodyBytes(): number {
    if (this.req.method === 'HEAD' || this.statusCode === 204 || this.statusCode === 304) return 0;
    return this.writableFinished && this.#length !== undefined ? this.#length : this.#writtenBytes;
  }

  /** Says of the connection what holds, whatever the headers say: Fastify would close it after any body that it could not read. */
  override writeHead(status: number, ...rest: readonly unknown[]): this {
    const headers = rest.at(-1) as OutgoingHttpHeaders | undefined;
    if (headers?.connection !== undefined) delete headers.connection;
    if (Connection.of(this.req.socket).isLast(this)) this.shouldKeepAlive = false;
    const length = headers?.['content-length'] ?? this.getHeader('content-length');
    if (length !== undefined) this.#length = Number(length);
    return super.writeHead(status, headers);
  }

  override write(chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    return super.write(chunk, typeof encoding === 'string' ? encoding : 'utf8', (error) => {
      if (!error) this.#writtenBytes += Buffer.byteLength(chunk);
      done?.(error);
    });
  }
}
