import path from 'node:path';
import { parseArgs } from 'node:util';
import { InstallError } from './run-command.mjs';

/**
 * Where TensorFlow comes from; `any` is Python's TensorFlow, else the stock library.
 *
 * @typedef {{ kind: 'path', path: string } | { kind: 'python' } | { kind: 'stock' } | { kind: 'any' }} Source
 */

/** The text of `--help`. */
export const usage = `npm run tensorflow:install [-- --from PATH | --from python | --stock]

Makes the optional dependency @tensorflow/tfjs-node-gpu usable, and runs an operation to prove it.

  --from PATH    a wheel of tensorflow or tensorflow_cpu (*.whl), or a folder that holds one unpacked or installed;
                 TENSORFLOW_DIR=PATH in the environment does the same
  --from python  the TensorFlow that python3 has installed
  --stock        download libtensorflow 2.9.1 with CUDA 11.2 (400 MB), which suits cards up to Ampere
  without any    what python3 has installed, else --stock`;

/**
 * Reads the command line; `undefined` asks for the usage. Relative paths are resolved from the user's folder, which `npm run` gives in INIT_CWD.
 *
 * @param {readonly string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Source | undefined}
 * @throws {InstallError} when the arguments are invalid.
 */
export function readArguments(args, env) {
  const { help, from, stock } = parse(args);
  if (help) return undefined;
  if (stock) {
    if (from !== undefined) throw new InstallError('--from and --stock exclude each other.');
    return { kind: 'stock' };
  }
  const source = from ?? env.TENSORFLOW_DIR;
  if (source === undefined) return { kind: 'any' };
  if (source === '')
    throw new InstallError(`${from === undefined ? 'TENSORFLOW_DIR' : '--from'} is empty: give a folder, a wheel, or python.`);
  if (source === 'python') return { kind: 'python' };
  return { kind: 'path', path: path.resolve(env.INIT_CWD ?? process.cwd(), source) };
}

/** @param {readonly string[]} args */
function parse(args) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        from: { type: 'string' },
        stock: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new InstallError(`${/** @type {Error} */ (error).message}\n\n${usage}`, { cause: error });
  }
}
