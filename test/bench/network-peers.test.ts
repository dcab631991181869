import { afterAll, beforeAll, expect, it } from 'vitest';
import { warmEngine } from '../../bench/growth/engine.ts';
import { measureNetwork, type NetworkWork } from '../../bench/peers/measure-networks.ts';
import { networkTable } from '../../bench/peers/network-table.ts';
import type { Engine } from '../../src/compute/engine/engine.ts';
import { hasModules } from '../examples/example.ts';
import { Service } from '../http/service.ts';

const work: NetworkWork = { sizes: [30, 12, 4], steps: 20, samples: 5, density: 0.2, isRecurrent: true, aims: { PyTorch: 2 } };
const turns = { rounds: 2, milliseconds: 1 };

let service: Service;
let engine: Engine;
beforeAll(async () => {
  service = await Service.start();
  engine = await warmEngine();
});
afterAll(async () => {
  await engine.close();
  await service.stop();
});

it('times a network in process and over HTTP, with its input in all forms, and has equal gradients from both', async () => {
  const rows = await measureNetwork(work, engine, service.url, [], turns);
  for (const { kernel, http } of rows) expect([...kernel, ...http].filter((ms) => ms > 0)).toHaveLength(4);
  const [head, , ...lines] = networkTable(rows);
  expect(lines.map((line) => line.split(' | ').slice(0, 2))).toEqual([
    ['| 30-12r-4, 20 steps, 5 samples, 20 % active', 'bytes'],
    ['| 30-12r-4, 20 steps, 5 samples, 20 % active', 'bits'],
    ['| 30-12r-4, 20 steps, 5 samples, 20 % active', 'events'],
  ]);
  for (const line of lines) {
    expect(line.split(' | ')).toHaveLength(head!.split(' | ').length);
    expect(line).toContain('| 100.00 % |');
    expect(line).not.toMatch(/NaN|undefined|Infinity/);
  }
});

it.skipIf(!hasModules('torch', 'numpy'))('has the gradients that PyTorch finds, and times it beside', async () => {
  const rows = await measureNetwork(work, engine, service.url, ['torch'], turns);
  expect(rows.map(({ peers, agreement }) => [peers.PyTorch?.length, agreement > 0.999])).toEqual([
    [2, true],
    [2, true],
  ]);
  expect(networkTable(rows)[0]).toContain('PyTorch: ms | to the kernels | aim');
});

it('says when Python has ended before it has answered', async () => {
  await expect(measureNetwork(work, engine, service.url, ['no_such_peer'], turns)).rejects.toThrow('ended too early');
});
