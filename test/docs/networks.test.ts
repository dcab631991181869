import { afterAll, beforeAll, expect, it } from 'vitest';
import { Service } from '../http/service.ts';
import { readDocument } from './markdown.ts';

const pair = /`POST (\/network\/\w+)`:\n\n```json\n([^`]+)```\n\n```json\n([^`]+)```/g;
const examples = [...readDocument('docs/networks.md').matchAll(pair)].map(([, path, request, answer]) => ({
  path: path!,
  request: JSON.parse(request!) as object,
  answer: JSON.parse(answer!) as object,
}));

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

/** Numbers with as many digits as every back-end has right. */
function rounded(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, one: unknown) => (typeof one === 'number' ? Number(one.toPrecision(5)) : one));
}

it('docs/networks.md has examples', () => {
  expect(examples.map(({ path }) => path)).toEqual(['/network/grad', '/network/simulate', '/network/simulate']);
});

it.each(examples)('an example of docs/networks.md at $path has the answer that is shown', async ({ path, request, answer }) => {
  const { status, body } = await service.post<object>(path, request);
  expect(status, JSON.stringify(body)).toBe(200);
  expect(rounded({ ...body, meta: null })).toEqual(rounded({ ...answer, meta: null }));
});
