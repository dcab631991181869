import { frameHeader, mediaTypes } from '../src/codecs/media-types.ts';
import { readNpy } from '../src/codecs/npy.ts';
import { numbersOf, type TensorType } from '../support/typed-arrays.ts';
import { nest } from './tensor.ts';

interface Written {
  dtype?: TensorType;
  datatype?: TensorType;
  shape?: number[];
  base64?: string;
  binary_data_size?: number;
  parameters?: { binary_data_size?: number };
}

/** An answer of any wire format as JSON has it, its tensors as nested arrays. */
export function readAnswer(bytes: Buffer, headers: Readonly<Record<string, unknown>>): unknown {
  const type = String(headers['content-type']);
  if (type === mediaTypes.npy) return npyNumbers(bytes);
  let at = headers[frameHeader] === undefined ? bytes.length : Number(headers[frameHeader]);
  const json = JSON.parse(bytes.toString('utf8', 0, at)) as unknown;
  const answer = inPlace(json, (size) => {
    at += size;
    return bytes.subarray(at - size, at);
  });
  if (at !== bytes.length) throw new Error(`${bytes.length - at} bytes behind the JSON are nobody's`);
  return answer;
}

/** Replaces written tensors, those behind the JSON in their order. */
function inPlace(node: unknown, take: (size: number) => Uint8Array): unknown {
  if (Array.isArray(node)) return node.map((one) => inPlace(one, take));
  if (typeof node !== 'object' || node === null) return node;
  const { dtype, datatype, shape, base64, binary_data_size, parameters } = node as Written;
  const size = binary_data_size ?? parameters?.binary_data_size;
  if (dtype !== undefined && shape !== undefined && base64 !== undefined)
    return nest(numbersOf(dtype, Buffer.from(base64, 'base64')), shape);
  if (dtype !== undefined && shape !== undefined && size !== undefined) return nest(numbersOf(dtype, take(size)), shape);
  if (datatype !== undefined && size !== undefined) return { ...node, data: numbersOf(datatype, take(size)) };
  const { spike_times, spike_time_offsets, ...rest } = Object.fromEntries(
    Object.entries(node).map(([key, child]) => [key, inPlace(child, take)]),
  ) as { spike_times?: number[]; spike_time_offsets?: number[] };
  if (spike_time_offsets === undefined) return { ...rest, ...(spike_times && { spike_times }) };
  return { ...rest, spike_times: spike_time_offsets.slice(1).map((end, b) => spike_times!.slice(spike_time_offsets[b], end)) };
}

function npyNumbers(bytes: Buffer): unknown {
  const types = { '<f4': 'float32', '<f8': 'float64', '<i4': 'int32', '|u1': 'uint8' } as const;
  const end = bytes.indexOf('\n') + 1;
  const descr = /'descr': '([^']+)'/.exec(bytes.toString('latin1', 0, end))![1] as keyof typeof types;
  const shape = /'shape': \(([\d, ]*)\)/
    .exec(bytes.toString('latin1', 0, end))![1]!
    .split(',')
    .filter((length) => length.trim() !== '')
    .map(Number);
  if (types[descr].startsWith('float') && typeof readNpy(bytes) === 'string') throw new Error('the npy answer cannot be read');
  return nest(numbersOf(types[descr], bytes.subarray(end)), shape);
}
