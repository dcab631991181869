import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { Problem, problemMediaType } from '../errors/problems.ts';

export type ClientError = Error & { readonly code?: string };

/** A client that still sends when its connection is closed would lose the answer, so what it sends is dropped for so long. */
const lingerMs = 2000;

/** Answers where there is no request that Fastify could handle, and closes the connection. */
export function answerOnSocket(problem: Problem, socket: Socket, requestId: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify(problem.toDocument('', requestId));
  socket.end(
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
  socket.resume();
  const lingering = setTimeout(() => { socket.destroy(); }, lingerMs);
  socket.once('close', () => { clearTimeout(lingering); });
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
