import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { NetworkNumbers, NetworkSize } from '../networks.ts';
import { python } from './peers.ts';

/** Python that has a network's numbers and waits to be told which peer is to run. */
export interface NetworkPeers {
  /** By the peers' names: the loss, and its gradients layer by layer, by a layer's weights before its recurrent ones. */
  readonly answers: Readonly<Record<string, { readonly loss: number; readonly grad: Float32Array }>>;
  /** Resolves when the peer has run once. */
  run(name: string): Promise<void>;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('network_peers.py', import.meta.url));

/** @throws {Error} when Python ends before it has answered. */
export async function startNetworkPeers(modules: readonly string[], size: NetworkSize, numbers: NetworkNumbers): Promise<NetworkPeers> {
  const child = spawn(python, [script, ...modules], {
    env: { ...process.env, JAX_PLATFORMS: 'cpu', PYTHONDONTWRITEBYTECODE: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${script} ended too early`);
    return line.value;
  };

  const { sizes, samples, steps } = size;
  const { spikes, weights, recurrent, labels } = numbers;
  // Where Python has ended, the missing answer says so.
  child.stdin.on('error', () => undefined);
  child.stdin.write(`${JSON.stringify({ sizes, samples, steps, recurrent: recurrent !== undefined })}\n`);
  for (const { buffer } of [spikes, ...weights, ...(recurrent === undefined ? [] : [recurrent]), labels])
    child.stdin.write(Buffer.from(buffer));
  const answers = JSON.parse(await nextLine()) as Record<string, { loss: number; grad: string }>;
  return {
    answers: Object.fromEntries(
      Object.entries(answers).map(([name, { loss, grad }]) => [
        name,
        { loss, grad: new Float32Array(Uint8Array.from(Buffer.from(grad, 'base64')).buffer) },
      ]),
    ),
    run: async (name) => {
      child.stdin.write(`${name}\n`);
      await nextLine();
    },
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
