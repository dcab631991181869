import { checkValues, type Limits } from '../config/limits.ts';
import { linspace, type Values } from '../compute/numbers.ts';
import { unwritten } from '../compute/pooled-numbers.ts';
import { hasBitsBehind, indexOfUnfit, narrowNumbers, narrowText, type NarrowNumbers } from '../compute/narrow-numbers.ts';
import { describe, pointerSegment, quote, shapeText } from '../errors/describe.ts';
import { nearest, question } from '../errors/did-you-mean.ts';
import type { InputErrors } from '../errors/input-errors.ts';
import { decodeBase64 } from './base64.ts';
import { bytesOfElements, elementTypeNames, elementTypes, isElementType, listOf, rangeOfInteger } from './element-types.ts';
import { beyondFloat32, indexOfMagnitudeAtLeast } from './finite-check.ts';
import { sizeOf, toRowMajor, type Tensor } from './ndarray.ts';
import { FramedTensor, NumericArray, RawTensor, TypedData, type TensorBytes } from './request-tensors.ts';

/** A tensor without elements is answered with an empty array for each row, however few bytes it came in. */
const maxEmptyRows = 65_536;
/** As many as numpy allows. */
const maxDimensions = 64;

const inFloat64 = 'send the tensor as float64';
const integerRule = 'must be an integer that float32 holds exactly, as it does all up to 16777216 in magnitude';
const valueRule = "must be a finite number within float32's range";
const forms = 'a number, nested arrays of numbers, {"shape", "data"}, {"dtype", "shape", "base64"} or {"linspace": [first, last, count]}';
const onlyFramed =
  'announces bytes with "binary_data_size", which takes "Content-Type: application/octet-stream", the header "Inference-Header-Content-Length", and those bytes behind the JSON';

/** Whether a value is a number that a tensor may hold. */
export function isTensorNumber(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) < beyondFloat32;
}

/**
 * Decodes any form of tensor that a request may hold, checking every element in the same pass. What is wrong goes to `errors`,
 * with the JSON pointer of the place; the answer is then null.
 *
 * @example
 * decodeTensor([[1, 2], [3, 4]], '/x', errors, limits); // { shape: [2, 2], values: Float64Array [1, 2, 3, 4] }
 */
export function decodeTensor(value: unknown, path: string, errors: InputErrors, limits: Limits): Tensor | null {
  const tensor = decodeForm(value, path, errors, limits);
  if (tensor?.values.length !== 0 || rowsBefore0(tensor.shape) <= maxEmptyRows) return tensor;
  return errors.add(path, `shape ${shapeText(tensor.shape)} has no elements, and more than ${maxEmptyRows} rows of none`);
}

function decodeForm(value: unknown, path: string, errors: InputErrors, limits: Limits): Tensor | null {
  if (typeof value === 'number') {
    if (isTensorNumber(value)) return { shape: [], values: Float64Array.of(value) };
    return errors.add(path, `${valueRule}, got ${describe(value)}`);
  }
  if (Array.isArray(value)) return decodeNested(value, path, errors);
  if (value instanceof NumericArray) return value;
  if (value instanceof RawTensor) return decodeRaw(value, path, errors);
  if (value instanceof FramedTensor) return decodeFramed(value, path, errors);
  if (value instanceof TypedData) return decodeTyped(value, path, errors);
  if (typeof value === 'object' && value !== null) {
    if ('binary_data_size' in value) return errors.add(path, onlyFramed);
    if ('linspace' in value) return decodeLinspace(value, path, errors, limits);
    if ('base64' in value) return decodeBase64Form(value, path, errors);
    if ('data' in value) return decodeFlat(value, path, errors);
  }
  return errors.add(path, `must be ${forms}; got ${describe(value)}`);
}

