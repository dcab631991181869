import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isThorough } from '../thorough.ts';
import { fences, readDocument, root } from './markdown.ts';

const blocks = fences(readDocument('CONTRIBUTING.md')).filter(({ language }) => language === 'ts');
const model = blocks.find(({ text }) => text.includes('defineNeuron('))!.text;
const registration = blocks.find(({ text }) => text.startsWith('import') && text.includes("from './models/"))!.text;

let copy: string;

/** Runs a program of node_modules in the copy; resolves to all that it prints, and its exit status. */
async function run(program: string, ...args: readonly string[]): Promise<{ readonly status: number; readonly output: string }> {
  // The variables by which a test's own vitest knows its workers.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^VITEST(?!_MAX)/.test(name)));
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [path.join(root, 'node_modules', program), ...args], {
      cwd: copy,
      env: { ...env, NO_COLOR: '1' },
    });
    return { status: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { status: code, output: stdout + stderr };
  }
}

describe("the neuron of CONTRIBUTING.md, in a copy of the service", () => {
  beforeAll(() => {
    copy = mkdtempSync(path.join(tmpdir(), 'neuron-example-'));
    for (const part of ['src', 'support', 'scripts', 'docs', 'test/compute', 'test/docs', 'test/golden', 'test/equal-arrays.ts', 'test/thorough.ts', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
      cpSync(path.join(root, part), path.join(copy, part), { recursive: true });
    symlinkSync(path.join(root, 'node_modules'), path.join(copy, 'node_modules'));
    const [, name = '', file = ''] = /import \{ (\w+) \} from '(.*)'/.exec(registration) ?? [];
    writeFileSync(path.join(copy, 'src/compute/neurons', file), model);
    const catalogue = path.join(copy, 'src/compute/neurons/catalogue.ts');
    const text = readFileSync(catalogue, 'utf8');
    writeFileSync(catalogue, registration + text.replace('const ownModels = [', `$&${name}, `));
  });
  afterAll(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  it.runIf(isThorough)('compiles', async () => {
    const project = path.join(copy, 'tsconfig.example.json');
    writeFileSync(project, JSON.stringify({ extends: './tsconfig.json', include: [], files: ['src/compute/neurons/catalogue.ts'] }));
    expect(await run('typescript/bin/tsc', '--noEmit', '-p', project)).toEqual({ status: 0, output: '' });
  });

  const checks = ['test/compute/neurons', 'test/compute/wasm/neurons.test.ts', 'test/docs/neurons-docs.test.ts', '-t', 'resonator|docs/neurons.md'];

  it.runIf(isThorough)('is missing in the documentation until that is written', async () => {
    const { status, output } = await run('vitest/vitest.mjs', 'run', 'test/docs/neurons-docs.test.ts');
    expect(status, output).toBe(1);
    expect(output).toContain('is what `npm run docs:neurons` writes');
  });

  it('passes the checks of every neuron', async () => {
    expect(await run('tsx/dist/cli.mjs', 'scripts/write-neuron-docs.ts')).toEqual({ status: 0, output: '' });
    const { status, output } = await run('vitest/vitest.mjs', 'run', '--reporter=verbose', ...checks);
    expect(status, output).toBe(0);
    for (const title of ['runs as the reference does', 'has the gradients of the reference', 'central differences', 'forward and backward', 'in chunks'])
      expect(output).toMatch(new RegExp(`✓.*(${title}.*resonator|resonator.*${title})`));
  });

  it.runIf(isThorough)('is told of a state that the step forgets', async () => {
    const file = path.join(copy, 'src/compute/neurons/models/resonator.ts');
    writeFileSync(file, model.replace('state: { v: vPost, w: next }', 'state: { v: vPost }'));
    const { status, output } = await run('vitest/vitest.mjs', 'run', 'test/compute/wasm/neurons.test.ts', '-t', 'resonator');
    writeFileSync(file, model);
    expect(status, output).toBe(1);
    expect(output).toContain('the step does not return the state w');
  });
});
