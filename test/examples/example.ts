import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Service } from '../http/service.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The interpreter that the examples in Python are tried with. */
export const python = process.env.PYTHON ?? 'python3';

/** Whether a program can be started. Says so in a line where it cannot. */
export function hasProgram(command: string): boolean {
  const found = spawnSync(command, ['--version']).status === 0;
  if (!found) console.warn(`SKIPPED: there is no ${command}, so its example was not tried.`);
  return found;
}

/** Whether Python has all these modules. Says in a line which it lacks, where it does. */
export function hasModules(...modules: readonly string[]): boolean {
  const missing = modules.filter((module) => spawnSync(python, ['-c', `import ${module}`]).status !== 0);
  if (missing.length > 0) {
    console.warn(`SKIPPED: ${python} has no ${missing.join(', no ')}, so its example was not tried. PYTHON names another interpreter.`);
  }
  return missing.length === 0;
}

/**
 * Runs an example on a service and gives what it printed.
 *
 * @throws when it fails, with what it wrote to standard error.
 */
export async function runExample(service: Service, command: string, ...words: readonly string[]): Promise<string> {
  const env = { ...process.env, SURROGATE_URL: service.url, no_proxy: '127.0.0.1', PYTHONDONTWRITEBYTECODE: '1', JAX_PLATFORMS: 'cpu' };
  const { stdout } = await promisify(execFile)(command, words, { cwd: root, env, timeout: 60_000 });
  return stdout;
}

/** The numbers of the line that begins with a label. */
export function numbersAfter(label: string, output: string): number[] {
  const line = output.split('\n').find((text) => text.startsWith(label));
  if (line === undefined) throw new Error(`no line begins with "${label}":\n${output}`);
  return (line.slice(label.length).match(/-?\d+(?:\.\d+)?(?:e[+-]\d+)?/g) ?? []).map(Number);
}

/** Of a training of two epochs, whose lines say epoch, loss and accuracy: the loss falls, and more is right than the third that chance has. */
export function expectLearning(output: string): void {
  const [first, second] = [1, 2].map((epoch) => numbersAfter(`epoch ${epoch}:`, output));
  expect(second![0]).toBeLessThan(0.8 * first![0]!);
  expect(second![1]).toBeGreaterThan(0.7);
}
