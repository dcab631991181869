import { describe, expect, it } from 'vitest';
import { describeEnd, runCommand } from '../../src/tensorflow-install/run-command.ts';

const node = (script: string, timeoutMs = 20_000) => runCommand(process.execPath, ['-e', script], { timeoutMs });

describe('a command', () => {
  it('ends with its code and what it wrote', async () => {
    expect(await node("console.log('out'); console.error('err'); process.exitCode = 3")).toMatchObject({
      code: 3,
      stdout: 'out\n',
      timedOut: false,
    });
  });

  it('that is not there has no code', async () => {
    const ended = await runCommand('no-such-program', [], { timeoutMs: 20_000 });
    expect(ended.code).toBeUndefined();
    expect(ended.output).toContain('ENOENT');
  });

  it('is killed when its time is over, with what it started', async () => {
    // What it started holds its output open: had that lived on, there would be no end before a minute.
    const ended = await node("require('child_process').spawn('sleep', ['60'], { stdio: 'inherit' }); setTimeout(() => {}, 60_000)", 1000);
    expect(ended).toMatchObject({ timedOut: true, signal: 'SIGKILL' });
  });

  it('is described by how it ended and its last lines', () => {
    const output = Array.from({ length: 40 }, (_, line) => `line ${line}`).join('\n');
    const text = describeEnd({ code: 2, signal: null, timedOut: false, stdout: '', output });
    expect(text.split('\n')).toHaveLength(31);
    expect(text).toMatch(/^\(exit code 2\)\n {2}\| line 10\n/);
  });
});
