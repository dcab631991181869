import { readNpy } from '../codecs/npy.ts';
import { RawTensor } from '../codecs/parsed-tensors.ts';
import { describe, pointerSegment } from '../errors/describe.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import { Problem } from '../errors/problems.ts';
import { nestRequest, type FlatValue } from './flat-request.ts';
import type { Operation, Plan } from './plan.ts';

/** The field that the one tensor of an npy body is. */
const tensorField: Readonly<Record<Operation, string>> = {
  surrogate_eval: 'x',
  surrogate_grad: 'x',
  lif_simulate: 'current',
  lif_grad: 'current',
};

/**
 * The request that an npy body stands for: its array is `x` or `current`, and everything else stands in the URL's query.
 *
 * @throws {Problem} `invalid_npy` when the bytes are not an array of float32 or float64; `invalid_request` for a name that is given twice.
 */
export function npyRequest(operation: Operation, bytes: Uint8Array, query: Readonly<Record<string, unknown>>): object {
  const array = readNpy(bytes);
  if (typeof array === 'string') throw new Problem('invalid_npy', `The body is not an array of numbers as numpy.save writes it: ${array}.`);
  const flat = Object.create(null) as Record<string, FlatValue>;
  for (const [name, value] of Object.entries(query)) {
    if (typeof value !== 'string')
      throw invalidRequest([{ path: pointerSegment(name), message: `must stand in the URL once, got ${describe(value)}` }]);
    flat[name] = fromText(name, value);
  }
  const { dtype, shape, dataOffset, byteLength, fortranOrder } = array;
  const data = bytes.subarray(dataOffset, dataOffset + byteLength);
  return nestRequest(operation, flat, { [tensorField[operation]]: new RawTensor({ dtype, shape, bytes: data }, fortranOrder) });
}

const jsonNumber = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;
/** Fields whose value is a word, whatever it reads as. */
const words = new Set(['reset', 'integration', 'encoding', 'backend', 'dtype', 'surrogate', 'loss', 'record', 'wrt', 'outputs']);

/** What a text of the URL means: a number or a truth value where it is written as JSON writes them. */
function fromText(name: string, text: string): FlatValue {
  if (words.has(name)) return text;
  if (text === 'true' || text === 'false') return text === 'true';
  return jsonNumber.test(text) ? Number(text) : text;
}

/**
 * Checks that the answer is one tensor, as npy holds no more.
 *
 * @throws {Problem} `invalid_request` that says what to leave out.
 */
export function requireOneTensor({ job }: Plan): void {
  const refuse = (path: string, message: string) => {
    throw invalidRequest([{ path, message: `${message}, since an npy answer holds one tensor` }]);
  };
  if ('surrogates' in job && job.surrogates.length !== 1) refuse('/surrogate', `must be one surrogate, got ${job.surrogates.length}`);
  if (job.kind === 'surrogate_eval' && job.outputs.spike && job.outputs.value) refuse('/outputs', 'must be "spike" or "value"');
  if (job.kind === 'lif_grad' && job.wrt.length !== 1) refuse('/wrt', `must name one quantity, got ${job.wrt.join(', ')}`);
  if (job.kind === 'lif_simulate') {
    const [name, ...more] = job.record;
    if (more.length > 0 || name === 'spike_times') refuse('/record', 'must name one field that is not "spike_times"');
  }
}
