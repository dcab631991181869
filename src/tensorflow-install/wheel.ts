import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  closeSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import { InstallError } from './install-error.ts';
import { libraryFiles } from './library.ts';
import { describeEnd, runCommand } from './run-command.ts';

// As PEP 427 names them: distribution, version, optional build, Python, ABI, platform.
const wheelName = /^[^-]+-[^-]+(-\d[^-]*)?-[^-]+-[^-]+-(?<platform>[^-]+)\.whl$/;

/** The libraries and the headers of the C API; the rest of a wheel is Python and a hundred megabytes of other headers. */
const wanted = [
  ...Object.values(libraryFiles).map((file) => `tensorflow/${file}`),
  'tensorflow/include/tensorflow/',
  'tensorflow/include/tsl/',
  'tensorflow/include/xla/tsl/',
];

// Python is needed for building anyway, and its zipfile copies in pieces where a library would hold 800 MB at once.
const extract = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as wheel:
    for name in wheel.namelist():
        if name.startswith(tuple(sys.argv[3:])):
            wheel.extract(name, sys.argv[2])
`;

/** Where unpacked wheels are kept: outside node_modules, which `npm ci` empties. */
export function cacheFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const own = environment.XDG_CACHE_HOME;
  // The specification has relative paths ignored.
  const caches = own !== undefined && path.isAbsolute(own) ? own : path.join(homedir(), '.cache');
  return path.join(caches, 'surrogate-gradient-service', 'tensorflow');
}

/**
 * Unpacks what is needed of TensorFlow's wheel, once, and returns the folder.
 *
 * @throws {InstallError} where the file is no such wheel.
 */
export async function unpackWheel(wheel: string, cache: string, say: (line: string) => void): Promise<string> {
  checkIsWheel(wheel);
  const unpacked = path.join(cache, path.basename(wheel, '.whl'));
  const note = path.join(unpacked, 'unpacked.json');
  const origin = JSON.stringify({ bytes: statSync(wheel).size });
  if (existsSync(note) && readFileSync(note, 'utf8') === origin) return unpacked;

  say(`Unpacking ${path.basename(wheel)} into ${unpacked}`);
  mkdirSync(cache, { recursive: true });
  const partial = mkdtempSync(path.join(cache, 'partial-'));
  const discard = () => {
    rmSync(partial, { recursive: true, force: true });
  };
  process.once('exit', discard);
  try {
    const ended = await runCommand('python3', ['-c', extract, wheel, partial, ...wanted], { timeoutMs: 600_000 });
    if (ended.code === undefined)
      throw new InstallError('python3 is not there. Unpacking a wheel needs it, and so does building the addon.');
    if (ended.code !== 0)
      throw new InstallError(`${wheel} could not be unpacked; it may be incomplete, or the disk full ${describeEnd(ended)}`);
    if (!existsSync(path.join(partial, 'tensorflow', libraryFiles.main))) {
      throw new InstallError(
        `${wheel} holds no tensorflow/${libraryFiles.main}. Wheels of tensorflow and tensorflow_cpu for Linux have it.`,
      );
    }
    writeFileSync(path.join(partial, path.basename(note)), origin);
    rmSync(unpacked, { recursive: true, force: true });
    renameSync(partial, unpacked);
  } finally {
    discard();
    process.off('exit', discard);
  }
  return unpacked;
}

function checkIsWheel(file: string): void {
  if (!existsSync(file)) throw new InstallError(`${file} does not exist.`);
  if (!statSync(file).isFile() || firstBytes(file, 4) !== 'PK\u0003\u0004') {
    throw new InstallError(`${file} is not a wheel: it is no zip file. \`pip download --no-deps tensorflow\` fetches one.`);
  }
  const platform = wheelName.exec(path.basename(file))?.groups?.platform;
  if (platform === undefined) throw new InstallError(`${file} is not named as a wheel is: name-version-python-abi-platform.whl.`);
  if (!/linux.*x86_64$/.test(platform)) throw new InstallError(`${file} is for ${platform}; a wheel for Linux on x86-64 is needed.`);
}

function firstBytes(file: string, count: number): string {
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(count);
    return bytes.toString('latin1', 0, readSync(handle, bytes));
  } finally {
    closeSync(handle);
  }
}
