import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isBuilt, type AddonPackage } from './addon-package.ts';
import { InstallError } from './install-error.ts';
import { unlinkLibrary } from './link.ts';
import { describeEnd, runCommand, type Ended } from './run-command.ts';

/** The library that the package itself downloads. */
export const stockVersion = '2.9.1';

/** When a download is given up. */
export const stockMinutes = 20;

/**
 * Runs the package's own install script, which checks neither what it was answered nor how long that takes.
 *
 * @throws {InstallError} where it brought no library and no addon.
 */
export async function installStock(target: AddonPackage): Promise<void> {
  if (missingFrom(target).length === 0) return;
  unlinkLibrary(target);
  // The script changes the manifest while it runs, and leaves it so when it fails.
  const manifest = path.join(target.folder, 'package.json');
  const before = readFileSync(manifest);
  let ended: Ended;
  try {
    ended = await runCommand(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
      timeoutMs: stockMinutes * 60_000,
      cwd: target.folder,
      environment: { ...process.env, PATH: `${commandsOf(target)}${path.delimiter}${process.env.PATH ?? ''}` },
    });
  } finally {
    writeFileSync(manifest, before);
  }
  const missing = missingFrom(target);
  if (ended.code === 0 && missing.length === 0) return;
  unlinkLibrary(target);
  throw new InstallError(
    `The stock TensorFlow ${stockVersion} could not be installed${missing.length > 0 ? `: no ${missing.join(', no ')}` : ''}. Its host may be out of reach from here; ` +
      `--from takes a TensorFlow that is there already ${describeEnd(ended)}`,
  );
}

/** Where npm laid the commands of the packages, among them node-pre-gyp, which the script calls by name. */
function commandsOf({ builder }: AddonPackage): string {
  return path.resolve(path.dirname(builder), '../../../.bin');
}

function missingFrom(target: AddonPackage): string[] {
  const library = `deps/lib/libtensorflow.so.${stockVersion}`;
  const file = path.join(target.folder, library);
  // A page with an error in place of the archive unpacks to nothing or to very little.
  const complete = existsSync(file) && statSync(file).size > 100e6;
  return [...(complete ? [] : [library]), ...(isBuilt(target) ? [] : ['addon'])];
}
