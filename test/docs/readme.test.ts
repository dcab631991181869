import { readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { neurons } from '../../src/compute/neurons/catalogue.ts';
import { catalogue } from '../../src/compute/surrogates/catalogue.ts';
import { hasModules, python, runExample } from '../examples/example.ts';
import { Service } from '../http/service.ts';
import { fences, localLinks, readDocument, root } from './markdown.ts';

const readme = readDocument('README.md');
const [numpyCode, torchCode] = fences(readme).flatMap(({ language, text }) => (language === 'python' ? [text] : []));

describe('README.md', () => {
  it('counts what there is', () => {
    const libraries = (models: Iterable<{ library: { name: string } | null }>) =>
      new Set(Array.from(models, ({ library }) => library?.name).filter((name) => name !== undefined)).size;
    // A table of one's own is of no library.
    const named = [...catalogue.values()].filter(({ library }) => library !== null);
    expect(libraries(named)).toBe(4 + 9);
    expect(readme).toContain(`computes ${named.length} surrogate gradients`);
    expect(readme).toContain('Norse and nine other libraries');
    expect(readme).toContain(`differentiates through ${neurons.size} neuron models, including those of ${libraries(neurons.values())} libraries`);
  });

  it('names figures that the documents have', () => {
    const cells = (document: string, start: string) => {
      const row = readDocument(document)
        .split('\n')
        .find((line) => line.startsWith(start));
      return row!.split('|').map((cell) => cell.trim());
    };
    const load = cells('docs/load.md', '| `/lif/grad` | 50 |');
    expect(readme).toContain(`${load[5]!} requests/s with a median of ${load[6]!} ms`);
    const timesJax = (request: string) => cells('docs/benchmarks.md', `| ${request} | JAX |`)[3]!;
    expect(readme).toContain(`${timesJax('`/lif/grad`, 50 neurons, 100 steps, JSON')} times FastAPI with JAX`);
    const stages = cells('docs/lab/stages.md', '| binary | 100000 |');
    const [total, computing] = [stages[9], stages[5]].map((ms) => Number(ms).toFixed(1));
    const besideJax = timesJax('`/lif/grad`, 100,000 neurons, 100 steps, binary');
    expect(readme).toMatch(new RegExp(`${total!} ms with HTTP, of which ${computing!} compute .*; ${besideJax} times FastAPI with JAX`));
  });

  it('leads to an index of every document', () => {
    expect(localLinks(readme)).toContain('docs/README.md');
    const linked = new Set(localLinks(readDocument('docs/README.md')));
    const documents = readdirSync(path.join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md'));
    expect(documents.filter((file) => file !== 'README.md' && !linked.has(file))).toEqual([]);
  });
});

describe.skipIf(!hasModules('numpy'))('the Python of README.md', () => {
  let service: Service;
  beforeAll(async () => {
    service = await Service.start();
  });
  afterAll(() => service.stop());

  const run = (program: string) => runExample(service, python, '-c', program.replaceAll('http://localhost:3000', service.url));

  it('has the gradient of an array', async () => {
    const shown = /# (\[.*\])/.exec(numpyCode!)![1]!;
    expect((await run(numpyCode!)).trim()).toBe(shown);
  });

  it.skipIf(!hasModules('torch'))('has a spike with a gradient', async () => {
    const check = 'x = torch.tensor([-1.0, 0.0], requires_grad=True); s = Spike.apply(x); s.sum().backward(); print(s.tolist(), x.grad.tolist())';
    expect(await run([numpyCode, torchCode, check].join('\n'))).toContain('[0.0, 1.0] [0.0706508');
  });
});