function decodeNested(rows: readonly unknown[], path: string, errors: InputErrors): Tensor | null {
  const shape: number[] = [];
  for (let level: unknown = rows; Array.isArray(level); level = level[0]) {
    if (shape.length === maxDimensions) return errors.add(path, `must have at most ${maxDimensions} dimensions`);
    shape.push(level.length);
  }
  if (shape.length === 1) {
    const values = unwritten('float64', rows.length);
    return copyNumbers(rows, values, 0, path, errors) ? { shape, values } : null;
  }
  // The first rows of a ragged body can promise any size: lengths are checked before memory is taken.
  if (!isRectangular(rows, shape.slice(1), path, `${path}/0`, errors)) return null;
  const values = unwritten('float64', sizeOf(shape));
  let copied = 0;
  const copy = (level: readonly unknown[], depth: number, levelPath: string): boolean => {
    if (depth === shape.length - 1) {
      copied += level.length;
      return copyNumbers(level, values, copied - level.length, levelPath, errors);
    }
    let good = true;
    for (let i = 0; i < level.length; i++) {
      good = copy(level[i] as readonly unknown[], depth + 1, levelPath + pointerSegment(i)) && good;
    }
    return good;
  };
  return copy(rows, 0, path) ? { shape, values } : null;
}

/**
 * Checks the lengths of all but the innermost level's elements, so that the values are walked only once.
 *
 * @param lengths of the elements of `level`, of their elements and so on; none for those of the innermost level.
 * @param model the path of the first element at this depth, which has the length that all must have.
 */
function isRectangular(
  level: readonly unknown[],
  [length, ...inner]: readonly number[],
  path: string,
  model: string,
  errors: InputErrors,
): boolean {
  if (length === undefined) return true;
  let rectangular = true;
  for (let i = 0; i < level.length; i++) {
    const row = level[i];
    const rowPath = path + pointerSegment(i);
    if (!Array.isArray(row)) {
      errors.add(rowPath, `ragged: must be an array of ${length} like ${model}, got ${describe(row)}`);
      rectangular = false;
    } else if (row.length !== length) {
      errors.add(rowPath, `ragged: has length ${row.length}, but ${model} has length ${length}; all must have the same`);
      rectangular = false;
    } else if (!isRectangular(row, inner, rowPath, `${model}/0`, errors)) {
      rectangular = false;
    }
  }
  return rectangular;
}

function copyNumbers(row: readonly unknown[], values: Values, offset: number, path: string, errors: InputErrors): boolean {
  let good = true;
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (isTensorNumber(value)) {
      values[offset + i] = value;
    } else {
      const ragged = Array.isArray(value) ? 'ragged: ' : '';
      errors.add(path + pointerSegment(i), `${ragged}${valueRule}, got ${describe(value)}`);
      good = false;
    }
  }
  return good;
}

function decodeFlat(value: object, path: string, errors: InputErrors): (Tensor & { readonly values: Float64Array }) | null {
  const { shape: givenShape, data } = value as { shape?: unknown; data?: unknown };
  const known = onlyKeys(value, ['shape', 'data'], path, errors);
  const shape = decodeShape(givenShape, `${path}/shape`, errors);
  if (data instanceof NumericArray && data.shape.length === 1) {
    return shape !== null && known && hasLength(data.values.length, shape, path, errors) ? { shape, values: data.values } : null;
  }
  if (!Array.isArray(data)) return errors.add(`${path}/data`, `must be a flat array of numbers, got ${describe(data)}`);
  if (shape === null || !known) return null;
  if (!hasLength(data.length, shape, path, errors)) return null;
  const values = unwritten('float64', data.length);
  return copyNumbers(data, values, 0, `${path}/data`, errors) ? { shape, values } : null;
}

function hasLength(length: number, shape: readonly number[], path: string, errors: InputErrors): boolean {
  const size = sizeOf(shape);
  if (size !== length) errors.add(path, `shape ${shapeText(shape)} needs ${size} values, but data has ${length}`);
  return size === length;
}

