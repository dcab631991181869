import { afterAll, beforeAll, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { hasModules, python, runExample } from '../examples/example.ts';
import { fences, readDocument } from './markdown.ts';

const document = readDocument('docs/networks.md');

const pair = /`POST (\/network\/\w+)`:\n\n```json\n([^`]+)```\n\n```json\n([^`]+)```/g;
const examples = [...document.matchAll(pair)].map(([, path, request, answer]) => ({
  path: path!,
  request: JSON.parse(request!) as object,
  answer: JSON.parse(answer!) as object,
}));

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

it('docs/networks.md has examples', () => {
  expect(examples.map(({ path }) => path)).toEqual(['/network/grad', '/network/simulate', '/network/simulate']);
});

it.each(examples)('an example of docs/networks.md at $path has the answer that is shown', async ({ path, request, answer }) => {
  const { status, body } = await service.post<object>(path, request);
  expect(status, JSON.stringify(body)).toBe(200);
  expect({ ...body, meta: null }).toEqual({ ...answer, meta: null });
});

it.skipIf(!hasModules('numpy'))('the training of docs/networks.md prints what is shown', async () => {
  const blocks = fences(document);
  const [program, shown] = ['python', 'text'].map((language) => blocks.find((block) => block.language === language)!.text);
  expect(await runExample(service, python, '-c', program!.replaceAll('http://localhost:3000', service.url))).toBe(shown);
});
