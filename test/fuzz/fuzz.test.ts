import { afterEach, expect, it } from 'vitest';
import { endsEnvironment } from '../../fuzz/ends.ts';
import { fuzz, fuzzEnvironment } from '../../fuzz/fuzz.ts';
import type { SurrogateGradResult } from '../../src/compute/jobs.ts';
import { Service } from '../http/service.ts';
import { isThorough } from '../thorough.ts';

const services: Service[] = [];
afterEach(async () => {
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

/** Of small limits, and of usual ones. */
async function startBoth(): Promise<readonly [Service, Service]> {
  const both = await Promise.all([Service.start({ ...fuzzEnvironment }), Service.start({ ...endsEnvironment })]);
  services.push(...both);
  return both;
}

const count = isThorough ? 2000 : 400;
it(`${count} bodies, right and wrong, are answered as the reference and the documentation say`, async () => {
  const [service, ends] = await startBoth();
  const report = await fuzz({ url: service.url, endsUrl: ends.url, count, seed: 1 });
  expect(report.faults.map(({ number, what, message }) => `${number} ${message.path}: ${what}`)).toEqual([]);
  expect(report.held).toEqual([]);
  expect(report.sent).toBe(count);
  expect(report.left).toBeGreaterThan(count / 20);
  // Else there might be no faults because nothing was looked at.
  expect(report.compared).toBeGreaterThan(count / 6);
  expect(report.foretold).toBeGreaterThan(count / 4);
  expect(Object.keys(report.forms).sort()).toEqual(['framed', 'inference', 'json', 'npy']);
}, 120_000);

it('a number that is slightly wrong, and a fault of ours, are found', async () => {
  const [service, ends] = await startBoth();
  const { engine } = service.app;
  const run = engine.run.bind(engine) as (...parameters: unknown[]) => unknown;
  engine.run = ((...parameters: unknown[]) => {
    const [job] = parameters as [{ kind: string }];
    if (job.kind === 'lif_grad') throw new Error('broken');
    return Promise.resolve(run(...parameters)).then((answer) => {
      if (job.kind === 'surrogate_grad')
        for (const { grad } of (answer as { result: SurrogateGradResult }).result)
          grad.forEach((value, i) => {
            grad[i] = value * 1.0001;
          });
      return answer;
    });
  }) as typeof engine.run;
  const { faults } = await fuzz({ url: service.url, endsUrl: ends.url, count: 250, seed: 1 });
  const whats = faults.map(({ what }) => what).join('\n');
  expect(whats).toMatch(/results\/0\/grad.*: element \d+ is /);
  expect(whats).toContain('the status is 500');
}, 60_000);
