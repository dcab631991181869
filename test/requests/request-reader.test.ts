import { afterEach, beforeEach, expect, it } from 'vitest';
import { numberCodec } from '../../src/codecs/json-numbers/compiled.ts';
import { loadConfig } from '../../src/config.ts';
import { RequestReader } from '../../src/requests/request-reader.ts';
import { WorkerThreads } from '../support/worker-threads.ts';

let threads: WorkerThreads;
beforeEach(() => { threads = new WorkerThreads(); });
afterEach(() => { threads.close(); });

it('has a thread once it is warm, before any body asks for one, and none when it is closed', async () => {
  const reader = new RequestReader(numberCodec, loadConfig({}).limits, 2);
  expect(threads.running).toHaveLength(0);
  reader.warm();
  reader.warm();
  await expect.poll(() => threads.running.length).toBe(1);
  await reader.close();
  await expect.poll(() => threads.running.length).toBe(0);
});

it('is closed without having had one', async () => {
  await new RequestReader(numberCodec, loadConfig({}).limits, 2).close();
  expect(threads.running).toHaveLength(0);
});
