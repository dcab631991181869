import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { Problem } from '../errors/problems.ts';
import { chooseEncoding, type ContentCoding } from './negotiation.ts';

declare module 'fastify' {
  interface FastifyReply {
    /**
     * From how many bytes on the answer is compressed for a client that allows it, as browsers do. One that asks for it, with
     * `Accept-Encoding: gzip` alone, gets it from 1 KiB on.
     */
    minCompressedBytes: number;
  }
}

/** Shorter answers are sent as they are. */
const minBytes = 1024;
/** Longer ones are compressed as the client takes them, so that memory for the compressed bytes is bounded. */
const maxWholeBytes = 2 ** 20;
// Spike trains are most of what is compressed: hardly smaller at higher levels, and several times as slow.
const gzipOptions = { level: 1 };
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

type SendCallback = (error: Error | null, payload?: unknown) => void;

/** Compresses answers that leave as text or bytes, as `Accept-Encoding` and the answer say. zlib works on threads of its own. */
export const compression = fp(
  (app, _options, done) => {
    app.decorateReply('minCompressedBytes', minBytes);

    app.addHook('onRequest', (request, _reply, next) => {
      const accepted = request.headers['accept-encoding'];
      if (accepted === undefined || chooseEncoding(accepted, 'asked') !== null) next();
      else
        next(
          new Problem(
            'not_acceptable',
            `Answers are sent uncompressed, or with gzip or br, all of which "Accept-Encoding: ${accepted.slice(0, 200)}" excludes.`,
          ),
        );
    });

    app.addHook('onSend', (request: FastifyRequest, reply: FastifyReply, payload: unknown, next: SendCallback) => {
      const accepted = request.headers['accept-encoding'];
      const bytes = accepted === undefined || reply.hasHeader('content-encoding') ? 0 : lengthOf(payload);
      const coding = bytes < minBytes ? null : chooseEncoding(accepted, bytes < reply.minCompressedBytes ? 'asked' : 'allowed');
      if (coding === null || coding === 'identity') next(null, payload);
      else compress(coding, reply, payload as string | Buffer | Readable, next);
    });
    done();
  },
  { name: 'compression' },
);

/** Bytes of a payload that can be compressed; more than any number where that is not known before it ends. */
function lengthOf(payload: unknown): number {
  if (typeof payload === 'string' || Buffer.isBuffer(payload)) return Buffer.byteLength(payload);
  return payload instanceof Readable ? Number.MAX_VALUE : 0;
}

function compress(coding: ContentCoding, reply: FastifyReply, payload: string | Buffer | Readable, next: SendCallback): void {
  void reply
    .header('content-encoding', coding)
    .header('vary', reply.hasHeader('vary') ? `${String(reply.getHeader('vary'))}, accept-encoding` : 'accept-encoding')
    .removeHeader('content-length');
  if (payload instanceof Readable) {
    next(null, compressStream(coding, payload));
  } else if (payload.length > maxWholeBytes) {
    next(null, compressStream(coding, Readable.from([payload], { objectMode: false })));
  } else {
    const compressed = coding === 'gzip' ? promisify(gzip)(payload, gzipOptions) : promisify(brotliCompress)(payload, brotliOptions);
    compressed.then((bytes) => {
      next(null, bytes);
    }, next);
  }
}

function compressStream(coding: ContentCoding, payload: Readable): Readable {
  const compressor = coding === 'gzip' ? createGzip(gzipOptions) : createBrotliCompress(brotliOptions);
  payload.on('error', (error) => compressor.destroy(error));
  compressor.on('close', () => payload.destroy());
  return payload.pipe(compressor);
}
