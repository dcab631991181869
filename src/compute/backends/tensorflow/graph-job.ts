import { sliceNumbers, type Numbers } from '../../generated-numbers.ts';
import type { Program } from './program.ts';

/** Values of one row each, or the same number for all rows. */
export type RowInput =
  | { readonly per: 'scalar'; readonly value: number }
  /** With `map`, what that makes of each. */
  | { readonly per: 'neuron'; readonly values: Numbers; readonly map?: (value: number) => number };

/** Values of every row and step, row-major. */
export interface SeriesInput {
  readonly values: Numbers;
}

/**
 * A job as a graph's inputs: rows are neurons, or elements of x, and every row is computed by itself. Jobs of one key differ in
 * their rows only, so that they can be run as one.
 */
export interface GraphJob {
  /** What decides the graph. */
  readonly graphKey: string;
  /** What else jobs that run together have in common: `numbers`, and the number of steps. */
  readonly batchKey: string;
  readonly program: () => Program;
  readonly rows: number;
  /** Columns of series: how many there are, and how many the graph has room for; 0 where there are no series. */
  readonly steps: number;
  readonly capacity: number;
  /** Always an array, whatever it is given as. */
  readonly arrays: Readonly<Record<string, RowInput>>;
  /** One number as long as all jobs of a batch have the same, else arrays. */
  readonly terms: Readonly<Record<string, RowInput>>;
  readonly series: Readonly<Record<string, SeriesInput>>;
  readonly numbers: Readonly<Record<string, { readonly type: 'int32' | 'float32'; readonly value: number }>>;
}

/** What a graph gives back: one value per row, or `capacity` of them. */
export type GraphOutputs = Readonly<Record<string, Float32Array | Int32Array | Uint8Array>>;

/** The job's part from one row to before another. */
export function rowsOf(job: GraphJob, from: number, to: number): GraphJob {
  const part = (input: RowInput): RowInput => (input.per === 'scalar' ? input : { ...input, values: sliceNumbers(input.values, from, to) });
  return {
    ...job,
    rows: to - from,
    arrays: mapRecord(job.arrays, part),
    terms: mapRecord(job.terms, part),
    series: mapRecord(job.series, ({ values }) => ({ values: sliceNumbers(values, from * job.steps, to * job.steps) })),
  };
}

function mapRecord<A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
