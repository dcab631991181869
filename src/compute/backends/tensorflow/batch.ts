import { setImmediate as nextTick } from 'node:timers/promises';
import { sliceLength, valueAt, writeNumbers, type Numbers } from '../../generated-numbers.ts';
import type { GraphJob, GraphOutputs, RowInput } from './graph-job.ts';

/** A tensor on its way to the worker. */
export interface InputTensor {
  readonly type: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Rows are filled up to one of a few numbers: powers of two, since XLA compiles for each anew. */
const minRows = 64;

export function paddedRows(rows: number): number {
  return Math.max(minRows, 2 ** Math.ceil(Math.log2(rows)));
}

/** Jobs of one batch key as the inputs of one run, their rows one after the other. Others have their turn while many are written. */
export async function mergeInputs(jobs: readonly GraphJob[]): Promise<Readonly<Record<string, InputTensor>>> {
  const [first] = jobs;
  const rows = paddedRows(totalRows(jobs));
  const inputs: Record<string, InputTensor> = {};
  for (const name of Object.keys(first!.arrays)) inputs[name] = await mergeRows(jobs, rows, ({ arrays }) => arrays[name]!);
  // All or none, so that XLA meets two forms of each graph and not one for every combination.
  const shared = Object.keys(first!.terms).every((name) => commonNumber(jobs, name) !== undefined);
  for (const name of Object.keys(first!.terms)) {
    inputs[name] = shared
      ? { type: 'float32', shape: [1], data: Float32Array.of(commonNumber(jobs, name)!) }
      : await mergeRows(jobs, rows, ({ terms }) => terms[name]!);
  }
  for (const name of Object.keys(first!.series)) inputs[name] = await mergeSeries(jobs, rows, name);
  for (const [name, { type, value }] of Object.entries(first!.numbers)) {
    inputs[name] = { type, shape: [], data: type === 'int32' ? Int32Array.of(value) : Float32Array.of(value) };
  }
  return inputs;
}

export function totalRows(jobs: readonly GraphJob[]): number {
  return jobs.reduce((sum, { rows }) => sum + rows, 0);
}

/** The number that an input is in all jobs, if it is. */
function commonNumber(jobs: readonly GraphJob[], name: string): number | undefined {
  const input = jobs[0]!.terms[name]!;
  if (input.per !== 'scalar') return undefined;
  const isSame = jobs.every(({ terms }) => {
    const other = terms[name]!;
    return other.per === 'scalar' && Object.is(other.value, input.value);
  });
  return isSame ? input.value : undefined;
}

async function mergeRows(jobs: readonly GraphJob[], rows: number, of: (job: GraphJob) => RowInput): Promise<InputTensor> {
  const data = new Float32Array(rows);
  let row = 0;
  for (const job of jobs) {
    const input = of(job);
    const at = row;
    if (input.per === 'scalar') data.fill(input.value, row, row + job.rows);
    else
      await inSlices(job.rows, (from, to) => {
        writeRows(input, data, at + from, from, to);
      });
    row += job.rows;
  }
  // The rows that fill up repeat the last one, whose numbers are in range.
  data.fill(data[row - 1]!, row);
  return { type: 'float32', shape: [rows], data };
}

async function mergeSeries(jobs: readonly GraphJob[], rows: number, name: string): Promise<InputTensor> {
  const { steps, capacity } = jobs[0]!;
  const data = new Float32Array(rows * capacity);
  let row = 0;
  for (const job of jobs) {
    const { values } = job.series[name]!;
    const first = row;
    await inSlices(job.rows * steps, (from, to) => {
      writeSeries(values, steps, data, first, capacity, from, to);
    });
    row += job.rows;
  }
  return { type: 'float32', shape: [rows, capacity], data };
}

async function inSlices(length: number, write: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < length; from += sliceLength) {
    if (from > 0) await nextTick();
    write(from, Math.min(from + sliceLength, length));
  }
}

function writeRows({ values, map }: Extract<RowInput, { per: 'neuron' }>, data: Float32Array, at: number, from: number, to: number): void {
  if (map === undefined) writeNumbers(values, data, at, from, to);
  else for (let i = from; i < to; i++) data[at + i - from] = map(valueAt(values, i));
}

/** Writes numbers [from, to) of rows of `steps` to rows of `capacity`, from the given row on. */
function writeSeries(values: Numbers, steps: number, data: Float32Array, row: number, capacity: number, from: number, to: number): void {
  for (let next = from; next < to;) {
    const step = next % steps;
    const end = Math.min(next - step + steps, to);
    writeNumbers(values, data, (row + (next - step) / steps) * capacity + step, next, end);
    next = end;
  }
}

/** Each job's part of what a run of all together gave. */
export function splitOutputs(jobs: readonly GraphJob[], outputs: GraphOutputs): GraphOutputs[] {
  const rows = paddedRows(totalRows(jobs));
  let row = 0;
  return jobs.map((job) => {
    const parts = Object.entries(outputs).map(([name, values]) => {
      const columns = values.length / rows;
      return [name, columns === 1 ? values.slice(row, row + job.rows) : cutColumns(values, row, job, columns)] as const;
    });
    row += job.rows;
    return Object.fromEntries(parts);
  });
}

function cutColumns<A extends GraphOutputs[string]>(values: A, row: number, { rows, steps }: GraphJob, columns: number): A {
  if (columns === steps) return values.slice(row * columns, (row + rows) * columns) as A;
  const cut = new (values.constructor as new (length: number) => A)(rows * steps);
  for (let i = 0; i < rows; i++) cut.set(values.subarray((row + i) * columns, (row + i) * columns + steps), i * steps);
  return cut;
}

/** What parts of one job gave, one after the other. */
export function joinOutputs(parts: readonly GraphOutputs[]): GraphOutputs {
  return Object.fromEntries(
    Object.keys(parts[0]!).map((name) => {
      const arrays = parts.map((part) => part[name]!);
      const joined = new (arrays[0]!.constructor as new (length: number) => GraphOutputs[string])(
        arrays.reduce((sum, { length }) => sum + length, 0),
      );
      let at = 0;
      for (const array of arrays) {
        joined.set(array, at);
        at += array.length;
      }
      return [name, joined];
    }),
  );
}