function decodeBase64Form(value: object, path: string, errors: InputErrors): Tensor | null {
  const { dtype, shape: givenShape, base64 } = value as { dtype?: unknown; shape?: unknown; base64?: unknown };
  const known = onlyKeys(value, ['dtype', 'shape', 'base64'], path, errors);
  const shape = decodeShape(givenShape, `${path}/shape`, errors);
  if (!isElementType(dtype)) return errors.add(`${path}/dtype`, dtypeRule(dtype));
  if (typeof base64 !== 'string') return errors.add(`${path}/base64`, `must be a string, got ${describe(base64)}`);
  const bytes = decodeBase64(base64);
  if (typeof bytes === 'string') return errors.add(`${path}/base64`, bytes);
  if (shape === null || !known) return null;
  return decodeLittleEndian({ dtype, shape, bytes }, path, { name: 'base64 holds', path: `${path}/base64` }, errors);
}

function decodeFramed({ announced, dtype, bytes }: FramedTensor, path: string, errors: InputErrors): Tensor | null {
  const { shape: givenShape } = announced as { shape?: unknown };
  const known = onlyKeys(announced, ['dtype', 'shape', 'binary_data_size'], path, errors);
  const shape = decodeShape(givenShape, `${path}/shape`, errors);
  if (!isElementType(dtype)) return errors.add(`${path}/dtype`, dtypeRule(dtype));
  if (shape === null || !known) return null;
  return decodeLittleEndian({ dtype, shape, bytes }, path, { name: 'binary_data_size is', path }, errors);
}

/** JSON numbers of a type, of which each has to be one. */
function decodeTyped({ dtype, shape, data }: TypedData, path: string, errors: InputErrors): Tensor | null {
  const { datatype = dtype } = elementTypes[dtype];
  if (dtype === 'float32' || dtype === 'float64') return decodeFlat({ shape, data }, path, errors);
  if (dtype === 'float16' || dtype === 'bfloat16')
    return errors.add(`${path}/data`, `${datatype} comes as bytes only; the protocol has no JSON for it`);
  if (dtype === 'bool') return decodeBooleans(shape, data, path, errors);
  const tensor = decodeFlat({ shape, data }, path, errors);
  if (tensor === null) return null;
  const [least, largest] = rangeOfInteger(dtype);
  const { values } = tensor;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const isOfType = Number.isInteger(value) && value >= least && value <= largest;
    if (isOfType && Math.fround(value) === value) continue;
    if (isOfType) return errors.add(`${path}/data/${i}`, `${integerRule}, got ${value}; ${inFloat64}`);
    return errors.add(`${path}/data/${i}`, `must be a whole number from ${least} to ${largest}, as ${datatype} has them, got ${value}`);
  }
  return tensor;
}

function decodeBooleans(shape: readonly number[], data: unknown, path: string, errors: InputErrors): Tensor | null {
  const given: readonly unknown[] = data instanceof NumericArray ? [data.values[0]] : Array.isArray(data) ? data : [data];
  const wrong = given.findIndex((value) => typeof value !== 'boolean');
  if (wrong >= 0)
    return errors.add(`${path}/data/${wrong}`, `must be true or false, as BOOL has them in JSON, got ${describe(given[wrong])}`);
  return decodeFlat({ shape, data: given.map(Number) }, path, errors);
}

function decodeRaw(given: RawTensor, path: string, errors: InputErrors): Tensor | null {
  const tensor = decodeLittleEndian(given, path, { name: 'there are', path }, errors);
  return tensor !== null && given.fortranOrder ? { shape: tensor.shape, values: toRowMajor(tensor.values, tensor.shape) } : tensor;
}

function dtypeRule(got: unknown): string {
  return `must be one of ${listOf(elementTypeNames)}, got ${describe(got)}`;
}

/**
 * Bytes as a tensor: a view on them where their address allows, of integers and halves one that is widened later. What is wrong goes to
 * `errors`; the answer is then null.
 *
 * @param source where the bytes stand, and what to say of how many they are, such as "base64 holds".
 */
