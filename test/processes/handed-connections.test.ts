import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { HandedConnections } from '../../src/processes/handed-connections.ts';

class Connection {
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

/** A process as the cluster has it, to which connections can be handed. */
class Process extends EventEmitter {
  readonly sent: object[] = [];
  readonly process = Object.assign(new EventEmitter(), {
    send: (...[message]: [message: object, handle?: Connection]) => this.sent.push(message) > 0,
  });
  readonly handed = new HandedConnections(this as unknown as Worker);

  hand(connection: Connection): void {
    this.process.send({ cmd: 'NODE_CLUSTER', act: 'newconn' }, connection);
  }

  answer(accepted: boolean): void {
    this.process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: 1, accepted });
  }
}

it('a connection that a process has not taken at its end is closed', () => {
  const [process, first, second] = [new Process(), new Connection(), new Connection()];
  process.hand(first);
  process.answer(true);
  process.hand(second);
  expect(process.handed.count).toBe(2);
  expect(process.handed.areTaken).toBe(false);
  process.emit('exit');
  expect([first.isClosed, second.isClosed]).toEqual([false, true]);
});

it("a connection that a process has refused is another's, and outlives it", () => {
  const [leaving, other, connection] = [new Process(), new Process(), new Connection()];
  leaving.hand(connection);
  leaving.answer(false);
  expect(leaving.handed.areTaken).toBe(true);
  other.hand(connection);
  leaving.emit('exit');
  expect(connection.isClosed).toBe(false);
  other.emit('exit');
  expect(connection.isClosed).toBe(true);
});

it('the next connection is noted before the last is forgotten, as the cluster hands it over on hearing the answer', () => {
  const [process, first, second] = [new Process(), new Connection(), new Connection()];
  process.process.on('internalMessage', () => {
    process.hand(second);
  });
  process.hand(first);
  process.answer(true);
  expect(process.handed.areTaken).toBe(false);
  process.emit('exit');
  expect([first.isClosed, second.isClosed]).toEqual([false, true]);
});

it('what else the cluster sends is not closed', () => {
  const [process, listener] = [new Process(), new Connection()];
  process.process.send({ cmd: 'NODE_CLUSTER', ack: 1 }, listener);
  process.emit('exit');
  expect(process.handed.count).toBe(0);
  expect(listener.isClosed).toBe(false);
});

it('a process is told that its port is closed once it is', async () => {
  const process = new Process();
  const farewell = { cmd: 'NODE_CLUSTER', act: 'disconnect' };
  process.process.send(farewell);
  // Here the cluster closes the port.
  expect(process.sent).toEqual([]);
  await Promise.resolve();
  expect(process.sent).toEqual([farewell]);
});
