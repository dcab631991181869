import { setImmediate as nextTick } from 'node:timers/promises';
import { writeNumbers } from '../../numbers.ts';
import { sliceLength } from '../../loops.ts';
import type { NeuronQuantity, Quantity } from '../../jobs.ts';
import { cutQuantity } from '../../long-run.ts';
import { recordOf } from './graph-function.ts';
import type { Program } from './program.ts';

/**
 * A job as a graph's inputs: rows are neurons, or elements of x, and every row is computed by itself. Jobs with the same batch key differ in
 * their rows only, and can run as one.
 */
export interface GraphJob {
  /** Cache key of the graph. */
  readonly graphKey: string;
  /** The graph key, and what else decides `numbers` and `steps`. */
  readonly batchKey: string;
  readonly program: () => Program;
  readonly rows: number;
  /** Columns of series that are used, and that the graph has room for; 0 without series. */
  readonly steps: number;
  readonly capacity: number;
  /** One value per row, always as an array in the graph. */
  readonly arrays: Readonly<Record<string, NeuronQuantity>>;
  /** Scalars while all jobs of a batch have the same ones, else arrays. */
  readonly terms: Readonly<Record<string, NeuronQuantity>>;
  /** Values of every row and step, row-major. */
  readonly series: Readonly<Record<string, Extract<Quantity, { per: 'step' }>>>;
  readonly numbers: Readonly<Record<string, { readonly type: 'int32' | 'float32'; readonly value: number }>>;
}

/** What a graph gives back: one value per row, or `capacity` of them. */
export type GraphOutputs = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** A tensor on its way to the TensorFlow thread. */
export interface InputTensor {
  readonly type: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** Rows [from, to) of a job, as a job. */
export function sliceRows(job: GraphJob, from: number, to: number): GraphJob {
  const slice = <Q extends Quantity>(quantities: Readonly<Record<string, Q>>): Record<string, Q> =>
    recordOf(Object.keys(quantities), (name) => cutQuantity(quantities[name]!, job.steps, from, to));
  return { ...job, rows: to - from, arrays: slice(job.arrays), terms: slice(job.terms), series: slice(job.series) };
}

const minRows = 64;

/** Rows are padded to powers of two, since XLA compiles for each number of rows. */
export function paddedRows(rows: number): number {
  return Math.max(minRows, 2 ** Math.ceil(Math.log2(rows)));
}

function totalRows(jobs: readonly GraphJob[]): number {
  return jobs.reduce((sum, { rows }) => sum + rows, 0);
}

/** Jobs with the same batch key as the inputs of one run, their rows one after the other. Large inputs are written over several ticks. */
export async function mergeInputs(jobs: readonly GraphJob[]): Promise<Readonly<Record<string, InputTensor>>> {
  const { arrays, terms, series, numbers } = jobs[0]!;
  const rows = paddedRows(totalRows(jobs));
  const inputs: Record<string, InputTensor> = {};
  for (const name of Object.keys(arrays)) inputs[name] = await mergeRows(jobs, rows, (job) => job.arrays[name]!);
  // All or none are scalars, so that XLA compiles two variants of each graph and not one for every combination.
  const areScalars = Object.keys(terms).every((name) => commonNumber(jobs, name) !== undefined);
  for (const name of Object.keys(terms)) {
    inputs[name] = areScalars
      ? { type: 'float32', shape: [1], data: Float32Array.of(commonNumber(jobs, name)!) }
      : await mergeRows(jobs, rows, (job) => job.terms[name]!);
  }
  for (const name of Object.keys(series)) inputs[name] = await mergeSeries(jobs, rows, name);
  for (const [name, { type, value }] of Object.entries(numbers)) {
    inputs[name] = { type, shape: [], data: type === 'int32' ? Int32Array.of(value) : Float32Array.of(value) };
  }
  return inputs;
}

/** The number that a term is in all jobs, if it is the same. */
function commonNumber(jobs: readonly GraphJob[], name: string): number | undefined {
  const [first, ...others] = jobs.map(({ terms }) => terms[name]!);
  if (first?.per !== 'scalar') return undefined;
  return others.every((other) => other.per === 'scalar' && Object.is(other.value, first.value)) ? first.value : undefined;
}

async function mergeRows(jobs: readonly GraphJob[], rows: number, inputOf: (job: GraphJob) => NeuronQuantity): Promise<InputTensor> {
  const data = new Float32Array(rows);
  let row = 0;
  for (const job of jobs) {
    const input = inputOf(job);
    const offset = row;
    if (input.per === 'scalar') data.fill(input.value, row, row + job.rows);
    else
      await inSlices(job.rows, (from, to) => {
        writeNumbers(input.values, data, offset + from, from, to);
      });
    row += job.rows;
  }
  // Padding repeats the last row, whose numbers are in range.
  data.fill(data[row - 1]!, row);
  return { type: 'float32', shape: [rows], data };
}

async function mergeSeries(jobs: readonly GraphJob[], rows: number, name: string): Promise<InputTensor> {
  const { steps, capacity } = jobs[0]!;
  const data = new Float32Array(rows * capacity);
  let row = 0;
  for (const job of jobs) {
    const { values } = job.series[name]!;
    const firstRow = row;
    await inSlices(job.rows * steps, (from, to) => {
      // Row by row, since rows of `steps` values become rows of `capacity`.
      for (let next = from; next < to;) {
        const step = next % steps;
        const end = Math.min(next - step + steps, to);
        writeNumbers(values, data, (firstRow + (next - step) / steps) * capacity + step, next, end);
        next = end;
      }
    });
    row += job.rows;
  }
  return { type: 'float32', shape: [rows, capacity], data };
}

/** Runs a loop over [0, length), long ones over several ticks. */
export async function inSlices(length: number, write: (from: number, to: number) => void): Promise<void> {
  for (let from = 0; from < length; from += sliceLength) {
    if (from > 0) await nextTick();
    write(from, Math.min(from + sliceLength, length));
  }
}

/** Each job's part of the outputs of a merged run. */
export function splitOutputs(jobs: readonly GraphJob[], outputs: GraphOutputs): GraphOutputs[] {
  const rows = paddedRows(totalRows(jobs));
  let row = 0;
  return jobs.map((job) => {
    const from = row;
    row += job.rows;
    return recordOf(Object.keys(outputs), (name) => {
      const values = outputs[name]!;
      const columns = values.length / rows;
      return columns === 1 ? values.slice(from, row) : cutColumns(values, from, job, columns);
    });
  });
}

function cutColumns(values: GraphOutputs[string], row: number, { rows, steps }: GraphJob, columns: number): GraphOutputs[string] {
  if (columns === steps) return values.slice(row * columns, (row + rows) * columns);
  const cut = emptyLike(values, rows * steps);
  for (let i = 0; i < rows; i++) cut.set(values.subarray((row + i) * columns, (row + i) * columns + steps), i * steps);
  return cut;
}

/** The outputs of a job that ran in parts, one after the other. */
export function joinOutputs(parts: readonly GraphOutputs[]): GraphOutputs {
  return recordOf(Object.keys(parts[0]!), (name) => {
    const arrays = parts.map((part) => part[name]!);
    const joined = emptyLike(
      arrays[0]!,
      arrays.reduce((sum, { length }) => sum + length, 0),
    );
    let offset = 0;
    for (const array of arrays) {
      joined.set(array, offset);
      offset += array.length;
    }
    return joined;
  });
}

function emptyLike(values: GraphOutputs[string], length: number): GraphOutputs[string] {
  return new (values.constructor as new (length: number) => GraphOutputs[string])(length);
}
