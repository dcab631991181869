import { deviceOf } from '../compute/backends/tensorflow/device.ts';
import { findAddonPackage, isBuilt, type AddonPackage } from './addon-package.ts';
import type { Source } from './arguments.ts';
import { buildAddon } from './build-addon.ts';
import { checkTensorflow, hasNvidiaDevice, type Checked } from './check.ts';
import { InstallError } from './install-error.ts';
import { findLibrary } from './library.ts';
import { isLinked, linkLibrary, markLinked, unlinkLibrary } from './link.ts';
import { installedInPython } from './python.ts';
import { installStock, stockMinutes, stockVersion } from './stock.ts';
import { cacheFolder, unpackWheel } from './wheel.ts';

type Say = (line: string) => void;

/**
 * Puts TensorFlow under the addon, and has it compute something.
 *
 * @throws {InstallError} where that fails.
 */
export async function installTensorflow(source: Source, say: Say): Promise<void> {
  checkPlatform();
  const target = findAddonPackage();
  const folder = await folderOf(source, say);
  if (folder !== undefined) await useFolder(target, folder, say);
  else if (source.kind === 'any' && isBuilt(target)) say('An earlier run has installed TensorFlow.');
  else await useStock(target, say);
  await report(await checkTensorflow(), say);
}

/** Official builds of TensorFlow for other machines have no libtensorflow_cc, or need another C library. */
function checkPlatform(): void {
  const { platform, arch } = process;
  if (platform !== 'linux' || arch !== 'x64') {
    throw new InstallError(
      `TensorFlow is supported on Linux on x86-64 only, not on ${platform} ${arch}. The other back-ends run everywhere.`,
    );
  }
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  if (header.glibcVersionRuntime === undefined)
    throw new InstallError('TensorFlow needs glibc; Alpine and other systems on musl have none.');
}

/** The folder with TensorFlow in it; `undefined` for the stock library. */
async function folderOf(source: Source, say: Say): Promise<string | undefined> {
  switch (source.kind) {
    case 'path':
      return source.path.endsWith('.whl') ? unpackWheel(source.path, cacheFolder(), say) : source.path;
    case 'python': {
      const folder = await installedInPython();
      if (folder === undefined)
        throw new InstallError('python3 has no TensorFlow installed, or is not there. `python3 -m pip install tensorflow` installs it.');
      return folder;
    }
    case 'any':
      return installedInPython();
    case 'stock':
      return undefined;
  }
}

async function useFolder(target: AddonPackage, folder: string, say: Say): Promise<void> {
  const library = findLibrary(folder);
  say(`TensorFlow is taken from ${library.folder}`);
  if (isLinked(target, library)) {
    say('The addon is already built on it.');
    return;
  }
  say('Building the addon');
  linkLibrary(target, library);
  try {
    await buildAddon(target);
  } catch (error) {
    // What is half there would only fail later, and less clearly.
    unlinkLibrary(target);
    throw error;
  }
  markLinked(target, library);
}

async function useStock(target: AddonPackage, say: Say): Promise<void> {
  say(`Installing the stock TensorFlow ${stockVersion}: a download of 400 MB, which is given up after ${stockMinutes} minutes`);
  await installStock(target);
}

async function report({ version, gpu, cudaLog }: Checked, say: Say): Promise<void> {
  say(`TensorFlow ${version} works, and computes on the ${gpu ? `GPU: ${(await deviceOf(gpu)).name}` : 'CPU'}.`);
  if (!gpu && hasNvidiaDevice())
    say(['It found no way to the GPU of this machine. Its log says:', ...cudaLog.map((line) => `  | ${line}`)].join('\n'));
  say('The service uses it with COMPUTE_BACKEND=tensorflow, and where it is faster with COMPUTE_BACKEND=auto.');
}
