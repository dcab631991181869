import { PassThrough, Readable } from 'node:stream';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CorruptBodyError,
  DecodedTooLargeError,
  decodeWithin,
  requestDecoder,
  type RequestCoding,
} from '../../src/codecs/content-coding.ts';
import { numRuns } from '../thorough.ts';

const encoders = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync };
const plain = Buffer.from('spikes '.repeat(1000));

/** What comes out before the end or the error. */
async function decoded(chunks: Iterable<Uint8Array>, coding: RequestCoding, limit = 1e6): Promise<Buffer> {
  const out: Buffer[] = [];
  for await (const chunk of decodeWithin(Readable.from(chunks), coding, limit)) out.push(chunk as Buffer);
  return Buffer.concat(out);
}

describe('requestDecoder', () => {
  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    ['GZip ', 'gzip'],
    ['x-gzip', 'gzip'],
    ['BR', 'br'],
    ['identity, gzip', 'gzip'],
    ['gzip, br', null],
    ['gzip, gzip', null],
    ['deflate', 'deflate'],
    ['zstd', null],
    ['gzip;q=1', null],
  ])('of %s is %s', (header, coding) => {
    expect(requestDecoder(header)).toBe(coding);
  });
});

describe.each(['gzip', 'br', 'deflate'] as const)('decodeWithin of %s', (coding) => {
  const encoded = encoders[coding](plain);

  it('gives the bytes back, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), fc.integer({ min: 1, max: 50 }), async (bytes, step) => {
        const whole = encoders[coding](bytes);
        const chunks = Array.from({ length: Math.ceil(whole.length / step) }, (_, i) => whole.subarray(i * step, (i + 1) * step));
        expect(await decoded(chunks, coding)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: numRuns(50) },
    );
  });

  it('allows exactly the limit', async () => {
    expect(await decoded([encoded], coding, plain.length)).toEqual(plain);
    await expect(decoded([encoded], coding, plain.length - 1)).rejects.toThrow(DecodedTooLargeError);
    await expect(decoded([encoded], coding, 0)).rejects.toThrow('more than 0 bytes');
  });

  it('decodes nothing to nothing', async () => {
    expect(await decoded([encoders[coding](Buffer.alloc(0))], coding, 0)).toHaveLength(0);
  });

  it('refuses what is cut short, wherever', async () => {
    for (const end of [0, 1, 5, encoded.length >> 1, encoded.length - 1]) {
      await expect(decoded([encoded.subarray(0, end)], coding), `${end} bytes`).rejects.toThrow(CorruptBodyError);
    }
  });

  it.each([
    ['text', plain],
    ['zeros', Buffer.alloc(100)],
    ['deflate without a header', deflateRawSync(plain)],
    ['the other coding', encoders[coding === 'gzip' ? 'br' : 'gzip'](plain)],
  ])('refuses %s', async (_name, bytes) => {
    await expect(decoded([bytes], coding)).rejects.toThrow(CorruptBodyError);
  });

  it.each([
    ['text', Buffer.from('{}')],
    ['zeros', Buffer.alloc(8)],
    ['zeros and another', Buffer.concat([Buffer.alloc(8), encoded])],
    ['half of another', encoded.subarray(0, encoded.length >> 1)],
  ])('refuses %s behind the end, in one piece or two', async (_name, more) => {
    await expect(decoded([Buffer.concat([encoded, more])], coding)).rejects.toThrow(CorruptBodyError);
    await expect(decoded([encoded, more], coding)).rejects.toThrow(CorruptBodyError);
  });

  it('ends when the stream fails or is closed early, with its error', async () => {
    const failing = new PassThrough();
    const closed = new PassThrough();
    for (const stream of [failing, closed]) stream.write(encoded.subarray(0, 10));
    failing.destroy(new Error('connection reset'));
    closed.destroy();
    await expect(decodeWithin(failing, coding, 1e6).toArray()).rejects.toThrow('connection reset');
    await expect(decodeWithin(closed, coding, 1e6).toArray()).rejects.toThrow('Premature close');
  });

  it('leaves the stream open when its bytes are refused, and reads no more of it', async () => {
    const source = new PassThrough();
    source.write(encoded);
    await expect(decodeWithin(source, coding, 10).toArray()).rejects.toThrow(DecodedTooLargeError);
    source.write(encoded);
    await new Promise(setImmediate);
    expect(source.destroyed).toBe(false);
    expect(source.readableLength).toBe(encoded.length);
  });

  it('does not decompress what nobody reads', async () => {
    const bomb = encoders[coding](Buffer.alloc(50e6));
    const out = decodeWithin(Readable.from([bomb]), coding, 1e9);
    await new Promise((resolve) => out.once('readable', resolve));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(out.readableLength).toBeLessThan(300_000);
    out.destroy();
  });
});

describe('a bomb', () => {
  it('of 10 GB costs no more than its first bytes', async () => {
    const member = gzipSync(Buffer.alloc(1e6));
    let sent = 0;
    const members = function* () {
      for (; sent < 10_000; sent++) yield member;
    };
    const start = performance.now();
    const before = process.memoryUsage().rss;
    await expect(decoded(members(), 'gzip', 1e6)).rejects.toThrow(DecodedTooLargeError);
    // Of 1 KB each: no more bytes than there may be decompressed.
    expect(sent).toBeLessThan(1200);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100e6);
  });
});

describe('gzip of several members', () => {
  it('is one after the other', async () => {
    const first = gzipSync('one');
    const second = gzipSync('two');
    expect((await decoded([Buffer.concat([first, second])], 'gzip')).toString()).toBe('onetwo');
    expect((await decoded([first, second], 'gzip')).toString()).toBe('onetwo');
    const across = [first.subarray(0, 4), Buffer.concat([first.subarray(4), second.subarray(0, 3)]), second.subarray(3)];
    expect((await decoded(across, 'gzip')).toString()).toBe('onetwo');
  });
});
