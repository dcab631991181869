import { Pool } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agreement } from '../../bench/peers/compare.ts';
import { measureWork } from '../../bench/peers/measure.ts';
import { peerTable } from '../../bench/peers/table.ts';
import { peerWorks } from '../../bench/peers/works.ts';
import { startServer } from '../../support/servers.ts';
import { Service } from '../http/service.ts';
import { startPeerStub } from './peer-stub.ts';

// A million neurons in a plain loop would take the time of all other tests.
const works = peerWorks().filter(({ name }) => !name.startsWith('`/lif/grad`, 1000000'));

let service: Service;
let ours: Pool;
const ended: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  service = await Service.start();
  ours = new Pool(service.url);
});
afterAll(async () => {
  await ours.close();
  for (const end of ended) await end();
  await service.app.close();
});

async function stub(scale?: number): Promise<{ readonly url: string; readonly pool: Pool }> {
  const { url, server } = await startPeerStub(scale);
  const pool = new Pool(url);
  ended.push(async () => {
    await pool.close();
    server.close();
  });
  return { url, pool };
}

it.each(works)('agrees with the peers: $name', async (work) => {
  expect((await agreement(work, ours, (await stub()).pool)).share).toBeGreaterThan(0.999);
});

it('does not measure a peer with other numbers', async () => {
  for (const work of works.slice(0, 2)) await expect(agreement(work, ours, (await stub(1.001)).pool)).rejects.toThrow('numbers agree');
});

it('tells the rates of both and of a server that does nothing, and their ratios', async () => {
  const bare = await startServer(['--import', 'tsx', 'load/bare-server.ts']);
  ended.push(() => bare.stop());
  const row = {
    ...(await measureWork(works[0]!, { ours: service.url, theirs: (await stub()).url, bare: bare.url }, 1000, 2, 0.2)),
    agreement: 1,
  };
  const [head, , line] = peerTable([row]);
  expect([row.ours, row.theirs, row.bare].map((rates) => rates.filter((rate) => rate > 10).length)).toEqual([2, 2, 2]);
  expect(line!.split(' | ')).toHaveLength(head!.split(' | ').length);
  expect(line).toContain('/lif/grad`, 50 neurons');
});

it('does not count an answer that is none', async () => {
  const { url } = await stub();
  const sides = { ours: service.url, theirs: url, bare: url };
  const work = works[0]!;
  await expect(measureWork({ ...work, ours: { ...work.ours, path: '/nowhere' } }, sides, 1000, 1, 0.1)).rejects.toThrow('expected 200');
});
