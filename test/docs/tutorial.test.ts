import { readFileSync } from 'node:fs';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawnPicture, tutorialPictures } from '../../scripts/write-tutorial.ts';
import { buildApp } from '../../src/app.ts';
import { linspace } from '../../src/codecs/ndarray.ts';
import { loadConfig } from '../../src/config/config.ts';
import type { EvalAnswer, GradAnswer, LifGradAnswer } from '../http/answers.ts';
import { curlExamples, readDocument } from './markdown.ts';

const tutorial = readDocument('docs/tutorial.md');

let app: FastifyInstance;
beforeAll(async () => {
  app = await buildApp({ config: loadConfig({}) });
});
afterAll(() => app.close());

async function post<Answer>(url: string, body: object): Promise<Answer> {
  const answer = await app.inject({ method: 'POST', url, payload: body });
  expect(answer.statusCode, answer.body).toBe(200);
  return answer.json();
}

/** Part of the tutorial: that of a figure. */
function section(title: string): string {
  const from = tutorial.indexOf(`\n## ${title}`);
  expect(from, title).toBeGreaterThan(0);
  return tutorial.slice(from, tutorial.indexOf('\n## ', from + 1));
}

interface Body {
  readonly surrogate: readonly ({ readonly name: string } & Readonly<Record<string, unknown>>)[];
}

/** The answer to the last request of a section that has a body, and the surrogates of the request as the tables have them. */
async function answerOf<Answer>(title: string): Promise<Answer & { readonly names: readonly string[] }> {
  const { command } = curlExamples(section(title)).findLast((example) => example.command.includes("-d '"))!;
  const [, url, json] = /localhost:3000(\S+)[^]* -d '([^']+)'/.exec(command)!;
  const body = JSON.parse(json!) as Body;
  const names = [body.surrogate].flat().map(({ name, ...parameters }) => {
    const given = Object.entries(parameters).map(([parameter, value]) => `${parameter}=${String(value)}`);
    return `\`${name}(${given.join()})\``;
  });
  return { ...(await post<Answer>(url!, body)), names };
}

const statistics = (values: readonly number[]) =>
  [values.reduce((sum, value) => sum + value, 0) / values.length, Math.max(...values), Math.min(...values)].map((value) => value.toFixed(4)).join(' | ');

