import type { ElementType } from '../src/codecs/element-types.ts';
import { elementBytes } from '../support/element-bytes.ts';

/** How a tensor is written in a request. */
export type TensorForm = 'nested' | 'flat' | 'base64' | 'bytes';

/** A tensor of a request that is not written yet, since what forms there are depends on the wire format. */
export class FuzzTensor {
  readonly shape: readonly number[];
  readonly values: readonly number[];
  readonly form: TensorForm;
  readonly dtype: ElementType;

  constructor(shape: readonly number[], values: readonly number[], form: TensorForm, dtype: ElementType) {
    this.shape = shape;
    this.values = values;
    this.form = form;
    this.dtype = dtype;
  }

  get bytes(): Uint8Array {
    return elementBytes(this.dtype, this.values);
  }
}

export function nest(values: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return values[0];
  const [length, ...inner] = shape as [number, ...number[]];
  const size = inner.reduce((product, one) => product * one, 1);
  return Array.from({ length }, (_, i) => nest(values.slice(i * size, (i + 1) * size), inner));
}

/**
 * A request in which every tensor is written as JSON.
 *
 * @param bytes takes those of tensors that stand behind the JSON; without it these are written in base64.
 */
export function writeTensors(node: unknown, bytes?: Uint8Array[]): unknown {
  if (node instanceof FuzzTensor) return writeTensor(node, bytes);
  if (Array.isArray(node)) return node.map((one) => writeTensors(one, bytes));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, writeTensors(value, bytes)]));
}

function writeTensor(tensor: FuzzTensor, bytes?: Uint8Array[]): unknown {
  const { shape, values, form, dtype } = tensor;
  if (form === 'nested') return nest(values, shape);
  if (form === 'flat') return { shape, data: values };
  if (form === 'base64' || bytes === undefined) return { dtype, shape, base64: Buffer.from(tensor.bytes).toString('base64') };
  bytes.push(tensor.bytes);
  return { dtype, shape, binary_data_size: tensor.bytes.length };
}
