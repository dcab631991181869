import { existsSync, readFileSync, rmSync, truncateSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { AddonPackage } from '../../src/tensorflow-install/addon-package.ts';
import { installStock } from '../../src/tensorflow-install/stock.ts';
import { fakePackage, temporaryFolder, write } from './fake-tensorflow.ts';

const folder = temporaryFolder();
let target: AddonPackage;
beforeEach(() => {
  rmSync(folder, { recursive: true });
  target = fakePackage(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** The package's install script, with this in its place. */
const script = (text: string) => {
  write(path.join(target.folder, 'scripts/install.js'), text);
};

const library = () => path.join(target.folder, 'deps/lib/libtensorflow.so.2.9.1');

/** A library of the right size, without its contents. */
function writeLibrary(): void {
  write(library());
  truncateSync(library(), 200e6);
}

describe('the stock library', () => {
  it('is installed by the package itself, once', async () => {
    writeLibrary();
    write(target.addon);
    script('process.exit(1)');
    await installStock(target);
  });

  it('is what the script brings, not what it says', async () => {
    script("require('fs').writeFileSync('package.json', 'changed'); console.log('Not Found')");
    await expect(installStock(target)).rejects.toThrow(/no deps\/lib\/libtensorflow\.so\.2\.9\.1, no addon[^]*Not Found/);
    expect(readFileSync(path.join(target.folder, 'package.json'), 'utf8')).toContain('tfjs-node-gpu');
  });

  it('does not come in part', async () => {
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