describe('docs/tutorial.md', () => {
  const pictures = tutorialPictures();

  it('has the nine figures, each with its request', () => {
    const titles = [...tutorial.matchAll(/^## Figure (\d):/gm)].map((match) => Number(match[1]));
    expect(titles).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(pictures).toHaveLength([...tutorial.matchAll(/\]\(images\//g)].length);
  });

  it.each(pictures)('$url is the picture below it', async ({ url, file }) => {
    // `npm run docs:tutorial` writes them.
    expect(readFileSync(file, 'utf8')).toBe(await drawnPicture(app, url));
  });

  it('figure 3: the gradient is strongest next to the threshold', async () => {
    const { results } = await answerOf<GradAnswer<number[]>>('Figure 3');
    const { grad } = results[0]!;
    expect(grad).toHaveLength(20);
    expect(Math.max(...grad)).toBe(grad[9]);
    expect(section('Figure 3')).toContain(`strongest next to the threshold, ${grad[9]!.toFixed(3)}, and ${grad[0]!.toFixed(3)} at both ends`);
    expect(grad[19]).toBe(grad[0]);
  });

  it('figure 4: eight surrogates', async () => {
    const text = section('Figure 4');
    const { results, names } = await answerOf<GradAnswer<number[]>>('Figure 4');
    const values = await post<EvalAnswer<number>>('/surrogate/eval', { x: 1, surrogate: results.map(({ surrogate }) => surrogate) });
    expect(results).toHaveLength(8);
    for (const [i, { grad }] of results.entries()) {
      const numbers = [values.results[i]!.value!, ...grad].map((value) => value.toFixed(4));
      expect(text).toContain(`| ${names[i]!} | ${numbers.join(' | ')} |`);
    }
  });

  it("figure 4: the text's formulas and the code's", async () => {
    const { results } = await post<EvalAnswer>('/surrogate/eval', {
      x: 1,
      surrogate: [
        { name: 'arctan', alpha: 3 },
        { name: 'soft_sign', alpha: 2 },
      ],
    });
    const [arctan, softSign] = results.map(({ value }) => (value as number).toFixed(4));
    expect(arctan).toBe((Math.atan((Math.PI * 3) / 2) / Math.PI + 0.5).toFixed(4));
    expect(softSign).toBe(((2 / (1 + 2) + 1) / 2).toFixed(4));
    expect(section('Figure 4')).toContain(`| ${(Math.atan(3) / Math.PI + 0.5).toFixed(4)} | ${arctan} |`);
    expect(section('Figure 4')).toContain(`| ${(1 / (1 + 1)).toFixed(4)} | ${softSign} |`);
  });

  it('figure 5: peaks and widths', async () => {
    const text = section('Figure 5');
    const { results, names } = await answerOf<GradAnswer<number[]>>('Figure 5');
    expect(results).toHaveLength(6);
    for (const [i, { grad }] of results.entries()) {
      const peak = Math.max(...grad);
      // The points are 0.001 apart.
      const width = grad.filter((value) => value >= peak / 2).length / 1000;
      expect(text).toContain(`| ${names[i]!} | ${peak.toFixed(3)} | ${width.toFixed(2)} |`);
    }
  });

  it('figure 8: the gradient through the neuron', async () => {
    const { results } = await answerOf<LifGradAnswer<number[]>>('Figure 8');
    const { grad, spike_counts } = results[0]!;
    expect(Math.max(...spike_counts)).toBe(1);
    const first = linspace(0.5, 2.5, 50)[spike_counts.indexOf(1)]!;
    expect(section('Figure 8')).toContain(`the first that fires has a current of ${first.toFixed(3)}`);
    expect(section('Figure 8')).toContain(`| \`grad.current\` | ${statistics(grad.current as number[])} |`);
  });

  it('figure 9: four surrogates', async () => {
    const text = section('Figure 9');
    const { results, names } = await answerOf<LifGradAnswer<number[]>>('Figure 9');
    expect(results).toHaveLength(4);
    for (const [i, { spike_counts, grad }] of results.entries()) {
      const firing = spike_counts.filter((count) => count > 0).length;
      expect(text).toContain(`| ${names[i]!} | ${firing} | ${statistics(grad.current as number[])} |`);
    }
  });

  it('what can be asked of its sequels', async () => {
    const triangle = { x: [0, 0.5, 1], surrogate: { name: 'piecewise_quadratic', alpha: 2 } };
    expect((await post<GradAnswer>('/surrogate/grad', triangle)).results[0]!.grad).toEqual([2, 0, 0]);
    expect((await post<EvalAnswer>('/surrogate/eval', triangle)).results[0]!.spike).toEqual([1, 1, 1]);

    const sigmoids = (...alphas: readonly number[]) => alphas.map((alpha) => ({ name: 'sigmoid', alpha }));
    const scales = await post<GradAnswer>('/surrogate/grad', { x: 0, surrogate: sigmoids(8, 2) });
    const [narrow, wide] = scales.results.map(({ grad }) => grad as number);
    expect(0.6 * narrow! + 0.4 * wide!).toBeCloseTo(1.4, 6);

    const peaks = await post<GradAnswer>('/surrogate/grad', { x: { linspace: [-2, 2, 1000] }, surrogate: sigmoids(1, 2, 4, 8) });
    const highest = peaks.results.map(({ grad }) => Math.max(...(grad as number[])).toFixed(3));
    expect(tutorial).toContain(`the peaks of σ′ for α = 1, 2, 4, 8: ${highest.join(', ')} |`);

    const times = linspace(0, 10, 200);
    const brightness = Array.from(times, (t) => Math.sin(t) + 0.3 * Math.sin(3 * t));
    const changes = brightness.map((value, i) => value - (brightness[i - 1] ?? value));
    const events = await post<EvalAnswer>('/surrogate/eval', { x: changes, surrogate: { name: 'sigmoid', alpha: 10 } });
    const count = (events.results[0]!.spike as number[]).reduce((sum, spike) => sum + spike, 0);
    expect(tutorial).toContain(`it prints ${count} events`);
    expect(tutorial).toContain(`(the largest is ${Math.max(...changes).toFixed(4)})`);
  });
});
