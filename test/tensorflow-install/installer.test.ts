import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const install = (...args: string[]) =>
  spawnSync(process.execPath, [fileURLToPath(new URL('../../tools/tensorflow-install/main.mjs', import.meta.url)), ...args], {
    encoding: 'utf8',
  });

describe('the installer', () => {
  it('explains itself', () => {
    const { status, stdout } = install('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^npm run tensorflow:install .*--from PATH/);
  });

  it('fails with a message, without a stack', () => {
    const { status, stdout, stderr } = install('--fast');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Unknown option '--fast'/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
