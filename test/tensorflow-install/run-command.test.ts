import { describe, expect, it } from 'vitest';
import { describeResult, runCommand } from '../../tools/tensorflow-install/run-command.mjs';

const node = (script: string, timeoutMs = 20_000) => runCommand(process.execPath, ['-e', script], { timeoutMs });

describe('a command', () => {
  it('gives its exit code and its output', async () => {
    expect(await node("console.log('out'); console.error('err'); process.exitCode = 3")).toMatchObject({
      code: 3,
      stdout: 'out\n',
      timedOut: false,
    });
  });

  it('that is not found has no code', async () => {
    const result = await runCommand('no-such-program', [], { timeoutMs: 20_000 });
    expect(result.code).toBeUndefined();
    expect(result.output).toContain('ENOENT');
  });

  it('is killed after its time limit, with the processes it started', async () => {
    // The child holds the output open: had it survived, the command would end only after a minute.
    const result = await node("require('child_process').spawn('sleep', ['60'], { stdio: 'inherit' }); setTimeout(() => {}, 60_000)", 1000);
    expect(result).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
  });

  it('is described by its end and its last lines', () => {
    const output = Array.from({ length: 40 }, (_, line) => `line ${line}`).join('\n');
    const text = describeResult({ code: 2, signal: null, timedOut: false, stdout: '', output });
    expect(text.split('\n')).toHaveLength(31);
    expect(text).toMatch(/^\(exit code 2\)\n {2}\| line 10\n/);
  });
});
