import { spawn } from 'node:child_process';

/** Why TensorFlow could not be installed, worded for the user of the installer. */
export class InstallError extends Error {
  /** @override */
  name = 'InstallError';
}

/**
 * How a command ended.
 *
 * @typedef {object} CommandResult
 * @property {number | null | undefined} code undefined when the program was not found
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} timedOut
 * @property {string} stdout
 * @property {string} output stdout and stderr, interleaved
 */

/**
 * Runs a program to its end. After `timeoutMs` it is killed, together with every process it started.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<CommandResult>}
 */
export async function runCommand(program, args, { timeoutMs, cwd, env = process.env }) {
  // A process group of its own, so that a build's compilers are killed with it.
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has just exited.
    }
  };
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, timeoutMs);
  process.once('exit', kill);
  let stdout = '';
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    stdout += text;
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (/** @type {string} */ text) => (output += text));
  try {
    return await new Promise((resolve) => {
      child.once('error', ({ message }) => resolve({ code: undefined, signal: null, timedOut, stdout, output: message }));
      child.once('close', (code, signal) => resolve({ code, signal, timedOut, stdout, output }));
    });
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

/**
 * How a command ended and the last lines of its output, for an error message.
 *
 * @param {CommandResult} result
 */
export function describeResult({ code, signal, timedOut, output }) {
  const end = timedOut ? 'it took too long' : signal === null ? `exit code ${String(code)}` : `ended by ${signal}`;
  const lines = output.trimEnd().split('\n').slice(-30);
  return `(${end})\n${lines.map((line) => `  | ${line}`).join('\n')}`;
}
