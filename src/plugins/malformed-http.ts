import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

import { Problem, problemMediaType } from '../errors/problems.ts';

/** Answers what is not HTTP, or ends before a request is complete, where there is no request that Fastify could handle. */
export function answerClientError(error: Error & { code?: string }, socket: Socket, requestId: string): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const problem = clientProblem(error);
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
}

function clientProblem({ code }: { code?: string }): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new Problem('request_timeout', 'The request was not complete in time.');
    case 'HPE_HEADER_OVERFLOW':
      return new Problem('headers_too_large', 'The headers are larger than 16 KiB.');
    case 'HPE_INVALID_EOF_STATE':
      return new Problem('incomplete_body', 'The connection ended before the request was complete.');
    default:
      return new Problem('malformed_http', 'The message is not a well-formed HTTP request.');
  }
}
