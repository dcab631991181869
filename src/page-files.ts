import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

import type { FastifyReply, FastifyRequest } from 'fastify';

import { chooseEncoding } from './codecs/content-coding.ts';
import { entityTag, hasCurrent } from './plugins/entity-tag.ts';

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

/** A file that the build did not compress, compressed now. */
export async function compressPageFile(file: string): Promise<PageFile> {
  return compress(await readFile(file), types[path.extname(file)]!);
}

/** A file of which a part is left out. */
export async function withoutPart({ identity, type }: PageFile, part: string): Promise<PageFile> {
  return compress(Buffer.from(identity.toString().replace(part, '')), type);
}

async function compress(identity: Buffer, type: string): Promise<PageFile> {
  const [zipped, br] = await Promise.all([
    promisify(gzip)(identity),
    promisify(brotliCompress)(identity, {
      params: { [constants.BROTLI_PARAM_QUALITY]: 6, [constants.BROTLI_PARAM_SIZE_HINT]: identity.length },
    }),
  ]);
  return { type, etag: entityTag(identity), identity, gzip: zipped, br };
}

/** Answers with a file, in the coding that the client likes best, or with 304 where it has the file. */
export function sendFile(request: FastifyRequest, reply: FastifyReply, file: PageFile): FastifyReply {
  void reply.header('etag', file.etag).header('vary', 'accept-encoding');
  if (hasCurrent(request, file.etag)) return reply.code(304).send();
  const coding = chooseEncoding(request.headers['accept-encoding'] ?? 'identity', { wanted: 'allowed' });
  void reply.type(file.type);
  if (coding !== 'gzip' && coding !== 'br') return reply.send(file.identity);
  return reply.header('content-encoding', coding).send(file[coding]);
}
