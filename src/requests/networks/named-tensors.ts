import { isElementType, type ElementType } from '../../codecs/element-types.ts';
import { CachedTensor } from '../../codecs/request-tensors.ts';
import { decodeShape } from '../../codecs/tensor.ts';
import { weightNames, type WeightName } from '../../compute/networks/layers.ts';
import { describe, quote, shapeText } from '../../errors/describe.ts';
import { InputErrors } from '../../errors/input-errors.ts';
import { Problem, type InputError } from '../../errors/problems.ts';
import { checkFields } from '../words/suggestions.ts';

/** A tensor as it was sent. */
export interface KeptTensor {
  readonly dtype: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** Tensors that are kept, by the SHA-256 of their bytes: several where they differ in type or shape. */
export type KeptTensors = ReadonlyMap<string, readonly KeptTensor[]>;

/** A request names tensors, which have to be looked up before it can be read. */
export class NamedTensorsError extends Error {
  override readonly name = 'NamedTensorsError';
  readonly digests: readonly string[];

  constructor(digests: readonly string[]) {
    super('the request names tensors by their bytes');
    this.digests = digests;
  }
}

const fields = ['sha256', 'dtype', 'shape'];

/** A tensor's name in a request. */
interface Reference {
  readonly holder: Record<string, unknown>;
  readonly name: WeightName;
  readonly path: string;
  readonly digest: string;
  readonly dtype?: ElementType;
  readonly shape?: readonly number[];
}

/**
 * Puts tensors in the places in which layers name them, `{"sha256": ...}`.
 *
 * @param layers are changed.
 * @param kept those that were looked up; undefined where that has not been done.
 * @throws {NamedTensorsError} where tensors are named and were not looked up.
 * @throws {Problem} `tensor_unknown` with all that are not kept, or `invalid_request`.
 */
export function placeNamedTensors(layers: readonly object[], kept: KeptTensors | undefined): void {
  const errors = new InputErrors();
  const references = layers.flatMap((layer, index) =>
    weightNames.flatMap((name) => readReference(layer as Record<string, unknown>, name, `/layers/${index}/${name}`, errors) ?? []),
  );
  errors.throwIfAny();
  if (references.length === 0) return;
  if (kept === undefined) throw new NamedTensorsError([...new Set(references.map(({ digest }) => digest))]);
  const unknown: InputError[] = [];
  for (const reference of references) {
    const { holder, name, path, digest } = reference;
    const found = (kept.get(digest) ?? []).filter((tensor) => fits(tensor, reference));
    const [first, ...more] = found;
    if (first === undefined) unknown.push({ path, message: `no tensor with the SHA-256 ${digest} is kept here; send the tensor itself` });
    else if (more.length > 0) unknown.push({ path, message: severalText(digest, found) });
    else holder[name] = new CachedTensor(first);
  }
  const [first] = unknown;
  if (first !== undefined) throw new Problem('tensor_unknown', `${first.path}: ${first.message}`, { errors: unknown });
}

function readReference(holder: Record<string, unknown>, name: WeightName, path: string, errors: InputErrors): Reference | null {
  const given = holder[name];
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, 'sha256')) return null;
  const { sha256, dtype, shape } = given as Readonly<Record<string, unknown>>;
  checkFields(given, fields, path, errors);
  if (typeof sha256 !== 'string' || !/^[0-9a-f]{64}$/i.test(sha256))
    return errors.add(
      `${path}/sha256`,
      `must be the SHA-256 of the tensor's bytes, 64 hexadecimal digits, upper or lower case, got ${describe(sha256)}`,
    );
  if (dtype !== undefined && !isElementType(dtype))
    return errors.add(`${path}/dtype`, `must be the type in which the tensor was sent, such as "float32", got ${describe(dtype)}`);
  const lengths = shape === undefined ? undefined : decodeShape(shape, `${path}/shape`, errors);
  if (lengths === null) return null;
  return { holder, name, path, digest: sha256.toLowerCase(), ...(dtype !== undefined && { dtype }), ...(lengths && { shape: lengths }) };
}

/** Whether a tensor may stand in the place of a name: others with the same bytes may be of other types and shapes. */
function fits({ dtype, shape }: KeptTensor, reference: Reference): boolean {
  if (reference.dtype !== undefined && reference.dtype !== dtype) return false;
  if (reference.shape !== undefined && reference.shape.join() !== shape.join()) return false;
  if (reference.name === 'bias') return shape.length === 1;
  return shape.length === 2 && (reference.name === 'weight' || shape[0] === shape[1]);
}

function severalText(digest: string, tensors: readonly KeptTensor[]): string {
  const list = tensors.map(({ dtype, shape }) => `${quote(dtype)} of shape ${shapeText(shape)}`).join(', ');
  return `several tensors have the SHA-256 ${digest}: ${list}; say which with "dtype" and "shape", or send the tensor itself`;
}
