import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzz, fuzzEnvironment } from '../../fuzz/fuzz.ts';
import { Service } from '../http/service.ts';

let service: Service;
beforeAll(async () => { service = await Service.start({ ...fuzzEnvironment }); });
afterAll(() => service.stop());

it('two thousand bodies, right and wrong, are answered as the reference and the documentation say', async () => {
  const report = await fuzz({ url: service.url, count: 2000, seed: 1 });
  expect(report.faults.map(({ number, what, message }) => `${number} ${message.path}: ${what}`)).toEqual([]);
  expect(report.sent).toBe(2000);
  // Else the faults would be none because nothing was looked at.
  expect(report.compared).toBeGreaterThan(300);
  expect(report.foretold).toBeGreaterThan(500);
  expect(Object.keys(report.forms).sort()).toEqual(['framed', 'inference', 'json', 'npy']);
}, 120_000);
