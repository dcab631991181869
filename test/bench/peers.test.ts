import { Pool } from 'undici';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { agreement } from '../../bench/peers/compare.ts';
import { measureWork } from '../../bench/peers/measure.ts';
import { peerTable } from '../../bench/peers/table.ts';
import { peerWorks } from '../../bench/peers/works.ts';
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

async function stub(scale?: number): Promise<Pool> {
  const { url, server } = await startPeerStub(scale);
  const pool = new Pool(url);
  ended.push(async () => {
    await pool.close();
    server.close();
  });
  return pool;
}

it.each(works)('agrees with the peers: $name', async (work) => {
  expect(await agreement(work, ours, await stub())).toBeGreaterThan(0.999);
});

it('does not measure a peer with other numbers', async () => {
  for (const work of works.slice(0, 2)) await expect(agreement(work, ours, await stub(1.001))).rejects.toThrow('numbers agree');
});

it('tells both rates and their ratio', async () => {
  const row = { ...(await measureWork(works[0]!, ours, await stub(), 2, 0.2)), agreement: 1 };
  const [head, , line] = peerTable([row]);
  expect(row.ours).toHaveLength(2);
  expect(line!.split(' | ')).toHaveLength(head!.split(' | ').length);
  expect(line).toContain('/lif/grad`, 50 neurons');
});
