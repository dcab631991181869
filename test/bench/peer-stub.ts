import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const alpha = 4;

function sigmoidGrad(x: number): number {
  const s = 1 / (1 + Math.exp(-alpha * x));
  return alpha * s * (1 - s);
}

/** What the peers compute, in a plain loop: [B] or [B, T] currents in, spike counts and the gradient of their sum out. */
function gradient(
  current: Float32Array,
  neurons: number,
  steps: number,
  tau: number,
  dt: number,
): { counts: number[]; grad: Float32Array } {
  const perStep = current.length > neurons;
  const counts = new Array<number>(neurons).fill(0);
  const grad = new Float32Array(current.length);
  const [v, inputAt] = [new Float64Array(steps), (b: number, t: number) => (perStep ? b * steps + t : b)];
  for (let b = 0; b < neurons; b++) {
    for (let t = 0, last = 0; t < steps; t++) {
      v[t] = last + ((current[inputAt(b, t)]! - last) / tau) * dt;
      last = v[t]! >= 1 ? 0 : v[t]!;
      counts[b]! += Number(v[t]! >= 1);
    }
    for (let t = steps - 1, bar = 0; t >= 0; t--) {
      const pre = (1 - bar * v[t]!) * sigmoidGrad(v[t]! - 1) + (v[t]! >= 1 ? 0 : bar);
      grad[inputAt(b, t)]! += (pre * dt) / tau;
      bar = pre * (1 - dt / tau);
    }
  }
  return { counts, grad };
}

/** A server with the peers' routes. @param scale what its gradients are multiplied by: 1, or it is wrong. */
export async function startPeerStub(scale = 1): Promise<{ url: string; server: Server }> {
  const server = createServer((request, response) => {
    // A measurement that ends leaves requests half sent; whoever still waits sees a broken connection.
    answer(request, scale).then(
      (body) => response.end(body),
      () => response.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function answer(request: IncomingMessage, scale: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
  const number = (name: string) => Number(searchParams.get(name));
  const floats = () => new Float32Array(Uint8Array.from(body).buffer);
  const bytes = (...arrays: Float32Array[]) => Buffer.concat(arrays.map((array) => Buffer.from(array.buffer)));
  const wrong = (grad: Float32Array) => grad.map((value) => scale * value);
  switch (pathname) {
    case '/lif/grad': {
      const { current, steps, tau, dt } = JSON.parse(body.toString()) as { current: number[]; steps: number; tau: number; dt: number };
      const { counts, grad } = gradient(Float32Array.from(current), current.length, steps, tau, dt);
      return Buffer.from(JSON.stringify({ counts, grad: Array.from(wrong(grad)) }));
    }
    case '/lif/grad.bin': {
      const current = floats();
      const { counts, grad } = gradient(current, current.length, number('steps'), number('tau'), number('dt'));
      return bytes(Float32Array.from(counts), wrong(grad));
    }
    case '/lif/grad.steps.bin': {
      const current = floats();
      const { counts, grad } = gradient(current, number('neurons'), current.length / number('neurons'), number('tau'), number('dt'));
      return bytes(Float32Array.from(counts), wrong(grad));
    }
    case '/surrogate/grad':
      return Buffer.from(JSON.stringify({ grad: (JSON.parse(body.toString()) as { x: number[] }).x.map((x) => scale * sigmoidGrad(x)) }));
    default:
      return bytes(wrong(floats().map(sigmoidGrad)));
  }
}
