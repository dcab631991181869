import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { hasModules, numbersAfter, python } from '../../examples/example.ts';

const program = fileURLToPath(new URL('../../golden/losses_torch.py', import.meta.url));

describe.skipIf(!hasModules('numpy', 'torch', 'snntorch'))("the golden losses are PyTorch's and snnTorch's", () => {
  let output: string;
  beforeAll(() => {
    output = execFileSync(python, [program], { encoding: 'utf8' });
  }, 60_000);

  it.each([
    ...['spike_counts', 'max_v', 'mean_v', 'first_spike_times'].map((on) => `cross_entropy on ${on}`),
    'first_spike_time_mse',
    'van_rossum',
    'v_mse',
  ])('%s', (name) => {
    const differences = numbersAfter(`${name} differs from torch by`, output);
    expect(differences).toHaveLength(3);
    for (const difference of differences) expect(difference).toBeLessThan(1e-12);
  });
});
