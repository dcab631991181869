import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { numbersAfter, runExample } from './example.ts';

describe('examples/fetch.ts', () => {
  let service: Service;
  let output: string;
  beforeAll(async () => {
    service = await Service.start();
    output = await runExample(service, process.execPath, '--import', 'tsx', 'examples/fetch.ts');
  });
  afterAll(() => service.stop());

  it('gets JSON', () => {
    expect(numbersAfter("the sigmoid's gradient at 0:", output)).toEqual([1]);
    expect(numbersAfter('spikes at', output)).toEqual([10.9, 21.9, 32.9, 43.9, 80]);
    expect(numbersAfter('gradient in JSON:', output)).toEqual([2.0763, 3.074, 1.6188]);
  });

  it('sends and gets bytes', () => {
    expect(numbersAfter('gradient as bytes:', output)).toEqual([2.0763, 3.074, 1.6188]);
    expect(numbersAfter('spikes as bytes, of shape', output)).toEqual([1, 500, 109, 219, 329, 439]);
  });
});
