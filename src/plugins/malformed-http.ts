import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { Problem, problemMediaType } from '../errors/problems.ts';

export type ClientError = Error & { readonly code?: string };

/** Bytes behind a message that is not a request are dropped for so long. */
const malformedLingerMs = 2000;
/** A client that sends nothing for so long has had the time to read its answer. */
const silenceMs = 2000;

/** Answers where there is no request that Fastify could handle, and closes the connection. */
export function answerOnSocket(problem: Problem, socket: Socket, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problem.toDocument('', requestId));
  socket.write(
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
  closeLingering(socket, malformedLingerMs);
}

/**
 * Closes a connection whose client may still be sending: ends this side, drops what comes until the client ends its own, falls silent or has had
 * `maxMs`. Closed at once, the connection would be reset, and the client might lose the answer that it has not read yet (RFC 9112, 9.6).
 */
export function closeLingering(socket: Socket, maxMs: number): void {
  socket.end();
  const silence = setTimeout(() => {
    socket.destroy();
  }, silenceMs);
  const limit = setTimeout(() => {
    socket.destroy();
  }, maxMs);
  // In place of the HTTP parser.
  socket
    .removeAllListeners('data')
    .on('data', () => {
      silence.refresh();
    })
    .resume();
  socket.once('close', () => {
    clearTimeout(silence);
    clearTimeout(limit);
  });
}

/** What is wrong with bytes that are not HTTP, or end before a request is complete. */
export function clientProblem({ code }: ClientError): Problem {
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
