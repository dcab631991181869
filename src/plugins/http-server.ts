import { Server, type IncomingMessage, type RequestListener, type ServerOptions } from 'node:http';
import type { Socket } from 'node:net';

import type { Config } from '../config/config.ts';
import { Problem } from '../errors/problems.ts';
import { untilQuiet } from './until-quiet.ts';
import { expectContinue } from './expect-continue.ts';
import { Connection, HttpResponse } from './http-connection.ts';
import { clientProblem, type ClientError } from './malformed-http.ts';

export interface HttpServerOptions {
  readonly config: Pick<Config, 'connections' | 'timeouts'>;
  /** Whether other processes listen on the same port. */
  readonly isOneOfSeveral?: boolean;
  readonly nextRequestId: () => string;
  /** Told of connections that are one too many. */
  readonly onRefusedConnection: () => void;
}

const maxHeaders = 200;
/** Node looks only so often for connections that take too long. */
const maxCheckMs = 1000;

/** A server that stops without losing a request. */
export class HttpServer extends Server<typeof IncomingMessage, typeof HttpResponse> {
  readonly clients = new Set<Connection>();
  #isDraining = false;
  #isClosing = false;

  constructor(options: ServerOptions<typeof IncomingMessage, typeof HttpResponse>) {
    super({ ...options, ServerResponse: HttpResponse });
  }

  /** @throws {TypeError} when an app has another server than `createHttpServer` makes. */
  static of({ server }: { readonly server: Server }): HttpServer {
    if (server instanceof HttpServer) return server;
    throw new TypeError("The app's server must come from createHttpServer.");
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  /** From now on every answer is the last of its connection. Those that are idle stay open for one more request. */
  startDraining(): void {
    this.#isDraining = true;
  }

  /** Refuses connections from a moment on in which none waits to be accepted: the system resets those that do. */
  async stopListening(): Promise<void> {
    // Node reads the code of `close` when it is first called, which takes longer than most ticks.
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
    this.#isDraining = true;
    this.#isClosing = true;
    for (const connection of this.clients) connection.close();
  }

  /** What `close` begins with; a server that drains closes its connections later. Node's own would keep those with half a request. */
  override closeIdleConnections(): void {
    if (!this.#isDraining) this.closeConnections();
  }
}

/**
 * The HTTP server under Fastify: how long a connection may take for what, how many there may be, and what is answered where no request
 * reaches Fastify.
 */
export function createHttpServer(
  handler: RequestListener,
  { config, isOneOfSeveral = false, nextRequestId, onRefusedConnection }: HttpServerOptions,
): HttpServer {
  const { keepAliveMs, receiveMs, sendMs } = config.timeouts;
  // Node does not start where headers may take longer than the request.
  const headersMs = Math.min(config.timeouts.headersMs, receiveMs);
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
  // Of a whole connection's silence, which is judged below.
  server.timeout = sendMs;
  if (config.connections > 0) {
    if (isOneOfSeveral) closeBeyond(server, config.connections, onRefusedConnection);
    else server.maxConnections = config.connections;
  }

  const options = { handler, problemOf, nextRequestId, isDraining: () => server.isDraining, isClosing: () => server.isClosing };
  server.on('connection', (socket: Socket) => {
    const connection = new Connection(socket, options);
    server.clients.add(connection);
    socket.once('close', () => {
      server.clients.delete(connection);
    });
  });
  const onRequest = ({ socket }: IncomingMessage, response: HttpResponse): void => {
    Connection.of(socket).add(response);
  };
  server.on('request', onRequest);
  server.on('checkContinue', (request: IncomingMessage, response: HttpResponse) => {
    expectContinue(request, response);
    onRequest(request, response);
  });
  // Other values of `Expect` may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    Connection.of(socket).refuse(new Problem('malformed_http', 'CONNECT is for proxies, and this is none.'));
  });
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else Connection.of(socket).refuse(clientProblem(error));
  });
  server.on('timeout', (socket: Socket) => {
    Connection.of(socket).destroyIfIdleOrStuck();
  });
  server.on('drop', onRefusedConnection);
  return server;
}

/** Does what `maxConnections` does. With that, processes that all are full would hand a connection on to each other for ever. */
function closeBeyond(server: Server, most: number, onRefusedConnection: () => void): void {
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open++;
    socket.once('close', () => {
      open--;
    });
    if (open <= most) return;
    socket.destroy();
    onRefusedConnection();
  });
}

/** What RFC 9112 asks a server to refuse and Node lets through, or refuses without a word. */
function problemOf({ rawHeaders, headers, httpVersion, method, url }: IncomingMessage): Problem | undefined {
  const isNewer = httpVersion === '1.1';
  if (!isNewer && httpVersion !== '1.0')
    return new Problem('http_version_not_supported', `The versions of HTTP that this server speaks are 1.1 and 1.0, got ${httpVersion}.`);
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
  if (coding !== undefined && !isNewer) return new Problem('malformed_http', 'HTTP/1.0 knows no Transfer-Encoding.');
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new Problem('malformed_http', 'The only Transfer-Encoding is "chunked".');
  if (url!.startsWith('*') && method !== 'OPTIONS')
    return new Problem('malformed_http', 'Only OPTIONS can ask about "*", which stands for the whole server.');
  return undefined;
}
