import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Config } from '../config.ts';
import { Problem } from '../errors/problems.ts';
import { expectContinue } from './expect-continue.ts';
import { answerOnSocket, clientProblem, type ClientError } from './malformed-http.ts';

export interface HttpServerOptions {
  readonly config: Pick<Config, 'connections' | 'timeouts'>;
  /** Whether other processes listen on the same port. */
  readonly isOneOfSeveral?: boolean;
  readonly nextRequestId: () => string;
  /** Told of connections that are one too many. */
  readonly onRefusedConnection: () => void;
}

const latestAnswer = Symbol('latest answer');
const refused = Symbol('refused');

/** A connection, with the answer to the request that came last, and whether what came behind it was no request. */
type Connection = Socket & { [latestAnswer]?: ServerResponse; [refused]?: true };

const mostHeaders = 200;
/** Node looks only so often for connections that take too long. */
const longestCheckMs = 1000;

/**
 * The HTTP server under Fastify: how long a connection may take for what, how many there may be, and what is answered where no request
 * reaches Fastify.
 */
export function createHttpServer(handler: RequestListener, { config, isOneOfSeveral = false, nextRequestId, onRefusedConnection }: HttpServerOptions): Server {
  const { keepAliveMs, receiveMs, sendMs } = config.timeouts;
  // Node does not start where headers may take longer than the request.
  const headersMs = Math.min(config.timeouts.headersMs, receiveMs);
  const server = createServer({
    keepAliveTimeout: keepAliveMs,
    headersTimeout: headersMs,
    requestTimeout: receiveMs,
    connectionsCheckingInterval: Math.min(longestCheckMs, headersMs / 10),
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

  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    const connection = request.socket as Connection;
    connection[latestAnswer] = response;
    const problem = headerProblem(request);
    if (problem === undefined) handler(request, response);
    else refuse(connection, problem, nextRequestId());
  };
  server.on('request', onRequest);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    expectContinue(request, response);
    onRequest(request, response);
  });
  // No other is one that a server has to know.
  server.on('checkExpectation', onRequest);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    refuse(socket, new Problem('malformed_http', 'CONNECT is for proxies, and this is none.'), nextRequestId());
  });
  server.on('clientError', (error: ClientError, socket: Socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else refuse(socket, clientProblem(error), nextRequestId());
  });
  server.on('timeout', destroyIfIdleOrStuck);
  server.on('drop', onRefusedConnection);
  return server;
}

/** Does what `maxConnections` does. With that, processes that all are full would hand a connection on to each other for ever. */
function closeBeyond(server: Server, most: number, onRefusedConnection: () => void): void {
  let open = 0;
  server.on('connection', (socket: Socket) => {
    open++;
    socket.once('close', () => { open--; });
    if (open <= most) return;
    socket.destroy();
    onRefusedConnection();
  });
}

/** What RFC 9112 asks a server to refuse and Node lets through, or refuses without a word. */
function headerProblem({ rawHeaders, headers, httpVersion }: IncomingMessage): Problem | undefined {
  if (rawHeaders.length > 2 * mostHeaders) return new Problem('headers_too_large', `There are more than ${mostHeaders} headers.`);
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 4 && name.toLowerCase() === 'host') hosts++;
  }
  if (hosts > 1 || (hosts === 0 && httpVersion === '1.1')) {
    return new Problem('malformed_http', `A request of HTTP/1.1 has the header Host once; this one has it ${hosts} times.`);
  }
  const coding = headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked') return new Problem('malformed_http', 'The only Transfer-Encoding is "chunked".');
  return undefined;
}

/** Answers what is no request, when those before it have their answers, and closes the connection. */
function refuse(connection: Connection, problem: Problem, requestId: string): void {
  // Every further byte, and every further look at the clock, reports the same again.
  if (connection[refused]) return;
  connection[refused] = true;
  const latest = connection[latestAnswer];
  const answer = () => { answerOnSocket(problem, connection, requestId); };
  if (latest === undefined || (latest.req.complete && latest.closed)) {
    answer();
  } else if (latest.req.complete) {
    // Without reading on, silence tells that the answer is stuck.
    connection.pause();
    latest.once('close', answer);
  } else if (latest.headersSent) {
    // The request was answered before it was complete.
    connection.destroy();
  } else if (latest.socket === null) {
    connection.pause();
    latest.once('socket', answer);
  } else {
    answer();
  }
}

/** After a silence: what waits for an answer that is being computed, or has not asked yet, is watched by others. */
function destroyIfIdleOrStuck(connection: Connection): void {
  const latest = connection[latestAnswer];
  if (latest === undefined) return;
  const isIdle = latest.closed && latest.req.complete;
  if (isIdle || connection.writableLength > 0) connection.destroy();
}
