import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EvalAnswer, GradAnswer, LifGradAnswer } from '../http/answers.ts';
import { Service } from '../http/service.ts';
import { hasProgram, runExample } from './example.ts';

describe.skipIf(!hasProgram('curl'))('examples/curl.sh', () => {
  let service: Service;
  let sections: Map<string, string>;
  beforeAll(async () => {
    service = await Service.start();
    const output = await runExample(service, 'bash', 'examples/curl.sh');
    sections = new Map(
      output.split(/\n\n/).map((section) => {
        const end = section.indexOf('\n');
        return [section.slice(0, end), section.slice(end + 1)];
      }),
    );
  });
  afterAll(() => service.stop());

  const json = (section: string): unknown => JSON.parse(sections.get(section)!);
  const floats = (line: string) => line.trim().split(/\s+/).map(Number);
  const gradient = (x: number) => 4 / (2 + Math.exp(4 * x) + Math.exp(-4 * x));
  const gradients = [-1, -0.5, 0, 0.5, 1].map((x) => Math.fround(gradient(x)));

  it('gets surrogates, neurons and a network in JSON', () => {
    expect((json('surrogate/eval') as EvalAnswer).results[0]!.spike).toEqual([0, 1, 1]);
    expect(((json('surrogate/grad') as GradAnswer).results[0]!.grad as number[])[1]).toBe(1);
    expect(json('lif/simulate')).toMatchObject({ spike_counts: [4], firing_rates: [80], spike_times: [[10.9, 21.9, 32.9, 43.9]] });
    const grad = (json('lif/grad') as LifGradAnswer).results[0]!.grad.current as number[];
    expect(grad).toHaveLength(50);
    expect(grad.reduce((sum, value) => sum + value, 0) / 50).toBeCloseTo(2.0763, 4);
    expect(Math.max(...grad)).toBeCloseTo(3.074, 4);
    expect(Math.min(...grad)).toBeCloseTo(1.6188, 4);
    expect(json('network/grad')).toMatchObject({ loss: [3], spike_counts: [[[1, 2]]] });
  });

  it('sends and gets .npy', () => {
    floats(sections.get('surrogate/grad as .npy')!).forEach((value, i) => {
      expect(value).toBeCloseTo(gradients[i]!, 6);
    });
  });

  it('sends and gets bytes', () => {
    const [answer, numbers] = sections.get('surrogate/grad as bytes')!.split('\n');
    expect((JSON.parse(answer!) as GradAnswer).results[0]!.grad).toEqual({ dtype: 'float32', shape: [5], binary_data_size: 20 });
    expect(floats(numbers!)).toHaveLength(5);
    floats(numbers!).forEach((value, i) => {
      expect(value).toBeCloseTo(gradients[i]!, 6);
    });
  });
});
