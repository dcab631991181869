import { ServerResponse, type IncomingMessage, type RequestListener } from 'node:http';
import type { Socket } from 'node:net';

import type { Problem } from '../errors/problems.ts';
import { answerOnSocket, closeLingering } from './malformed-http.ts';

export interface ConnectionOptions {
  /** Answers a request. */
  readonly handler: RequestListener;
  /** What is wrong with a request that the handler should not get. */
  readonly problemOf: (request: IncomingMessage) => Problem | undefined;
  readonly nextRequestId: () => string;
  /** Whether every answer is the last of its connection. */
  readonly isDraining: () => boolean;
  /** Whether no further request is answered. */
  readonly isClosing: () => boolean;
}

/** Beyond this many pipelined requests no more are read until some are answered; what one read of the socket held is parsed by then. */
const maxWaiting = 100;
/** Pipelined requests are answered within one tick for at most this long, those of all connections together. */
const maxTickMs = 10;
/** A client that is still sending a body that was refused may go on for this long, so that it comes to read the answer. */
const lingerMs = 30_000;
/** While the server drains, a client that did not ask for its connection to be closed has this long to see that it is. */
const drainLingerMs = 500;

/** A client that takes nothing of its answer for so long, or twice as long where Node has looked in between, holds up no shutdown. */
const drainSilenceMs = 2000;

/** A client that has ended its side in the middle of a request gets the answers that are made within this time. */
const halfClosedMs = 100;

const connections = new WeakMap<Socket, Connection>();

