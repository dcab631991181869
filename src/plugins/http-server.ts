import { Server, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

import type { Config } from '../config/config.ts';
import { Problem } from '../errors/problems.ts';
import { Connection, HttpResponse } from './http-connection.ts';
import { untilQuiet } from './until-quiet.ts';

export interface HttpServerOptions {
  readonly timeouts: Config['timeouts'];
  /** Connections at a time; 0 for any number. */
  readonly maxConnections: number;
  readonly nextRequestId: () => string;
  /** Called for each connection that is closed since there are too many. */
  readonly onRefusedConnection: () => void;
}

/** What connections that have carried a request have transferred, headers included. */
export interface Traffic {
  /** Those that are open. */
  readonly connections: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

const maxHeaders = 200;
/** How often, at least, Node looks for connections that take too long. */
const maxCheckMs = 1000;

/** A server that stops without losing a request. */
export class HttpServer extends Server<typeof IncomingMessage, typeof HttpResponse> {
  readonly clients = new Set<Connection>();
  readonly #closedTraffic = { bytesRead: 0, bytesWritten: 0 };
  /** Whether every answer is the last of its connection. Connections that are idle stay open for one more request. */
  isDraining = false;
  /** Whether no further request is answered. */
  isClosing = false;

  constructor(options: ServerOptions<typeof IncomingMessage, typeof HttpResponse>) {
    super({ ...options, ServerResponse: HttpResponse });
  }

  /** @throws {TypeError} when an app has another server than `createHttpServer` makes. */
  static of({ server }: { readonly server: Server }): HttpServer {
    if (server instanceof HttpServer) return server;
    throw new TypeError("The app's server must come from createHttpServer.");
  }

  get traffic(): Traffic {
    const traffic = { connections: 0, ...this.#closedTraffic };
    for (const { hasAsked, socket } of this.clients) {
      if (!hasAsked) continue;
      traffic.connections++;
      traffic.bytesRead += socket.bytesRead;
      traffic.bytesWritten += socket.bytesWritten;
    }
    return traffic;
  }

  /** Adds a connection until it is closed. */
  add(connection: Connection): void {
    const { socket } = connection;
    this.clients.add(connection);
    socket.once('close', () => {
      this.clients.delete(connection);
      if (!connection.hasAsked) return;
      this.#closedTraffic.bytesRead += socket.bytesRead;
      this.#closedTraffic.bytesWritten += socket.bytesWritten;
    });
  }

  /** Refuses connections from a moment on in which none waits to be accepted: the system resets those that do. */
  async stopListening(): Promise<void> {
    // V8 compiles `close` at its first call, which takes longer than most ticks.
    new Server().close();
    let hasAccepted = false;
    const onConnection = () => {
      hasAccepted = true;
    };
    this.on('connection', onConnection);
    await untilQuiet(() => {
      const was = hasAccepted;
      hasAccepted = false;
      return was;
    });
    this.off('connection', onConnection);
    if (this.listening) this.close();
  }

  /** Closes connections on which nothing is being answered, and the others after their answer. */
  closeConnections(): void {
    this.isDraining = true;
    this.isClosing = true;
    for (const connection of this.clients) connection.close();
  }

  /** What `close` begins with; a server that drains closes its connections later. Node's own would keep those with half a request. */
  override closeIdleConnections(): void {
    if (!this.isDraining) this.closeConnections();
  }
}

/**
 * The HTTP server under Fastify: how long a connection may take for what, how many there may be, and what is answered where no request
 * reaches Fastify.
 */
export function createHttpServer(
  handler: RequestListener,
  { timeouts, maxConnections, nextRequestId, onRefusedConnection }: HttpServerOptions,
): HttpServer {
  const { keepAliveMs, receiveMs, sendMs } = timeouts;
  // Node does not start where headers may take longer than the request.
  const headersMs = Math.min(timeouts.headersMs, receiveMs);
  const server = new HttpServer({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: receiveMs,
    connectionsCheckingInterval: Math.min(maxCheckMs, headersMs / 10),
    // Node's own refusal has no body.
    requireHostHeader: false,
  });
  // Versions of Node differ in what they do with too many, so they are counted below.
  server.maxHeadersCount = 0;
  // Of a whole connection's silence, which `destroyIfIdleOrStuck` judges.
  server.timeout = sendMs;

  const options = { handler, problemOf, nextRequestId, server };
  server.on('connection', (socket: Socket) => {
    // Not Node's maxConnections: with that, processes that all are full hand a connection on to each other for ever.
    if (maxConnections > 0 && server.clients.size >= maxConnections) {
      socket.destroy();
      onRefusedConnection();
      return;
    }
    server.add(new Connection(socket, options));
  });
  const onRequest = ({ socket }: IncomingMessage, response: HttpResponse): void => {
    Connection.of(socket).add(response);
  };
  server.on('request', onRequest);
  // Answered by `sendContinue`, once the body is wanted.
  server.on('checkContinue', onRequest);
  // Other `Expect` values may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    Connection.of(socket).refuse(new Problem('malformed_http', 'CONNECT is a method for proxies; this server is none.'));
  });
  server.on('clientError', (error: Error & { readonly code?: string }, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else Connection.of(socket).refuse(clientProblem(error.code));
  });
  server.on('timeout', (socket: Socket) => {
    Connection.of(socket).destroyIfIdleOrStuck();
  });
  return server;
}

/** What is wrong with bytes that are not HTTP, or end before a request is complete. */
function clientProblem(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'The request was not complete in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 'The URL and the headers are larger than 16 KiB.');
    case 'HPE_INVALID_EOF_STATE':
      return new Problem('incomplete_body', 'The connection ended before the request was complete.');
    default:
      return new Problem('malformed_http', 'The message is not a well-formed HTTP request.');
  }
}

/** What RFC 9112 asks a server to refuse and Node lets through, or refuses without a word. */
function problemOf({ rawHeaders, headers, httpVersion, method, url }: IncomingMessage): Problem | undefined {
  const isNewer = httpVersion === '1.1';
  if (!isNewer && httpVersion !== '1.0')
    return new Problem('http_version_not_supported', `This server speaks HTTP/1.1 and HTTP/1.0, got ${httpVersion}.`);
  if (rawHeaders.length > 2 * maxHeaders) return new Problem('headers_too_large', `There are more than ${maxHeaders} headers.`);
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1 || (hosts === 0 && isNewer)) {
    return new Problem('malformed_http', `A request of HTTP/1.1 has the header Host once; this one has it ${hosts} times.`);
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && !isNewer) return new Problem('malformed_http', 'HTTP/1.0 has no Transfer-Encoding.');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new Problem('malformed_http', 'The only Transfer-Encoding is "chunked".');
  if (url!.startsWith('*') && method !== 'OPTIONS')
    return new Problem('malformed_http', 'Only OPTIONS can ask about "*", which stands for the whole server.');
  return undefined;
}
