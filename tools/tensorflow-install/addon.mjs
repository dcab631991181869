import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { libraryFiles } from './library.mjs';
import { describeResult, InstallError, runCommand } from './run-command.mjs';

/** @import { Library } from './library.mjs' */

/**
 * The npm package whose native addon calls TensorFlow.
 *
 * @typedef {object} AddonPackage
 * @property {string} folder
 * @property {string} addon the compiled addon for this Node; the file exists only after a build
 * @property {string} nodePreGyp the command that builds it
 */

const packageName = '@tensorflow/tfjs-node-gpu';

/**
 * Finds the installed npm package.
 *
 * @param {NodeJS.Require} require
 * @returns {AddonPackage}
 * @throws {InstallError} when npm has left out optional dependencies.
 */
export function findAddonPackage(require = createRequire(import.meta.url)) {
  try {
    const manifest = require.resolve(`${packageName}/package.json`);
    const requireFromPackage = createRequire(manifest);
    const nodePreGyp = requireFromPackage.resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
    const { find } = /** @type {{ find: (manifest: string) => string }} */ (requireFromPackage('@mapbox/node-pre-gyp'));
    return { folder: path.dirname(manifest), addon: find(manifest), nodePreGyp };
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'MODULE_NOT_FOUND') throw error;
    throw new InstallError(`${packageName} is not installed. It is an optional dependency: run \`npm ci\` without --omit=optional.`, {
      cause: error,
    });
  }
}

/**
 * Whether the addon has been built, on any TensorFlow.
 *
 * @param {AddonPackage} target
 */
export function isBuilt({ addon }) {
  return existsSync(addon);
}

/**
 * Whether the addon has been built on this very library.
 *
 * @param {AddonPackage} target
 * @param {Library} library
 */
export function isBuiltOn(target, library) {
  const stamp = stampOf(target);
  return isBuilt(target) && existsSync(stamp) && readFileSync(stamp, 'utf8') === identityOf(library);
}

/**
 * Links a library to where the package's build looks for the one it would download.
 *
 * @param {AddonPackage} target
 * @param {Library} library
 */
export function linkLibrary(target, library) {
  removeLibrary(target);
  const deps = path.join(target.folder, 'deps');
  const lib = path.join(deps, 'lib');
  mkdirSync(lib, { recursive: true });
  symlinkSync(library.include, path.join(deps, 'include'));
  for (const file of Object.values(libraryFiles)) symlinkSync(path.join(library.folder, file), path.join(lib, file));
  // The names that the linker asks for.
  symlinkSync(libraryFiles.main, path.join(lib, 'libtensorflow.so'));
  symlinkSync(libraryFiles.framework, path.join(lib, 'libtensorflow_framework.so'));
  // TensorFlow looks for CUDA in ../nvidia, relative to the link.
  if (library.cuda !== undefined) symlinkSync(library.cuda, path.join(deps, 'nvidia'));
}

/**
 * Removes the libraries and the addon built on them.
 *
 * @param {AddonPackage} target
 */
export function removeLibrary({ folder, addon }) {
  rmSync(path.join(folder, 'deps'), { recursive: true, force: true });
  rmSync(addon, { force: true });
}

/**
 * Records which library the addon was built on.
 *
 * @param {AddonPackage} target
 * @param {Library} library
 */
export function recordLibrary(target, library) {
  writeFileSync(stampOf(target), identityOf(library));
}

/** @param {AddonPackage} target */
function stampOf({ folder }) {
  return path.join(folder, 'deps', 'linked.json');
}

/** @param {Library} library */
function identityOf({ folder, cuda }) {
  const file = path.join(folder, libraryFiles.main);
  const { size, mtimeMs } = statSync(file);
  return JSON.stringify({ file, size, mtimeMs, cuda: cuda ?? null });
}

/**
 * Compiles the addon on the linked library.
 *
 * @param {AddonPackage} target
 * @throws {InstallError} naming the missing tool, or with the compiler's output.
 */
