import { EventEmitter } from 'node:events';
import { expect, it } from 'vitest';
import { Handoff } from '../../src/processes/handoff.ts';

class Connection {
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }
}

/** A worker of node:cluster, to which connections can be handed. */
class FakeWorker extends EventEmitter {
  readonly sent: object[] = [];
  readonly process = Object.assign(new EventEmitter(), {
    send: (...[message]: [message: object, handle?: Connection]) => this.sent.push(message) > 0,
  });
  readonly handoff = new Handoff(this);

  hand(connection: Connection): void {
    this.process.send({ cmd: 'NODE_CLUSTER', act: 'newconn' }, connection);
  }

  answer(accepted: boolean): void {
    this.process.emit('internalMessage', { cmd: 'NODE_CLUSTER', ack: 1, accepted });
  }
}

it('a connection that a worker has not accepted when it exits is closed', () => {
  const [worker, first, second] = [new FakeWorker(), new Connection(), new Connection()];
  worker.hand(first);
  worker.answer(true);
  worker.hand(second);
  expect(worker.handoff.count).toBe(2);
  expect(worker.handoff.isPending).toBe(true);
  worker.emit('exit');
  expect([first.isClosed, second.isClosed]).toEqual([false, true]);
});

it('a connection that a worker refuses goes to another, and outlives the first', () => {
  const [leaving, other, connection] = [new FakeWorker(), new FakeWorker(), new Connection()];
  leaving.hand(connection);
  leaving.answer(false);
  expect(leaving.handoff.isPending).toBe(false);
  other.hand(connection);
  leaving.emit('exit');
  expect(connection.isClosed).toBe(false);
  other.emit('exit');
  expect(connection.isClosed).toBe(true);
});

it('the next connection, which node:cluster hands over on the reply, is followed too', () => {
  const [worker, first, second] = [new FakeWorker(), new Connection(), new Connection()];
  worker.process.on('internalMessage', () => {
    worker.hand(second);
  });
  worker.hand(first);
  worker.answer(true);
  expect(worker.handoff.isPending).toBe(true);
  worker.emit('exit');
  expect([first.isClosed, second.isClosed]).toEqual([false, true]);
});

it('other handles that node:cluster sends are not closed', () => {
  const [worker, listener] = [new FakeWorker(), new Connection()];
  worker.process.send({ cmd: 'NODE_CLUSTER', ack: 1 }, listener);
  worker.emit('exit');
  expect(worker.handoff.count).toBe(0);
  expect(listener.isClosed).toBe(false);
});

it('a worker is told that its port is closed once it is', async () => {
  const worker = new FakeWorker();
  const farewell = { cmd: 'NODE_CLUSTER', act: 'disconnect' };
  worker.process.send(farewell);
  // Here node:cluster closes the port.
  expect(worker.sent).toEqual([]);
  await Promise.resolve();
  expect(worker.sent).toEqual([farewell]);
});