/** A client's connection. It answers its requests one after the other, in the order in which they came. */
export class Connection {
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  /** Requests that wait for those before them. */
  #waiting: HttpResponse[] = [];
  /** The answer that is being made or sent. */
  #current: HttpResponse | undefined;
  #hasAsked = false;
  /** The answer to bytes that are not a request, which comes after the answers to the requests before them. */
  #refusal: Problem | undefined;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    connections.set(socket, this);
    // Node resumes a socket whenever a request is complete.
    socket.on('resume', () => {
      this.#pauseIfFull();
    });
  }

  static of(socket: Socket): Connection {
    return connections.get(socket)!;
  }

  /** A request has come. */
  add(response: HttpResponse): void {
    this.#hasAsked = true;
    if (this.#waiting.push(response) > 1 || this.#current !== undefined) this.#pauseIfFull();
    else this.#next();
  }

  /** Answers what is not a request, after the requests before it, and closes the connection. */
  refuse(problem: Problem): void {
    // Each further byte reports the same again.
    if (this.#refusal !== undefined) return;
    this.#refusal = problem;
    // Node gives a connection up when its client ends its side, but not where that breaks off a request. Most such clients have gone.
    if (this.#socket.readableEnded)
      setTimeout(() => {
        if (this.#current?.req.complete === true) this.#socket.destroy();
      }, halfClosedMs).unref();
    const last = this.#waiting.at(-1) ?? this.#current;
    const isCutOff = last?.req.complete === false;
    if (isCutOff && last !== this.#current) this.#waiting.pop();
    if (isCutOff && last.headersSent) this.#socket.destroy();
    else if (this.#waiting.length === 0 && (this.#current === undefined || (isCutOff && last === this.#current))) this.#answerRefusal();
    else this.#socket.pause();
  }

  /** Closes the connection: at once where nothing is being answered, else after that. Requests that wait are not answered any more. */
  close(): void {
    const [first] = this.#waiting;
    const asked = this.#current ?? first;
    this.#waiting = this.#current === undefined && first !== undefined ? [first] : [];
    if (asked?.req.complete !== true) this.#socket.destroy();
    else this.#socket.setTimeout(Math.min(this.#socket.timeout ?? drainSilenceMs, drainSilenceMs));
  }

  /** Closes the connection after a silence, unless its client waits for an answer that is being made, or has not asked yet. */
  destroyIfIdleOrStuck(): void {
    if (!this.#hasAsked) return;
    if (this.#current === undefined || this.#socket.writableLength > 0) this.#socket.destroy();
  }

  /** An answer's headers are about to be sent. */
  beforeHead(response: HttpResponse): void {
    const { complete, headers } = response.req;
    // Of a request without a body Node says so only after it has handed it over.
    const isBodyLeft = !complete && (headers['content-length'] ?? headers['transfer-encoding']) !== undefined;
    if (!isBodyLeft && !this.#options.isDraining()) return;
    response.setHeader('connection', 'close');
    // What still comes is dropped: the rest of a body, behind which nobody could tell where the next request begins, or a request too many.
    this.#socket.destroySoon = () => {
      closeLingering(this.#socket, isBodyLeft ? lingerMs : drainLingerMs);
    };
  }

  #next(): void {
    // A response that is made after its connection has closed is never told so.
    if (this.#socket.destroyed) this.#waiting = [];
    const response = this.#waiting.shift();
    if (response === undefined) {
      if (this.#refusal !== undefined && this.#socket.writable) this.#answerRefusal();
      return;
    }
    if (this.#waiting.length === maxWaiting) this.#socket.resume();
    this.#current = response;
    response.once('close', () => {
      this.#answered();
    });
    const request = response.req;
    const problem = this.#options.problemOf(request);
    // Behind an upgrade Node drops what the packet still holds, also where it is not granted, so that no later answer would be to the right request.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    if (problem === undefined) this.#options.handler(request, response);
    else {
      this.#refusal = problem;
      this.#answerRefusal();
    }
  }

  #answered(): void {
    this.#current = undefined;
    if (!this.#socket.writable) this.#waiting = [];
    else if (this.#waiting.length > 0 || this.#refusal !== undefined)
      inTime(() => {
        this.#next();
      });
    else if (this.#options.isClosing()) this.#socket.destroySoon();
  }

  #answerRefusal(): void {
    this.#waiting = [];
    answerOnSocket(this.#refusal!, this.#socket, this.#options.nextRequestId());
  }

  #pauseIfFull(): void {
    if (this.#waiting.length > maxWaiting) this.#socket.pause();
  }
}

type WriteCallback = (error: Error | null | undefined) => void;

/** An answer that says `Connection: close` where its connection cannot be kept, and counts the bytes of its body. */
export class HttpResponse extends ServerResponse {
  #writtenBytes = 0;
  #lastBytes = 0;

  /** Bytes of the body that the system has taken, as they are sent: compressed, and without headers and the framing of chunks. */
  get bodyBytes(): number {
    if (this.req.method === 'HEAD' || this.statusCode === 204 || this.statusCode === 304) return 0;
    return this.#writtenBytes + (this.writableFinished ? this.#lastBytes : 0);
  }

  override writeHead(...args: unknown[]): this {
    Connection.of(this.req.socket).beforeHead(this);
    return super.writeHead(...(args as Parameters<ServerResponse['writeHead']>));
  }

  /** Removes a header that is set. Removing another would keep Node from sending its own, such as `Connection`. */
  override removeHeader(name: string): void {
    if (this.hasHeader(name)) super.removeHeader(name);
  }

  override write(chunk: string | Uint8Array, encoding?: BufferEncoding | WriteCallback, callback?: WriteCallback): boolean {
    const done = typeof encoding === 'function' ? encoding : callback;
    return super.write(chunk, typeof encoding === 'string' ? encoding : 'utf8', (error) => {
      if (!error) this.#writtenBytes += Buffer.byteLength(chunk);
      done?.(error);
    });
  }

  override end(...args: unknown[]): this {
    const [chunk] = args;
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) this.#lastBytes = Buffer.byteLength(chunk);
    return super.end(...(args as Parameters<ServerResponse['end']>));
  }
}

let delayed: (() => void)[] = [];
let tickEndsAt: number | undefined;

/** Calls a function now, or in the next tick where those before it took the time of this one. */
function inTime(begin: () => void): void {
  if (tickEndsAt === undefined) {
    tickEndsAt = performance.now() + maxTickMs;
    setImmediate(beginDelayed);
  }
  if (delayed.length === 0 && performance.now() < tickEndsAt) begin();
  else delayed.push(begin);
}

function beginDelayed(): void {
  const begun = delayed;
  delayed = [];
  tickEndsAt = undefined;
  for (const begin of begun) inTime(begin);
}
