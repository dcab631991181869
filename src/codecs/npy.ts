import { quote } from '../errors/describe.ts';
import { bytesOfElements, listOf, typesBy, type ElementType } from './element-types.ts';
import type { BytesType } from './tensor-bytes.ts';

/** The head of an npy file. */
export interface NpyArray {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  /** The bytes of the file at which its numbers begin, and how many they are. */
  readonly dataOffset: number;
  readonly byteLength: number;
  /** Whether the first axis varies fastest. */
  readonly fortranOrder: boolean;
}

const magic = '\x93NUMPY';
const maxHeaderBytes = 65_536;
const maxDimensions = 64;

/** One `'name': value` of the header. */
const field = /\s*(['"])(descr|fortran_order|shape)\1\s*:\s*('[^']*'|"[^"]*"|True|False|\([\d\s,]*\)|\[.*\])\s*(?:,|$)/sy;

/**
 * Reads the head of an array as `numpy.save` writes it (NEP 1, versions 1 to 3). Returns a message that says what is wrong in its place;
 * never throws.
 *
 * @example
 * readNpy(readFileSync('x.npy')); // { dtype: 'float32', shape: [2, 3], dataOffset: 128, byteLength: 24, fortranOrder: false }
 */
export function readNpy(bytes: Uint8Array): NpyArray | string {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (file.toString('latin1', 0, 6) !== magic) return 'it does not begin with the bytes \\x93NUMPY';
  const [version, minor] = [file[6], file[7]];
  const headerStart = version === 1 ? 10 : 12;
  if (version === undefined || minor === undefined || file.length < headerStart)
    return `it ends after ${file.length} bytes, before its header`;
  if (version < 1 || version > 3 || minor !== 0)
    return `its format has the version ${version}.${minor}, and those known are 1.0, 2.0 and 3.0`;
  const headerLength = version === 1 ? file.readUInt16LE(8) : file.readUInt32LE(8);
  const dataOffset = headerStart + headerLength;
  if (headerLength > maxHeaderBytes)
    return `its header says that it is ${headerLength} bytes long, and the longest read is ${maxHeaderBytes}`;
  if (dataOffset > file.length) return `its header says that it is ${headerLength} bytes long, but ${file.length - headerStart} follow`;

  const header = file.toString('latin1', headerStart, dataOffset);
  const fields = headerFields(header);
  if (fields === undefined) return `its header is not a dictionary of descr, fortran_order and shape: ${quote(header.trimEnd())}`;
  const { descr, fortranOrder, shape } = fields;
  const dtype = types.get(usualDescription(descr));
  if (dtype === undefined) return `its dtype is ${quote(descr)}, and those taken are ${listOf(types.keys())}: use x.astype(numpy.float32)`;
  if (shape.length > maxDimensions) return `it has ${shape.length} dimensions, and at most ${maxDimensions} are allowed`;
  // A product of huge lengths is Infinity, and times 0 not a number.
  const size = shape.includes(0) ? 0 : shape.reduce((product, length) => product * length, 1);
  const byteLength = bytesOfElements(dtype, size);
  const rest = file.length - dataOffset;
  if (byteLength !== rest) {
    return `its shape (${shape.join(', ')}) of ${descr} needs ${byteLength} bytes behind the header, but ${rest} are there`;
  }
  if (!shape.every(Number.isSafeInteger)) return `its shape (${shape.join(', ')}) has a length of 2**53 or more`;
  return { dtype, shape, dataOffset, byteLength, fortranOrder };
}

const types = typesBy('npy');

/** As numpy writes a dtype: a byte has no order, which other writers give it, and `?` is a bool. */
function usualDescription(descr: string): string {
  return descr === '?' ? '|b1' : descr.replace(/^[<>=]?([bui]1)$/, '|$1');
}

/** The three fields of the header, which is a dictionary as Python writes it; undefined when it is anything else. */
function headerFields(header: string): { descr: string; fortranOrder: boolean; shape: number[] } | undefined {
  const body = /^\{(.*)\}\s*$/s.exec(header)?.[1]?.trimEnd();
  if (body === undefined) return undefined;
  const fields = new Map<string, string>();
  for (field.lastIndex = 0; field.lastIndex < body.length;) {
    const [, , name, value] = field.exec(body) ?? [];
    if (name === undefined || value === undefined || fields.has(name)) return undefined;
    fields.set(name, value);
  }
  const [type, order, tuple] = ['descr', 'fortran_order', 'shape'].map((name) => fields.get(name));
  const shape = tuple?.startsWith('(') ? tupleOf(tuple.slice(1, -1)) : undefined;
  if (type === undefined || !/^['"[]/.test(type) || (order !== 'True' && order !== 'False') || shape === undefined) return undefined;
  return { descr: type.startsWith('[') ? type : type.slice(1, -1), fortranOrder: order === 'True', shape };
}

/** The whole numbers of a Python tuple, given what stands between its parentheses. */
function tupleOf(text: string): number[] | undefined {
  const lengths = text.split(',').map((length) => length.trim());
  // In Python (3) is a number, and only (3,) a tuple.
  if (lengths.length === 1) return lengths[0] === '' ? [] : undefined;
  if (lengths.at(-1) === '') lengths.pop();
  return lengths.every((length) => /^(?:0|[1-9]\d*)$/.test(length)) ? lengths.map(Number) : undefined;
}

const descriptions: Readonly<Record<BytesType, string>> = { float32: '<f4', float64: '<f8', int32: '<i4', uint8: '|u1' };

/**
 * What stands before an array's row-major bytes in a file that `numpy.load` reads: byte for byte what `numpy.save` writes.
 *
 * @example
 * Buffer.concat([npyHeader('float32', [2]), Buffer.from(Float32Array.of(1, 2).buffer)])
 */
export function npyHeader(dtype: BytesType, shape: readonly number[]): Buffer {
  const tuple = shape.length === 1 ? `(${shape[0]!},)` : `(${shape.join(', ')})`;
  const dictionary = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // numpy leaves room for the first length to grow to 21 digits, so that a file can be appended to in place.
  const room = shape.length === 0 ? 0 : 21 - String(shape[0]!).length;
  const unpadded = 10 + dictionary.length + room + 1;
  // numpy always pads: by a whole 64 where nothing is missing.
  const length = (Math.floor(unpadded / 64) + 1) * 64;
  const header = Buffer.alloc(length, ' ', 'latin1');
  header.write(magic, 'latin1');
  header[6] = 1;
  header[7] = 0;
  header.writeUInt16LE(length - 10, 8);
  header.write(dictionary, 10, 'latin1');
  header[length - 1] = 0x0a;
  return header;
}