export async function buildAddon(target) {
  await checkBuildTools();
  const headers = headersFolder(process.env);
  const result = await runCommand(process.execPath, [target.nodePreGyp, 'install', '--build-from-source'], {
    timeoutMs: 600_000,
    cwd: target.folder,
    env: { ...process.env, ...(headers === undefined ? {} : { npm_config_nodedir: headers }) },
  });
  if (result.code !== 0 || !isBuilt(target))
    throw new InstallError(`The addon could not be built${buildHint(result.output, headers)} ${describeResult(result)}`);
}

/**
 * The folder of Node's headers: npm's `nodedir`, or beside the running Node. Without either the build downloads them.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function headersFolder(env, nodePath = process.execPath) {
  if (env.npm_config_nodedir) return env.npm_config_nodedir;
  const prefix = path.dirname(path.dirname(realpathSync(nodePath)));
  return existsSync(path.join(prefix, 'include/node/common.gypi')) ? prefix : undefined;
}

async function checkBuildTools() {
  const missing = [];
  for (const tool of ['python3', 'make', process.env.CXX ?? 'g++']) {
    // CXX may hold arguments after the program.
    const [program = tool, ...args] = tool.split(' ');
    if ((await runCommand(program, [...args, '--version'], { timeoutMs: 60_000 })).code !== 0) missing.push(tool);
  }
  if (missing.length > 0) {
    throw new InstallError(
      `Building the addon needs ${missing.join(', ')}. On Debian and Ubuntu: apt-get install build-essential python3.`,
    );
  }
}

/**
 * @param {string} output
 * @param {string | undefined} headers
 */
function buildHint(output, headers) {
  if (headers === undefined && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network|headers/.test(output)) {
    return (
      ": Node's headers are not beside Node, and could not be downloaded. " +
      "Set npm_config_nodedir to the folder that holds include/node (of the archive from nodejs.org, or /usr with the distribution's package)"
    );
  }
  return /node-gyp.*ENOENT/.test(output) ? ': node-gyp, a part of npm, was not found. Start this with `npm run tensorflow:install`' : '';
}

/** The library that the package itself downloads. */
export const stockVersion = '2.9.1';

/** Limit for that download. */
export const stockTimeoutMinutes = 20;

/**
 * Runs the package's own install script, which checks neither the HTTP status of its download nor how long it takes.
 *
 * @param {AddonPackage} target
 * @throws {InstallError} when library or addon is missing afterwards.
 */
export async function installStock(target) {
  if (missingOfStock(target).length === 0) return;
  removeLibrary(target);
  // The script edits the manifest, and leaves it edited when it fails.
  const manifest = path.join(target.folder, 'package.json');
  const original = readFileSync(manifest);
  // npm's folder of commands: the script calls node-pre-gyp by name.
  const commands = path.resolve(path.dirname(target.nodePreGyp), '../../../.bin');
  const result = await runCommand(process.execPath, ['scripts/install.js', 'gpu', 'download'], {
    timeoutMs: stockTimeoutMinutes * 60_000,
    cwd: target.folder,
    env: { ...process.env, PATH: `${commands}${path.delimiter}${process.env.PATH ?? ''}` },
  }).finally(() => writeFileSync(manifest, original));
  const missing = missingOfStock(target);
  if (result.code === 0 && missing.length === 0) return;
  removeLibrary(target);
  throw new InstallError(
    `The stock TensorFlow ${stockVersion} could not be installed${missing.length > 0 ? `: no ${missing.join(', no ')}` : ''}. Its host may be out of reach from here; ` +
      `--from takes a TensorFlow that is there already ${describeResult(result)}`,
  );
}

/** @param {AddonPackage} target */
function missingOfStock(target) {
  const library = `deps/lib/libtensorflow.so.${stockVersion}`;
  const file = path.join(target.folder, library);
  // An error page downloaded instead of the archive unpacks to nothing or to very little.
  const complete = existsSync(file) && statSync(file).size > 100e6;
  return [...(complete ? [] : [library]), ...(isBuilt(target) ? [] : ['addon'])];
}
