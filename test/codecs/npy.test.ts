import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toRowMajor } from '../../src/codecs/ndarray.ts';
import { npyHeader, readNpy } from '../../src/codecs/npy.ts';
import { materialize } from '../../src/compute/numbers.ts';
import { numRuns } from '../thorough.ts';

/** The head of a file that numpy 2.2.6 wrote, which pads to a length that is a multiple of 64. */
const saved = (dictionary: string, length = 128) =>
  Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(length - 10)}\x00${dictionary}`.padEnd(length - 1) + '\n', 'latin1');
const file = (dictionary: string, dataBytes: number) => Buffer.concat([saved(dictionary), Buffer.alloc(dataBytes)]);
const versioned = (version: readonly [number, number], header: string, dataBytes = 0) => {
  const length = Buffer.alloc(version[0] === 1 ? 2 : 4);
  if (version[0] === 1) length.writeUInt16LE(header.length);
  else length.writeUInt32LE(header.length);
  const start = Buffer.from('\x93NUMPY', 'latin1');
  return Buffer.concat([start, Buffer.from(version), length, Buffer.from(header, 'latin1'), Buffer.alloc(dataBytes)]);
};

describe('npyHeader', () => {
  it.each([
    ['float32', [3], "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 128],
    ['float64', [], "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", 128],
    ['int32', [2, 3], "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }", 128],
    ['uint8', [2, 0, 4], "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 0, 4), }", 128],
    // Needs 128 bytes exactly, to which numpy adds 64.
    [
      'float32',
      [10, ...Array<number>(12).fill(1), 100],
      "{'descr': '<f4', 'fortran_order': False, 'shape': (10, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 100), }",
      192,
    ],
  ] as const)('of %s %j is what numpy.save writes', (dtype, shape, dictionary, length) => {
    expect(npyHeader(dtype, shape).toString('latin1')).toBe(saved(dictionary, length).toString('latin1'));
  });

  it('is what numpy.save writes for every number of dimensions', () => {
    const digest = createHash('sha256');
    for (let dimensions = 0; dimensions <= 64; dimensions++) {
      for (const first of [0, 7, 1234567, 999999999999]) {
        const shape = Array.from({ length: dimensions }, (_, i) => (i === 0 ? first : (i * 37) % 113));
        for (const dtype of ['float32', 'float64', 'int32', 'uint8'] as const) digest.update(npyHeader(dtype, shape));
      }
    }
    // Of the same headers from numpy.lib.format.write_array_header_1_0, one after the other.
    expect(digest.digest('hex')).toBe('8072921dbbed8ec6671b1f4aad879212679c0a5cfa77ca8a84559dcd13b9eeda');
  });
});

describe('readNpy', () => {
  it('reads back every header that npyHeader writes', () => {
    const shapes = fc.array(fc.nat({ max: 4 }), { maxLength: 6 });
    fc.assert(
      fc.property(fc.constantFrom('float32', 'float64'), shapes, fc.nat({ max: 7 }), (dtype, shape, offset) => {
        const header = npyHeader(dtype, shape);
        const byteLength = shape.reduce((size, length) => size * length, dtype === 'float32' ? 4 : 8);
        const bytes = Buffer.concat([Buffer.alloc(offset), header, Buffer.alloc(byteLength)]).subarray(offset);
        expect(readNpy(bytes)).toEqual({ dtype, shape, dataOffset: header.length, byteLength, fortranOrder: false });
      }),
    );
  });

  it.each([
    ["{'descr': '<f8', 'fortran_order': True, 'shape': (2, 3), }", 48, { dtype: 'float64', shape: [2, 3], fortranOrder: true }],
    [`{"shape":(2,),"fortran_order":False,"descr":"<f4"}`, 8, { dtype: 'float32', shape: [2], fortranOrder: false }],
    ["{ 'fortran_order' : False ,\n 'shape' : ( 1 , 2 ) , 'descr' : '<f4' , } ", 8, { shape: [1, 2] }],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (), }", 4, { shape: [] }],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (0, ${'9007199254740991, '.repeat(40)}), }`, 0, { byteLength: 0 }],
  ])('takes %s', (dictionary, dataBytes, found) => {
    expect(readNpy(versioned([1, 0], dictionary, dataBytes))).toMatchObject(found);
  });

  it.each([
    ['|b1', 'bool', 1],
    ['?', 'bool', 1],
    ['b1', 'bool', 1],
    ['|u1', 'uint8', 1],
    ['<u1', 'uint8', 1],
    ['u1', 'uint8', 1],
    ['|i1', 'int8', 1],
    ['<u2', 'uint16', 2],
    ['<i2', 'int16', 2],
    ['<u4', 'uint32', 4],
    ['<i4', 'int32', 4],
    ['<u8', 'uint64', 8],
    ['<i8', 'int64', 8],
    ['<f2', 'float16', 2],
  ])('takes the dtype %s as %s', (descr, dtype, bytes) => {
    const dictionary = `{'descr': '${descr}', 'fortran_order': False, 'shape': (3,), }`;
    expect(readNpy(file(dictionary, 3 * bytes))).toMatchObject({ dtype, byteLength: 3 * bytes });
  });

  it.each([
    [2, 0],
    [3, 0],
  ] as const)('takes version %d.%d, whose length has four bytes', (...version) => {
    const bytes = versioned(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n", 12);
    expect(readNpy(bytes)).toEqual({ dtype: 'float32', shape: [3], dataOffset: bytes.length - 12, byteLength: 12, fortranOrder: false });
  });

  it.each(['>f4', '|f4', '=f8', '>i2', '<c8', '<U3', '|V2', '|O'])('refuses the dtype %s and says how to convert it', (descr) => {
    expect(readNpy(file(`{'descr': '${descr}', 'fortran_order': False, 'shape': (1,), }`, 4))).toBe(
      `its dtype is "${descr}", and those taken are "<f4", "<f8", "|b1", "|u1", "|i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2": use x.astype(numpy.float32)`,
    );
  });

  it('names the dtype of records', () => {
    const records = "{'descr': [('a', '<f4'), ('b', '>i4', (2,))], 'fortran_order': False, 'shape': (1,), }";
    expect(readNpy(file(records, 12))).toContain(`its dtype is "[('a', '<f4'), ('b', '>i4', (2,))]"`);
  });

  it.each([
    [Buffer.alloc(0), 'does not begin with'],
    [Buffer.from('{"x": [1, 2, 3]}'), 'does not begin with'],
    [saved('{').subarray(0, 7), 'ends after 7 bytes'],
    [saved('{').subarray(0, 9), 'ends after 9 bytes'],
    [versioned([2, 0], '{').subarray(0, 11), 'ends after 11 bytes'],
    [versioned([4, 0], '{}'), 'version 4.0'],
    [versioned([0, 0], '{}'), 'version 0.0'],
    [versioned([1, 1], '{}'), 'version 1.1'],
    [saved('{').subarray(0, 100), '118 bytes long, but 90 follow'],
    [versioned([2, 0], ' '.repeat(65_537)), '65537 bytes long, and the longest read is 65536'],
    [Buffer.from('\x93NUMPY\x02\x00\xff\xff\xff\xff', 'latin1'), '4294967295 bytes long'],
    [
      file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 20),
      'shape (2, 3) of <f4 needs 24 bytes behind the header, but 20 are there',
    ],
    [file("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 25), 'needs 24 bytes behind the header, but 25 are there'],
    [file("{'descr': '<f4', 'fortran_order': False, 'shape': (9007199254740991, 9007199254740991), }", 4), 'but 4 are there'],
    [file("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", 0), 'but 0 are there'],
    [file("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 99999999999999999999), }", 0), 'a length of 2**53 or more'],
    [versioned([2, 0], `{'descr': '<f4', 'fortran_order': False, 'shape': (0, ${'9'.repeat(400)}), }`), 'a length of 2**53 or more'],
    [versioned([1, 0], `{'descr': '<f4', 'fortran_order': False, 'shape': (${'1, '.repeat(65)}), }`, 4), '65 dimensions, and at most 64'],
  ])('says what is wrong (%#)', (bytes, message) => {
    expect(readNpy(bytes)).toContain(message);
  });

  it.each([
    '',
    'None',
    '{}',
    "{'descr': '<f4', 'fortran_order': False}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': True}",
    "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4' 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4',, 'fortran_order': False, 'shape': (1,)}",
    "{'descr': <f4, 'fortran_order': False, 'shape': (1,)}",
    "{'descr': True, 'fortran_order': False, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': 'False', 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': '(1,)'}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': [1]}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (01,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x",
  ])('refuses the header %s', (header) => {
    expect(readNpy(versioned([1, 0], header, 4))).toContain('its header is not a dictionary of descr, fortran_order and shape');
  });

  it('never throws, and takes no array that its bytes do not hold', () => {
    const fields = ["'descr': ", "'<f4'", "'shape': ", "'fortran_order': ", 'True', '(2,)'];
    const pieces = fc.constantFrom(...fields, '(', ')', '1', ', ', '{', '}', '[', ']', "'", ' ', '\n');
    const header = fc.array(pieces, { maxLength: 20 }).map((texts) => texts.join(''));
    const versions = fc.constantFrom<[number, number][]>([1, 0], [2, 0], [3, 0]);
    const near = fc.tuple(versions, header, fc.nat({ max: 20 }));
    const cut = fc.tuple(fc.nat({ max: 140 }), fc.nat({ max: 255 }));
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          near.map((parts) => versioned(...parts)),
        ),
        (bytes) => {
          const array = readNpy(bytes);
          if (typeof array !== 'string') expect(array.dataOffset + array.byteLength).toBe(bytes.length);
        },
      ),
      { numRuns: numRuns(3000) },
    );
    fc.assert(
      fc.property(cut, ([at, byte]) => {
        const bytes = file("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 12);
        bytes[at] = byte;
        const array = readNpy(bytes);
        if (typeof array !== 'string') expect(array.dataOffset + array.byteLength).toBe(bytes.length);
        readNpy(bytes.subarray(0, at));
      }),
      { numRuns: numRuns(3000) },
    );
  });

  it.each([
    ['spaces in the tuple', `{'shape': (1,${' '.repeat(65_000)},)}`],
    ['spaces in the tuple', `{'shape': (${' '.repeat(65_000)},)}`],
    ['spaces before a field', `{${' '.repeat(65_000)}x}`],
    ['brackets', `{'descr': [${'] '.repeat(32_000)}x}`],
    ['braces', `{${'} '.repeat(32_000)}x`],
  ])('takes no longer over many %s', (_name, header) => {
    const start = performance.now();
    expect(readNpy(versioned([2, 0], header))).toContain('not a dictionary');
    expect(performance.now() - start).toBeLessThan(200);
  });
});

describe('toRowMajor', () => {
  it('gives what lay at the same indices in Fortran order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }), (shape) => {
        const size = shape.reduce((product, length) => product * length, 1);
        // The value at an index is that index's place in row-major order.
        const fortran = Float64Array.from({ length: size }, (_, at) => {
          let rest = at;
          let place = 0;
          for (const [axis, length] of shape.entries()) {
            const index = rest % length;
            rest = (rest - index) / length;
            place += index * shape.slice(axis + 1).reduce((product, next) => product * next, 1);
          }
          return place;
        });
        expect(materialize(toRowMajor(fortran, shape))).toEqual(Float64Array.from({ length: size }, (_, i) => i));
      }),
    );
  });

  it('keeps the type, and what it is given', () => {
    const fortran = Float32Array.of(0, 3, 1, 4, 2, 5);
    expect(materialize(toRowMajor(fortran, [2, 3]))).toEqual(Float32Array.of(0, 1, 2, 3, 4, 5));
    expect(fortran[1]).toBe(3);
    expect(materialize(toRowMajor(Float32Array.of(7), []))).toEqual(Float32Array.of(7));
  });
});
