import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { findAddonPackage } from '../../src/tensorflow-install/addon-package.ts';
import { headersFolder } from '../../src/tensorflow-install/build-addon.ts';
import { temporaryFolder, write } from './fake-tensorflow.ts';

const folder = temporaryFolder();
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The program, as the built one runs. */
const install = (...words: string[]) =>
  spawnSync(process.execPath, ['--import', 'tsx', 'src/tensorflow-install/main.ts', ...words], {
    cwd: fileURLToPath(new URL('../../', import.meta.url)),
    encoding: 'utf8',
  });

describe('the installer', () => {
  it('explains itself', () => {
    const { status, stdout } = install('--help');
    expect(status).toBe(0);
    expect(stdout).toMatch(/^npm run tensorflow:install .*--from PATH/);
  });

  it('fails in words, without a stack', () => {
    const { status, stdout, stderr } = install('--fast');
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^Unknown option '--fast'/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('the npm package', () => {
  it('that was left out is named, with what brings it', () => {
    const elsewhere = createRequire(path.join(folder, 'index.js'));
    expect(() => findAddonPackage(elsewhere)).toThrow(/@tensorflow\/tfjs-node-gpu is not installed.*without --omit=optional/);
  });
});

describe("Node's headers", () => {
  const program = path.join(folder, 'node/bin/node');

  it('are looked for beside Node', () => {
    write(program);
    expect(headersFolder({}, program)).toBeUndefined();
    write(path.join(folder, 'node/include/node/common.gypi'));
    expect(headersFolder({}, program)).toBe(path.join(folder, 'node'));
    expect(headersFolder({ npm_config_nodedir: '' }, program)).toBe(path.join(folder, 'node'));
  });

  it('are taken from where npm is told that they are', () => {
    expect(headersFolder({ npm_config_nodedir: '/opt/node' }, program)).toBe('/opt/node');
  });
});
