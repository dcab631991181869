import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { InstallError } from './install-error.ts';

/** A TensorFlow that an addon can be built on. */
export interface Library {
  /** The folder that holds both libraries. */
  readonly folder: string;
  readonly include: string;
  /** CUDA as pip installs it beside TensorFlow. */
  readonly cuda: string | undefined;
}

/** The libraries that make up TensorFlow, by the names that a wheel has them under. */
export const libraryFiles = { main: 'libtensorflow_cc.so.2', framework: 'libtensorflow_framework.so.2' } as const;

const neededFiles = [libraryFiles.main, libraryFiles.framework, 'include/tensorflow/c/c_api.h', 'include/tensorflow/c/eager/c_api.h'];

/**
 * Recognises TensorFlow in a folder: one that holds the libraries, or one with such a folder named `tensorflow` in it, as
 * site-packages and an unpacked wheel have.
 *
 * @throws {InstallError} naming what is missing.
 */
export function findLibrary(folder: string): Library {
  if (!existsSync(folder)) throw new InstallError(`${folder} does not exist.`);
  if (!statSync(folder).isDirectory()) throw new InstallError(`${folder} is neither a folder nor a wheel (*.whl).`);
  const inside = path.join(folder, 'tensorflow');
  // The headers' folder of the same name has no libraries.
  const found = existsSync(path.join(inside, libraryFiles.main)) || existsSync(path.join(inside, 'include')) ? inside : folder;
  const missing = neededFiles.filter((file) => !existsSync(path.join(found, file)));
  if (missing.length > 0) {
    throw new InstallError(
      `${found} lacks ${missing.join(', ')}.\nWhat is needed is the folder \`tensorflow\` of an unpacked or installed wheel of tensorflow or tensorflow_cpu ` +
        'for Linux on x86-64, or the folder around it.',
    );
  }
  const cuda = path.join(path.dirname(found), 'nvidia');
  return { folder: found, include: path.join(found, 'include'), cuda: existsSync(cuda) ? cuda : undefined };
}
