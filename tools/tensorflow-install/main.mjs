// `npm run tensorflow:install`: puts a TensorFlow library under the addon of @tensorflow/tfjs-node-gpu, and has it compute something.
import { buildAddon, findAddonPackage, installStock, isBuilt, isBuiltOn, linkLibrary, recordLibrary, removeLibrary } from './addon.mjs';
import { stockTimeoutMinutes, stockVersion } from './addon.mjs';
import { readArguments, usage } from './arguments.mjs';
import { checkTensorflow, gpuName, hasNvidiaDevice } from './check.mjs';
import { cacheFolder, findInPython, findLibrary, unpackWheel } from './library.mjs';
import { InstallError } from './run-command.mjs';

/**
 * @import { AddonPackage } from './addon.mjs'
 * @import { Source } from './arguments.mjs'
 */

// An orderly exit also ends started programs and removes half-written files.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

try {
  const source = readArguments(process.argv.slice(2), process.env);
  if (source === undefined) console.log(usage);
  else await install(source);
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}

/** @param {Source} source */
async function install(source) {
  checkPlatform();
  const target = findAddonPackage();
  const folder = await folderOf(source);
  if (folder !== undefined) await installFolder(target, folder);
  else if (source.kind === 'any' && isBuilt(target)) console.log('An earlier run has installed TensorFlow.');
  else {
    console.log(
      `Installing the stock TensorFlow ${stockVersion}: a download of 400 MB, which is given up after ${stockTimeoutMinutes} minutes`,
    );
    await installStock(target);
  }
  await report();
}

/** The official builds for other platforms have no libtensorflow_cc, or need another C library. */
function checkPlatform() {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new InstallError(
      `TensorFlow is supported on Linux on x86-64 only, not on ${platform} ${arch}. The other back-ends run everywhere.`,
    );
  }
  const { header } = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  if (header.glibcVersionRuntime === undefined)
    throw new InstallError('TensorFlow needs glibc; Alpine and other systems on musl have none.');
}

/**
 * The folder that holds TensorFlow; undefined for the stock library.
 *
 * @param {Source} source
 */
async function folderOf(source) {
  if (source.kind === 'stock') return undefined;
  if (source.kind === 'path') {
    return source.path.endsWith('.whl') ? unpackWheel(source.path, cacheFolder(), (line) => console.log(line)) : source.path;
  }
  const folder = await findInPython();
  if (folder === undefined && source.kind === 'python')
    throw new InstallError('python3 has no TensorFlow installed, or is not there. `python3 -m pip install tensorflow` installs it.');
  return folder;
}

/**
 * @param {AddonPackage} target
 * @param {string} folder
 */
async function installFolder(target, folder) {
  const library = findLibrary(folder);
  console.log(`TensorFlow is taken from ${library.folder}`);
  if (isBuiltOn(target, library)) {
    console.log('The addon is already built on it.');
    return;
  }
  console.log('Building the addon');
  linkLibrary(target, library);
  try {
    await buildAddon(target);
  } catch (error) {
    // A half-finished installation would fail later, with a less clear error.
    removeLibrary(target);
    throw error;
  }
  recordLibrary(target, library);
}

async function report() {
  const { version, gpu, cudaLog } = await checkTensorflow();
  console.log(`TensorFlow ${version} works, and computes on the ${gpu ? `GPU ${await gpuName()}` : 'CPU'}.`);
  if (!gpu && hasNvidiaDevice())
    console.log(['It found no way to the GPU of this machine. Its log says:', ...cudaLog.map((line) => `  | ${line}`)].join('\n'));
  console.log('The service uses it with COMPUTE_BACKEND=tensorflow, and where it is faster with COMPUTE_BACKEND=auto.');
}
