import { afterEach, expect, it } from 'vitest';
import { untilReady } from '../../support/process.ts';
import { killServers, start } from './server-process.ts';

afterEach(killServers);

interface Statistics {
  model_stats: { name: string; inference_count: number; inference_stats: { fail: { count: number } } }[];
}

it('statistics of models count all processes, whichever answers', async () => {
  const { child, url, output } = await start({ PROCESSES: '2', COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '2' });
  await untilReady(child, url, output);
  // Each on a connection of its own, so that they come to both processes.
  const ask = (path: string, body?: object) =>
    fetch(url + path, { headers: { connection: 'close' }, ...(body && { method: 'POST', body: JSON.stringify(body) }) });
  const infer = (steps: number) =>
    ask('/v2/models/lif_simulate/infer', {
      inputs: [{ name: 'current', shape: [1], datatype: 'FP32', data: [1.5] }],
      parameters: { steps },
    });
  const answers = await Promise.all([...Array.from({ length: 10 }, () => infer(100)), infer(-1), infer(-1)]);
  expect(answers.map(({ status }) => status)).toEqual([...Array.from({ length: 10 }, () => 200), 400, 400]);
  const counts = async () => {
    const {
      model_stats: [stats],
    } = (await (await ask('/v2/models/lif_simulate/stats')).json()) as Statistics;
    return [stats!.inference_count, stats!.inference_stats.fail.count];
  };
  await expect.poll(counts).toEqual([10, 2]);
  for (let i = 0; i < 4; i++) expect(await counts()).toEqual([10, 2]);
});
