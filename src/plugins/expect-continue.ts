import type { IncomingMessage, ServerResponse } from 'node:http';

const waiting = Symbol('waits for "100 Continue"');

/** A request whose client sends the body only when it is told to. */
type Expecting = IncomingMessage & { [waiting]?: ServerResponse | undefined };

/** Notes that the client of a request waits. */
export function expectContinue(request: IncomingMessage, response: ServerResponse): void {
  (request as Expecting)[waiting] = response;
}

/** Lets a client that waits send its body. */
export function sendContinue(request: IncomingMessage): void {
  const response = (request as Expecting)[waiting];
  if (response === undefined) return;
  (request as Expecting)[waiting] = undefined;
  response.writeContinue();
}
