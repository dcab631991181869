import { afterAll, beforeAll, expect, it } from 'vitest';
import { loopCases } from '../../load/loop-cases.ts';
import { sendAndDrop } from '../../load/loop-client.ts';
import { startLoopServer, type LoopServer } from '../../load/loop-server.ts';
import { oneIn } from '../thorough.ts';

/** Ten times what `npm run load:loop` holds every request to, for machines that are busy with other tests. */
const boundMs = 500;
/** After this the client leaves: what keeps the loop has done so by then. */
const limitMs = 1500;

let server: LoopServer;
beforeAll(async () => {
  server = await startLoopServer();
});
afterAll(() => server.stop());

it.each(
  oneIn(2, [
    'linspace with a cotangent that broadcasts',
    'tau of each neuron, exponential',
    "a library's neurons, each of its own",
    'framed, time first, every gradient of a batch',
    'framed, a current that the neurons of each entry of a batch share',
    '/lif/simulate, everything with time first, framed',
    'empty rows, 64 surrogates',
    '128 kernels of every gradient, float64, detached',
    '8 pipelined linspaces',
    '/lif/simulate, spike times at every step, float32, framed',
  ]),
)(
  '%s leaves the event loop to others',
  async (name) => {
    const bytes = loopCases.find((one) => one.name === name)!.bytes();
    await server.maxDelay();
    await sendAndDrop(Number(new URL(server.url).port), bytes, limitMs);
    expect(await server.maxDelay()).toBeLessThan(boundMs);
  },
  60_000,
);
