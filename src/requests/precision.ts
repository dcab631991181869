import { pointerSegment } from '../errors/describe.ts';

/** `loss.state.v` is the deepest. */
const maxDepth = 3;

/**
 * The JSON pointer of a tensor that came as float64, in base64, as bytes or as FP64; undefined where none did, in which case a request is
 * computed in float32 unless it says otherwise. Numbers in JSON are of no type.
 *
 * @example
 * float64Tensor({ current: 1.5, neuron: { tau: { dtype: 'float64', shape: [1], base64: 'AAAAAAAANEA=' } } }); // '/neuron/tau'
 */
export function float64Tensor(request: object, depth = 1): string | undefined {
  for (const key in request) {
    const value = (request as Readonly<Record<string, unknown>>)[key];
    if (typeof value !== 'object' || value === null || Array.isArray(value)) continue;
    if ((value as { readonly dtype?: unknown }).dtype === 'float64') return pointerSegment(key);
    if (depth === maxDepth || !isPlain(value)) continue;
    const inside = float64Tensor(value, depth + 1);
    if (inside !== undefined) return pointerSegment(key) + inside;
  }
  return undefined;
}

/** Whether it is no instance of a class, as tensors are whose numbers were read from bytes. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
