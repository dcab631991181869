import type { Socket } from 'node:net';

import { Reading } from './instruments.ts';
import type { Registry } from './registry.ts';

/** Bytes over the connections on which there were exchanges: connections count them anyhow, so that they need only be read. */
export class Traffic {
  readonly #open = new Set<Socket>();
  #received = 0;
  #sent = 0;

  constructor(registry: Registry) {
    let received = 0;
    let sent = 0;
    registry.beforeScrape(() => {
      received = this.#received;
      sent = this.#sent;
      for (const socket of this.#open) {
        received += socket.bytesRead;
        sent += socket.bytesWritten;
      }
    });
    registry.add(
      Reading.of({
        name: 'http_received_bytes_total',
        help: 'Bytes received over HTTP, headers and all.',
        type: 'counter',
        read: () => received,
      }),
    );
    registry.add(
      Reading.of({ name: 'http_sent_bytes_total', help: 'Bytes sent over HTTP, headers and all.', type: 'counter', read: () => sent }),
    );
    registry.add(
      Reading.of({ name: 'http_connections', help: 'Open connections on which there was an exchange.', read: () => this.#open.size }),
    );
  }

  /** There is an exchange on a connection. */
  on(socket: Socket): void {
    if (this.#open.has(socket) || socket.destroyed) return;
    this.#open.add(socket);
    socket.once('close', () => {
      this.#open.delete(socket);
      this.#received += socket.bytesRead;
      this.#sent += socket.bytesWritten;
    });
  }
}
