import { existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isBuilt, type AddonPackage } from './addon-package.ts';
import { libraryFiles, type Library } from './library.ts';

/** Whether the addon was built on this very library. */
export function isLinked(target: AddonPackage, library: Library): boolean {
  const note = noteOf(target);
  return isBuilt(target) && existsSync(note) && readFileSync(note, 'utf8') === identity(library);
}

/** Lays a library where the package's build looks for the one that it would download, by links. */
export function linkLibrary(target: AddonPackage, library: Library): void {
  unlinkLibrary(target);
  const folder = path.join(target.folder, 'deps');
  const libraries = path.join(folder, 'lib');
  mkdirSync(libraries, { recursive: true });
  symlinkSync(library.include, path.join(folder, 'include'));
  for (const file of Object.values(libraryFiles)) symlinkSync(path.join(library.folder, file), path.join(libraries, file));
  // The names that the linker asks for.
  symlinkSync(libraryFiles.main, path.join(libraries, 'libtensorflow.so'));
  symlinkSync(libraryFiles.framework, path.join(libraries, 'libtensorflow_framework.so'));
  // TensorFlow looks for CUDA in ../nvidia, as seen from the link.
  if (library.cuda !== undefined) symlinkSync(library.cuda, path.join(folder, 'nvidia'));
}

/** Takes away the libraries and the addon that was built on them. */
export function unlinkLibrary({ folder, addon }: AddonPackage): void {
  rmSync(path.join(folder, 'deps'), { recursive: true, force: true });
  rmSync(addon, { force: true });
}

/** Notes which library the addon was built on. */
export function markLinked(target: AddonPackage, library: Library): void {
  writeFileSync(noteOf(target), identity(library));
}

function noteOf({ folder }: AddonPackage): string {
  return path.join(folder, 'deps', 'linked.json');
}

function identity({ folder, cuda }: Library): string {
  const file = path.join(folder, libraryFiles.main);
  const { size, mtimeMs } = statSync(file);
  return JSON.stringify({ file, size, mtimeMs, cuda: cuda ?? null });
}