function decodeLittleEndian(
  { dtype, shape, bytes }: TensorBytes,
  path: string,
  source: { readonly name: string; readonly path: string },
  errors: InputErrors,
): Tensor | null {
  const size = sizeOf(shape);
  const needed = bytesOfElements(dtype, size);
  if (bytes.length !== needed) {
    return errors.add(path, `shape ${shapeText(shape)} of ${dtype} needs ${needed} bytes, but ${source.name} ${bytes.length}`);
  }
  if (dtype !== 'float32' && dtype !== 'float64') {
    const numbers = narrowNumbers(dtype, bytes, size);
    if (hasBitsBehind(numbers))
      return errors.add(source.path, `has bits that are not 0 behind its ${size} numbers; numpy.packbits fills the last byte with zeros`);
    const wrong = indexOfUnfit(numbers);
    return wrong < 0 ? { shape, values: numbers } : errors.add(source.path, `element ${wrong} ${unfitText(numbers, wrong)}`);
  }
  const values = viewValues(bytes, dtype);
  const wrong = indexOfMagnitudeAtLeast(values, beyondFloat32);
  return wrong < 0 ? { shape, values } : errors.add(source.path, `element ${wrong} ${valueRule}, got ${values[wrong]!}`);
}

function unfitText(numbers: NarrowNumbers, index: number): string {
  const { type } = numbers;
  const got = `got ${narrowText(numbers, index)}`;
  if (type === 'bool') return `of a bool must be 0 or 1, ${got}`;
  return type === 'float16' || type === 'bfloat16' ? `${valueRule}, ${got}` : `${integerRule}, ${got}; ${inFloat64}`;
}

/** Little-endian bytes as numbers; every platform that Node runs WebAssembly SIMD on is little-endian. */
function viewValues(bytes: Uint8Array, dtype: 'float32' | 'float64'): Values {
  const size = dtype === 'float32' ? 4 : 8;
  const { buffer, byteOffset, length } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  return dtype === 'float32' ? new Float32Array(buffer, byteOffset, length / size) : new Float64Array(buffer, byteOffset, length / size);
}

function decodeLinspace(value: object, path: string, errors: InputErrors, limits: Limits): Tensor | null {
  const { linspace: given } = value as { linspace: unknown };
  if (!onlyKeys(value, ['linspace'], path, errors)) return null;
  if (!Array.isArray(given) || given.length !== 3) {
    return errors.add(`${path}/linspace`, `must be [first, last, count], got ${describe(given)}`);
  }
  const [first, last, count] = given as unknown[];
  if (!isTensorNumber(first)) return errors.add(`${path}/linspace/0`, `${valueRule}, got ${describe(first)}`);
  if (!isTensorNumber(last)) return errors.add(`${path}/linspace/1`, `${valueRule}, got ${describe(last)}`);
  if (typeof count !== 'number' || !Number.isInteger(count) || count < 0) {
    return errors.add(`${path}/linspace/2`, `must be a whole number of at least 0, got ${describe(count)}`);
  }
  checkValues(count, `The linspace at ${path}`, limits);
  return { shape: [count], values: linspace(first, last, count) };
}

/** The lengths of a tensor's axes; what is wrong goes to `errors`, and the answer is then null. */
export function decodeShape(value: unknown, path: string, errors: InputErrors): number[] | null {
  if (!Array.isArray(value)) return errors.add(path, `must be an array of whole numbers, got ${describe(value)}`);
  if (value.length > maxDimensions) return errors.add(path, `must have at most ${maxDimensions} dimensions, got ${value.length}`);
  for (const [i, length] of value.entries()) {
    if (!Number.isSafeInteger(length) || length < 0) {
      return errors.add(path + pointerSegment(i), `must be a whole number of at least 0, got ${describe(length)}`);
    }
  }
  return value as number[];
}

function onlyKeys(value: object, known: readonly string[], path: string, errors: InputErrors): boolean {
  let good = true;
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const hint = question(nearest(key, known));
    const has = `is not a field of this form of tensor, which has ${known.map(quote).join(', ')}`;
    errors.add(path + pointerSegment(key), hint === undefined ? has : `${has}; ${hint}`);
    good = false;
  }
  return good;
}

/** Of a shape with a length of 0: rows that are answered all the same. */
function rowsBefore0(shape: readonly number[]): number {
  return sizeOf(shape.slice(0, shape.indexOf(0)));
}
