import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { brotliCompress, constants, createBrotliCompress, createGzip, gzip } from 'node:zlib';

import type { FastifyReply, FastifyRequest } from 'fastify';
import fp from 'fastify-plugin';

import { chooseEncoding } from '../codecs/content-coding.ts';
import { Problem } from '../errors/problems.ts';

declare module 'fastify' {
  interface FastifyReply {
    /** Whether the answer is compressed where the client allows it, or only where it asks for it. */
    compressWhen: 'allowed' | 'asked';
  }
}

/** Shorter answers are sent as they are. */
const minBytes = 1024;
// Spike trains are most of what is compressed: hardly smaller at higher levels, and several times as slow.
const gzipOptions = { level: 1 };
const brotliOptions = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } };

/** Compresses answers that leave as text or bytes, as `Accept-Encoding` and the answer say. zlib works on threads of its own. */
export const compression = fp(
  (app, _options, done) => {
    app.decorateReply('compressWhen', 'allowed');

    app.addHook('onRequest', (request, _reply, next) => {
      const accepted = request.headers['accept-encoding'];
      if (accepted === undefined || chooseEncoding(accepted, { wanted: 'asked' }) !== null) next();
      else
        next(
          new Problem(
            'not_acceptable',
            `Answers are sent plain or with gzip or br, which "Accept-Encoding: ${accepted.slice(0, 200)}" excludes.`,
          ),
        );
    });

    app.addHook(
      'onSend',
      (request: FastifyRequest, reply: FastifyReply, payload: unknown, next: (error: Error | null, payload?: unknown) => void) => {
        const accepted = request.headers['accept-encoding'];
        if (accepted === undefined || reply.hasHeader('content-encoding')) {
          next(null, payload);
          return;
        }
        const coding = chooseEncoding(accepted, { wanted: reply.compressWhen });
        if (coding === null || coding === 'identity') next(null, payload);
        else compress(coding, reply, payload, next);
      },
    );
    done();
  },
  { name: 'compression' },
);

function compress(
  coding: 'gzip' | 'br',
  reply: FastifyReply,
  payload: unknown,
  next: (error: Error | null, payload?: unknown) => void,
): void {
  const isWhole = typeof payload === 'string' || Buffer.isBuffer(payload);
  if (!isWhole && !(payload instanceof Readable)) {
    next(null, payload);
  } else if (isWhole && Buffer.byteLength(payload) < minBytes) {
    next(null, payload);
  } else {
    void reply
      .header('content-encoding', coding)
      .header('vary', reply.hasHeader('vary') ? `${String(reply.getHeader('vary'))}, accept-encoding` : 'accept-encoding')
      .removeHeader('content-length');
    if (isWhole)
      compressWhole(coding, payload).then((compressed) => {
        next(null, compressed);
      }, next);
    else next(null, compressStream(coding, payload));
  }
}

function compressWhole(coding: 'gzip' | 'br', payload: string | Buffer): Promise<Buffer> {
  return coding === 'gzip' ? promisify(gzip)(payload, gzipOptions) : promisify(brotliCompress)(payload, brotliOptions);
}

function compressStream(coding: 'gzip' | 'br', payload: Readable): Readable {
  const compressor = coding === 'gzip' ? createGzip(gzipOptions) : createBrotliCompress(brotliOptions);
  payload.on('error', (error) => compressor.destroy(error));
  compressor.on('close', () => payload.destroy());
  return payload.pipe(compressor);
}
