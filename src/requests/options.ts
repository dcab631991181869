import type { TensorEncoding } from '../codecs/answer-tree.ts';
import { float64Backends } from '../compute/engine/backend.ts';
import type { BackendPreference } from '../compute/engine/backend-router.ts';
import type { Dtype } from '../compute/jobs.ts';
import { pointerSegment, quote } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/** How a request wants its job to be run and answered, in the request's own fields. */
export interface RunOptions extends BackendPreference {
  readonly encoding?: TensorEncoding;
  /** Whether the job is only to be described. */
  readonly dry_run?: boolean;
}

/** Reads the options of a request, and the precision of its job; errors go to `errors`. */
export function readOptions(request: RunOptions & { readonly dtype?: Dtype }, errors: InputErrors) {
  const { backend, encoding, dry_run } = request;
  const options: RunOptions = { ...(backend && { backend }), ...(encoding && { encoding }), ...(dry_run && { dry_run }) };
  return { options, precision: readPrecision(request, errors) };
}

/**
 * The precision in which a request's job is computed: its `dtype`, else float64 where any of its tensors is, else none, which is float32. A back-end
 * that does not have it goes to `errors`.
 */
function readPrecision(request: BackendPreference & { readonly dtype?: Dtype }, errors: InputErrors): { readonly dtype?: Dtype } {
  const { backend, dtype } = request;
  const float64At = dtype === undefined ? float64Tensor(request) : undefined;
  const isFloat64 = dtype === 'float64' || float64At !== undefined;
  if (isFloat64 && backend !== undefined && backend !== 'auto' && !float64Backends.includes(backend)) {
    const who = `is computed by the back-ends ${float64Backends.map(quote).join(' and ')} only, not by ${quote(backend)}; leave /backend out, or`;
    if (float64At === undefined) errors.add('/dtype', `"float64" ${who} ask for "float32"`);
    else errors.add(float64At, `is float64, which ${who} send float32, or "dtype": "float32"`);
  }
  if (dtype !== undefined) return { dtype };
  return isFloat64 ? { dtype: 'float64' } : {};
}

/** `loss.state.v` is the deepest, and `neuron.tau` in a layer. */
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
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value)) {
      const inside = key === 'layers' ? inItems(value as readonly unknown[]) : undefined;
      if (inside !== undefined) return pointerSegment(key) + inside;
      continue;
    }
    if ((value as { readonly dtype?: unknown }).dtype === 'float64') return pointerSegment(key);
    if (depth === maxDepth || !isPlain(value)) continue;
    const inside = float64Tensor(value, depth + 1);
    if (inside !== undefined) return pointerSegment(key) + inside;
  }
  return undefined;
}

function inItems(items: readonly unknown[]): string | undefined {
  for (const [i, item] of items.entries()) {
    const inside = typeof item === 'object' && item !== null ? float64Tensor(item) : undefined;
    if (inside !== undefined) return pointerSegment(i) + inside;
  }
  return undefined;
}

/** Whether it is no instance of a class, as tensors are whose numbers were read from bytes. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
