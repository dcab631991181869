import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { InstallError } from './install-error.ts';

/** The npm package whose addon calls TensorFlow. */
export interface AddonPackage {
  readonly folder: string;
  /** The compiled addon, for this Node; it is there only once it was built. */
  readonly addon: string;
  /** node-pre-gyp's command, which builds it. */
  readonly builder: string;
}

const packageName = '@tensorflow/tfjs-node-gpu';

/**
 * Finds the package among those that npm has installed.
 *
 * @throws {InstallError} where optional dependencies were left out.
 */
export function findAddonPackage(require: NodeJS.Require = createRequire(import.meta.url)): AddonPackage {
  try {
    const manifest = require.resolve(`${packageName}/package.json`);
    const near = createRequire(manifest);
    const builder = near.resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
    const { find } = near('@mapbox/node-pre-gyp') as { find: (manifest: string) => string };
    return { folder: path.dirname(manifest), addon: find(manifest), builder };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw error;
    throw new InstallError(`${packageName} is not installed. It is an optional dependency: run \`npm ci\` without --omit=optional.`, {
      cause: error,
    });
  }
}

/** Whether the addon was built, for whichever TensorFlow. */
export function isBuilt({ addon }: AddonPackage): boolean {
  return existsSync(addon);
}
