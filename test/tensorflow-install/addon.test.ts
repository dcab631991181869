import { existsSync, lstatSync, readFileSync, readlinkSync, rmSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import {
  findAddonPackage,
  headersFolder,
  installStock,
  isBuiltOn,
  linkLibrary,
  recordLibrary,
  removeLibrary,
  type AddonPackage,
} from '../../tools/tensorflow-install/addon.mjs';
import { findLibrary, type Library } from '../../tools/tensorflow-install/library.mjs';
import { fakePackage, temporaryFolder, write, writeTensorflow } from './fake-tensorflow.ts';

const folder = temporaryFolder();
let target: AddonPackage;
beforeEach(() => {
  rmSync(folder, { recursive: true });
  target = fakePackage(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('a library', () => {
  const sitePackages = path.join(folder, 'site-packages');
  let library: Library;
  beforeEach(() => {
    writeTensorflow(path.join(sitePackages, 'tensorflow'));
    write(path.join(sitePackages, 'nvidia/cudnn/lib/libcudnn.so.9'));
    library = findLibrary(sitePackages);
  });

  const deps = (file: string) => path.join(target.folder, 'deps', file);

  it('is linked to where the package has its own library', () => {
    linkLibrary(target, library);
    expect(isBuiltOn(target, library)).toBe(false);
    expect(readlinkSync(deps('lib/libtensorflow.so'))).toBe('libtensorflow_cc.so.2');
    expect(readFileSync(deps('lib/libtensorflow.so'), 'utf8')).toBe('libtensorflow_cc.so.2');
    expect(readFileSync(deps('lib/libtensorflow_framework.so'), 'utf8')).toBe('libtensorflow_framework.so.2');
    expect(existsSync(deps('include/tensorflow/c/c_api.h'))).toBe(true);
  });

  it('has CUDA where TensorFlow looks for it, ../nvidia of its own folder', () => {
    linkLibrary(target, library);
    expect(existsSync(deps('lib/../nvidia/cudnn/lib/libcudnn.so.9'))).toBe(true);
  });

  it('that replaces another in the same place is not the one the addon was built on', () => {
    linkLibrary(target, library);
    write(target.addon);
    recordLibrary(target, library);
    expect(isBuiltOn(target, library)).toBe(true);
    write(path.join(library.folder, 'libtensorflow_cc.so.2'), 'a newer one');
    expect(isBuiltOn(target, library)).toBe(false);
  });

  it('stays when its links and the addon are removed', () => {
    linkLibrary(target, library);
    write(target.addon);
    removeLibrary(target);
    expect(lstatSync(path.join(target.folder, 'deps'), { throwIfNoEntry: false })).toBeUndefined();
    expect(existsSync(target.addon)).toBe(false);
    expect(findLibrary(sitePackages)).toEqual(library);
    expect(existsSync(path.join(sitePackages, 'nvidia/cudnn/lib/libcudnn.so.9'))).toBe(true);
  });
});

describe('the stock library', () => {
  /** Replaces the package's install script. */
  const script = (text: string) => {
    write(path.join(target.folder, 'scripts/install.js'), text);
  };
  const library = () => path.join(target.folder, 'deps/lib/libtensorflow.so.2.9.1');

  it('is installed by the package itself, once', async () => {
    write(library());
    // As large as the real one, without its contents.
    truncateSync(library(), 200e6);
    write(target.addon);
    script('process.exit(1)');
    await installStock(target);
  });

  it('is missing when the script succeeds without it', async () => {
    script("require('fs').writeFileSync('package.json', 'changed'); console.log('Not Found')");
    await expect(installStock(target)).rejects.toThrow(/no deps\/lib\/libtensorflow\.so\.2\.9\.1, no addon[^]*Not Found/);
    expect(readFileSync(path.join(target.folder, 'package.json'), 'utf8')).toContain('tfjs-node-gpu');
  });

  it('that is incomplete is removed', async () => {
    script(`
      const fs = require('fs');
      fs.mkdirSync('deps/lib', { recursive: true });
      fs.writeFileSync('deps/lib/libtensorflow.so.2.9.1', 'the beginning');
      process.exit(1);
    `);
    await expect(installStock(target)).rejects.toThrow(
      /out of reach from here; --from takes a TensorFlow that is there already \(exit code 1\)/,
    );
    expect(existsSync(library())).toBe(false);
  });
});

it('an npm package that was left out is reported, with the command that installs it', () => {
  const elsewhere = createRequire(path.join(folder, 'index.js'));
  expect(() => findAddonPackage(elsewhere)).toThrow(/@tensorflow\/tfjs-node-gpu is not installed.*without --omit=optional/);
});

describe("Node's headers", () => {
  const nodePath = path.join(folder, 'node/bin/node');

  it('are looked for beside Node', () => {
    write(nodePath);
    expect(headersFolder({}, nodePath)).toBeUndefined();
    write(path.join(folder, 'node/include/node/common.gypi'));
    expect(headersFolder({}, nodePath)).toBe(path.join(folder, 'node'));
    expect(headersFolder({ npm_config_nodedir: '' }, nodePath)).toBe(path.join(folder, 'node'));
  });

  it("are taken from npm's nodedir", () => {
    expect(headersFolder({ npm_config_nodedir: '/opt/node' }, nodePath)).toBe('/opt/node');
  });
});
