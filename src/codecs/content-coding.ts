import { finished, Transform, type Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

/** Decompressed at a time: each chunk is a hop to a thread of zlib's and back. */
const decodedChunkBytes = 128 * 1024;

const decoders = { gzip: createGunzip, br: createBrotliDecompress, deflate: createInflate };

/** Content codings that bodies come in; `deflate` is zlib's format, as in RFC 9110, 8.4.1.2. */
export type RequestCoding = keyof typeof decoders;

/** By how much bytes that cannot be compressed may grow: a body that is as large as it may be is to be taken compressed too. */
const slackBytes = 64 * 1024;

/** What a decoder keeps of what it has written, at most: its window, by RFC 1951 and RFC 7932. */
const windowBytes = { gzip: 2 ** 15, deflate: 2 ** 15, br: 2 ** 24 } as const satisfies Record<RequestCoding, number>;

/** A body that is larger than a body may be: decompressed, or already as it came. */
export class DecodedTooLargeError extends RangeError {
  override readonly name = 'DecodedTooLargeError';
  readonly state: 'compressed' | 'decompressed';

  constructor(state: 'compressed' | 'decompressed', limitBytes: number) {
    super(`${state}, there are more than ${limitBytes} bytes`);
    this.state = state;
  }
}

/** A body that is not what its `Content-Encoding` says. */
export class CorruptBodyError extends Error {
  override readonly name = 'CorruptBodyError';
}

/**
 * The coding that a `Content-Encoding` names; null when it is one that cannot be read, or several one after the other.
 *
 * @example
 * requestDecoder('x-gzip'); // 'gzip'
 * requestDecoder('gzip, br'); // null
 */
export function requestDecoder(contentEncoding: string | undefined): RequestCoding | 'identity' | null {
  if (contentEncoding === undefined) return 'identity';
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim());
  const [coding, ...more] = codings.filter((name) => name !== '' && name !== 'identity');
  if (coding === undefined) return 'identity';
  if (more.length > 0) return null;
  if (coding === 'gzip' || coding === 'x-gzip') return 'gzip';
  return coding === 'br' || coding === 'deflate' ? coding : null;
}

/**
 * A compressed stream's bytes. The stream is read as fast as it comes, so that its end is noticed whatever the decoder is at; no more is
 * decompressed than is read, and nothing beyond the limit, however much the stream would become.
 *
 * The stream given is not destroyed when its bytes are refused: a request's socket still has to carry the answer.
 *
 * @param admit called with bytes before they are kept, compressed or in the decoder's window; the stream ends with what it throws.
 * @returns a stream that ends with a DecodedTooLargeError when there are more bytes than the limit, before or after decompression; with a
 * CorruptBodyError when they are not of the coding, end early, or something follows them; with the given stream's own error when that fails.
 * @example
 * for await (const chunk of decodeWithin(request, 'gzip', 1e6)) ...
 */
export function decodeWithin(
  stream: Readable,
  coding: RequestCoding,
  limitBytes: number,
  admit: (bytes: number) => void = () => undefined,
): Readable {
  const decoder = decoders[coding]({ chunkSize: decodedChunkBytes });
  let received = 0;
  let length = 0;
  const limiter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.length;
      try {
        if (length > limitBytes) throw new DecodedTooLargeError('decompressed', limitBytes);
        if (length <= windowBytes[coding]) admit(chunk.length);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, chunk);
    },
    flush(done) {
      // Node leaves what follows the end of Brotli, or zeros behind gzip, unread and says nothing.
      if (decoder.bytesWritten === received) done();
      else done(new CorruptBodyError(`something follows the end of the ${coding} data`));
    },
    destroy(error, done) {
      stream.off('data', onData).off('end', onEnd).pause();
      decoder.destroy();
      done(error);
    },
  });
  const onData = (chunk: Buffer) => {
    received += chunk.length;
    try {
      if (received > limitBytes + slackBytes) throw new DecodedTooLargeError('compressed', limitBytes);
      admit(chunk.length);
      decoder.write(chunk);
    } catch (error) {
      limiter.destroy(error as Error);
    }
  };
  const onEnd = () => {
    decoder.end();
  };
  stream.on('data', onData).on('end', onEnd);
  finished(stream, { writable: false }, (error) => {
    if (error) limiter.destroy(error);
  });
  decoder.on('error', (error) => limiter.destroy(new CorruptBodyError(error.message, { cause: error })));
  return decoder.pipe(limiter);
}
