import path from 'node:path';
import { parseArgs } from 'node:util';
import { InstallError } from './install-error.ts';

/** Where TensorFlow is to come from. */
export type Source =
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'python' }
  | { readonly kind: 'stock' }
  /** What Python has installed, else the stock library. */
  | { readonly kind: 'any' };

/** What the command prints for `--help`. */
export const usage = `npm run tensorflow:install [-- --from PATH | --from python | --stock]

Makes the optional dependency @tensorflow/tfjs-node-gpu usable, and runs an operation to prove it.

  --from PATH    a wheel of tensorflow or tensorflow_cpu (*.whl), or a folder that holds one unpacked or installed;
                 TENSORFLOW_DIR=PATH in the environment does the same
  --from python  the TensorFlow that python3 has installed
  --stock        download libtensorflow 2.9.1 with CUDA 11.2 (400 MB), which suits cards up to Ampere
  without any    what python3 has installed, else --stock`;

/**
 * Reads the command line; `undefined` asks for the usage. Relative paths start where the user stands, which for `npm run`
 * is not the working directory.
 *
 * @throws {InstallError} where the words make no sense.
 */
export function readArguments(words: readonly string[], environment: NodeJS.ProcessEnv): Source | undefined {
  const { help, from, stock } = parse(words);
  if (help) return undefined;
  if (stock) {
    if (from !== undefined) throw new InstallError('--from and --stock exclude each other.');
    return { kind: 'stock' };
  }
  const where = from ?? environment.TENSORFLOW_DIR;
  if (where === undefined) return { kind: 'any' };
  if (where === '')
    throw new InstallError(`${from === undefined ? 'TENSORFLOW_DIR' : '--from'} is empty: give a folder, a wheel, or python.`);
  if (where === 'python') return { kind: 'python' };
  return { kind: 'path', path: path.resolve(environment.INIT_CWD ?? process.cwd(), where) };
}

function parse(words: readonly string[]): { help: boolean; stock: boolean; from?: string | undefined } {
  try {
    return parseArgs({
      args: [...words],
      options: {
        from: { type: 'string' },
        stock: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new InstallError(`${(error as Error).message}\n\n${usage}`, { cause: error });
  }
}
