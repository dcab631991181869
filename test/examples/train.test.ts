import { afterAll, beforeAll, describe, it } from 'vitest';
import { Service } from '../http/service.ts';
import { expectLearning, runExample } from './example.ts';

describe('examples/train.ts', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  it('learns', async () => {
    expectLearning(
      await runExample(service, process.execPath, '--import', 'tsx', 'examples/train.ts', '--epochs', '2', '--samples', '1500'),
    );
  });
});
