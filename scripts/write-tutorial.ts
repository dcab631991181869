import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { FastifyInstance } from 'fastify';
import { buildApp } from '../src/app.ts';
import { loadConfig } from '../src/config/config.ts';

/** Where the tutorial is kept. */
export const tutorialFile = fileURLToPath(new URL('../docs/tutorial.md', import.meta.url));

/** The tutorial as a notebook, with what its cells show. */
export const notebookFile = fileURLToPath(new URL('../examples/tutorial.ipynb', import.meta.url));

const runner = fileURLToPath(new URL('run-notebook.py', import.meta.url));

export interface TutorialPicture {
  /** What the service is asked for. */
  readonly url: string;
  /** Where the picture is kept. */
  readonly file: string;
}

/** The pictures of the tutorial: each request for one stands right above it. */
export function tutorialPictures(tutorial = readFileSync(tutorialFile, 'utf8')): TutorialPicture[] {
  const requests = tutorial.matchAll(/^curl -sg? 'http:\/\/localhost:3000(\/[^']+)'\n```\n\n!\[[^\]]+\]\((images\/[^)]+)\)/gm);
  return Array.from(requests, ([, url, file]) => ({ url: url!, file: path.join(path.dirname(tutorialFile), file!) }));
}

/** The picture that the service draws. */
export async function drawnPicture(app: FastifyInstance, url: string): Promise<string> {
  const answer = await app.inject(url);
  if (answer.statusCode !== 200) throw new Error(`${url}: ${answer.body}`);
  return answer.body;
}

/** The notebook with what its cells show on a service; it needs Python with numpy. */
export async function runNotebook(serviceUrl: string, python = process.env.PYTHON ?? 'python3'): Promise<string> {
  const env = { ...process.env, SURROGATE_URL: serviceUrl, no_proxy: '127.0.0.1', PYTHONIOENCODING: 'utf-8' };
  const { stdout } = await promisify(execFile)(python, [runner, notebookFile], { env, timeout: 60_000, maxBuffer: 2 ** 24 });
  return stdout;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = await buildApp({ config: loadConfig({}) });
  for (const { url, file } of tutorialPictures()) {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, await drawnPicture(app, url));
  }
  await app.listen({ host: '127.0.0.1', port: 0 });
  writeFileSync(notebookFile, await runNotebook(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`));
  await app.close();
}
