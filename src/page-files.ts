import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { entityTag } from './entity-tag.ts';

/** A file of the page, as it is sent. */
export interface PageFile {
  readonly type: string;
  readonly etag: string;
  readonly identity: Buffer;
  readonly gzip: Buffer;
  readonly br: Buffer;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

/** Where the build writes them; the same seen from `src/` and from `dist/`. */
const built = fileURLToPath(new URL('../dist/page/', import.meta.url));

/** The files of the page by name, in memory; none where it was not built. */
export function readPageFiles(folder = built): ReadonlyMap<string, PageFile> {
  const files = new Map<string, PageFile>();
  try {
    for (const name of readdirSync(folder)) {
      const type = types[path.extname(name)];
      if (type !== undefined) files.set(name, readPageFile(path.join(folder, name), type));
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return new Map();
  }
  return files;
}

function readPageFile(file: string, type: string): PageFile {
  const identity = readFileSync(file);
  return { type, etag: entityTag(identity), identity, gzip: readFileSync(`${file}.gz`), br: readFileSync(`${file}.br`) };
}
