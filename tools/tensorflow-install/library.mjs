import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { describeResult, InstallError, runCommand } from './run-command.mjs';

/**
 * A TensorFlow that the addon can be built on.
 *
 * @typedef {object} Library
 * @property {string} folder holds both libraries
 * @property {string} include
 * @property {string | undefined} cuda CUDA as pip installs it beside TensorFlow
 */

/** The shared libraries of TensorFlow, under their names in a wheel. */
export const libraryFiles = { main: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2' };

const requiredFiles = [...Object.values(libraryFiles), 'include/tensorflow/c/c_api.h', 'include/tensorflow/c/eager/c_api.h'];

/**
 * Finds TensorFlow in a folder that holds the libraries, or in its subfolder `tensorflow`, as in site-packages and in an unpacked wheel.
 *
 * @param {string} folder
 * @returns {Library}
 * @throws {InstallError} naming the missing files.
 */
export function findLibrary(folder) {
  if (!existsSync(folder)) throw new InstallError(`${folder} does not exist.`);
  if (!statSync(folder).isDirectory()) throw new InstallError(`${folder} is neither a folder nor a wheel (*.whl).`);
  const inner = path.join(folder, 'tensorflow');
  // The folder of headers is also called `tensorflow`, but holds no libraries.
  const found = existsSync(path.join(inner, libraryFiles.main)) || existsSync(path.join(inner, 'include')) ? inner : folder;
  const missing = requiredFiles.filter((file) => !existsSync(path.join(found, file)));
  if (missing.length > 0) {
    throw new InstallError(
      `${found} lacks ${missing.join(', ')}.\nGive the folder \`tensorflow\` of an unpacked or installed wheel of tensorflow or tensorflow_cpu ` +
        'for Linux on x86-64, or the folder around it.',
    );
  }
  const cuda = path.join(path.dirname(found), 'nvidia');
  return { folder: found, include: path.join(found, 'include'), cuda: existsSync(cuda) ? cuda : undefined };
}

// find_spec does not import TensorFlow, which takes seconds and fails where a package it needs is missing.
const locateScript = `
import importlib.util
spec = importlib.util.find_spec('tensorflow')
print(list(spec.submodule_search_locations)[0] if spec and spec.origin else '')
`;

/**
 * The folder of the TensorFlow that python3 has installed; undefined without one, or without python3.
 *
 * @returns {Promise<string | undefined>}
 * @throws {InstallError} when python3 fails.
 */
export async function findInPython() {
  // Python searches its working directory first, where a folder `tensorflow` would pass for the package.
  const result = await runCommand('python3', ['-c', locateScript], { timeoutMs: 60_000, cwd: '/' });
  if (result.code === undefined) return undefined;
  if (result.code !== 0) throw new InstallError(`python3 could not be asked for its TensorFlow ${describeResult(result)}`);
  return result.stdout.trim() || undefined;
}

/** The libraries and the headers of the C API; the rest of a wheel is Python and a hundred megabytes of other headers. */
const extractedPrefixes = [
  ...Object.values(libraryFiles).map((file) => `tensorflow/${file}`),
  'tensorflow/include/tensorflow/',
  'tensorflow/include/tsl/',
  'tensorflow/include/xla/tsl/',
];

// The build needs Python anyway, and its zipfile streams where a JavaScript library would hold 800 MB in memory.
const extractScript = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(tuple(sys.argv[3:])):
            wheel.extract(name, sys.argv[2])
`;

/**
 * Where unpacked wheels are kept: outside node_modules, which `npm ci` empties.
 *
 * @param {NodeJS.ProcessEnv} env
 */
export function cacheFolder(env = process.env) {
  const configured = env.XDG_CACHE_HOME;
  // The XDG specification says to ignore relative paths.
  const caches = configured !== undefined && path.isAbsolute(configured) ? configured : path.join(homedir(), '.cache');
  return path.join(caches, 'surrogate-gradient-service', 'tensorflow');
}

/**
 * Unpacks the needed files of TensorFlow's wheel, once, and returns their folder.
 *
 * @param {string} wheel
 * @param {string} cache
 * @param {(line: string) => void} print
 * @throws {InstallError} when the file is not a wheel of TensorFlow for this platform.
 */
export async function unpackWheel(wheel, cache, print) {
  await checkWheel(wheel);
  const unpacked = path.join(cache, path.basename(wheel, '.whl'));
  const stamp = path.join(unpacked, 'unpacked.json');
  const origin = JSON.stringify({ bytes: statSync(wheel).size });
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === origin) return unpacked;

  print(`Unpacking ${path.basename(wheel)} into ${unpacked}`);
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(path.join(cache, 'partial-'));
  const discard = () => rmSync(partial, { recursive: true, force: true });
  process.once('exit', discard);
  try {
    const result = await runCommand('python3', ['-c', extractScript, wheel, partial, ...extractedPrefixes], { timeoutMs: 600_000 });
    if (result.code === undefined) throw new InstallError('python3 was not found. It is needed to unpack a wheel and to build the addon.');
    if (result.code !== 0)
      throw new InstallError(`${wheel} could not be unpacked; it may be incomplete, or the disk full ${describeResult(result)}`);
    if (!existsSync(path.join(partial, 'tensorflow', libraryFiles.main))) {
      throw new InstallError(
        `${wheel} holds no tensorflow/${libraryFiles.main}. Wheels of tensorflow and tensorflow_cpu for Linux have it.`,
      );
    }
    writeFileSync(path.join(partial, path.basename(stamp)), origin);
    rmSync(unpacked, { recursive: true, force: true });
    renameSync(partial, unpacked);
  } finally {
    discard();
    process.off('exit', discard);
  }
  return unpacked;
}

// PEP 427: distribution, version, optional build, Python, ABI, platform.
const wheelName = /^[^-]+-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-(?<platform>[^-]+)\.whl$/;

/** @param {string} file */
async function checkWheel(file) {
  if (!existsSync(file)) throw new InstallError(`${file} does not exist.`);
  if (!statSync(file).isFile() || !(await isZip(file))) {
    throw new InstallError(`${file} is not a wheel: it is no zip file. \`pip download --no-deps tensorflow\` fetches one.`);
  }
  const platform = wheelName.exec(path.basename(file))?.groups?.platform;
  if (platform === undefined) throw new InstallError(`${file} is not named as a wheel is: name-version-python-abi-platform.whl.`);
  if (!/linux.*x86_64$/.test(platform)) throw new InstallError(`${file} is for ${platform}; a wheel for Linux on x86-64 is needed.`);
}

/** @param {string} file */
async function isZip(file) {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(4));
    return buffer.toString('latin1', 0, bytesRead) === 'PK\u0003\u0004';
  } finally {
    await handle.close();
  }
}
