import { connect } from 'node:net';

/**
 * Sends bytes on a connection of its own and reads until the server closes it, dropping what comes but for the statuses.
 *
 * @param limitMs after which the client leaves.
 * @returns the statuses, and how much came in how long.
 */
export function sendAndDrop(port: number, bytes: Uint8Array, limitMs: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const statuses = new Map<string, number>();
    const from = performance.now();
    let [received, tail, end] = [0, '', ''];
    const timer = setTimeout(() => {
      end = ', not done';
      socket.destroy();
    }, limitMs);
    socket.on('error', () => undefined);
    socket.on('data', (chunk: Buffer) => {
      received += chunk.length;
      // A head may lie in two chunks.
      const text = tail + chunk.toString('latin1');
      for (const [, status] of text.matchAll(/HTTP\/1\.1 (\d{3}) /g)) statuses.set(status!, (statuses.get(status!) ?? 0) + 1);
      tail = text.slice(-12);
    });
    socket.on('close', () => {
      clearTimeout(timer);
      const counts = [...statuses].map(([status, count]) => (count === 1 ? status : `${count} x ${status}`)).join(', ');
      resolve(
        `${counts === '' ? 'none' : counts}, ${(received / 1e6).toFixed(1)} MB in ${((performance.now() - from) / 1000).toFixed(1)} s${end}`,
      );
    });
    socket.write(bytes);
  });
}
