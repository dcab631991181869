import type { Expectation } from './expectation.ts';

type Expected = Extract<Expectation, { kind: 'answer' }>;

/** With the size of its largest number: what is nothing beside it may be what is left of terms that cancelled. */
type Answer = Expected & { readonly largest: number };

/** Fields that say how and not what, or that came from the request, or that are measured. */
const beside = new Set(['meta', 'compute_ms', 'queue_ms', 'parameters', 'model_name', 'model_version', 'id', 'datatype']);
/** How many spikes there are decides how long these are. */
const byOccurrence = new Set(['spike_times', 'spike_time_offsets']);

/** Where an answer is not what it has to be; undefined where it is. */
export function disagreement(actual: unknown, expected: Expected): string | undefined {
  const inNpy = expected.media === 'application/x-npy';
  const isFramed = expected.media === 'application/octet-stream';
  const written = inNpy ? theTensor : isFramed ? withFlatRows : (answer: unknown) => answer;
  const [exact, rounded] = [written(expected.exact), expected.rounded.map(written)];
  return compare(actual, exact, rounded, '', { ...expected, largest: largestIn(expected.exact) });
}

/** An answer whose spike times are rows one after the other, as bytes have them, whatever axes its neurons have. */
function withFlatRows(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('spike_times' in answer)) return answer;
  return { ...answer, spike_times: (answer.spike_times as unknown[]).flatMap(rowsIn) };
}

function rowsIn(level: unknown): unknown[] {
  const isNested = Array.isArray(level) && Array.isArray(level[0]);
  return isNested ? (level as unknown[]).flatMap(rowsIn) : [level];
}

/** The one tensor of an answer that npy can hold, in whatever fields it stands. */
function theTensor(answer: unknown): unknown {
  if (answer === null) return null;
  const fields = answer as { results?: Record<string, unknown>[]; grad?: unknown; record?: unknown };
  // Of a network.
  if (fields.grad !== undefined || fields.record !== undefined) return innermost(fields.grad ?? fields.record);
  if (fields.results === undefined) return innermost(Object.entries(fields).find(([name]) => name !== 'meta' && name !== 'neuron')![1]);
  const { grad, spike, value } = fields.results[0]!;
  return innermost(grad ?? spike ?? value);
}

function innermost(value: unknown): unknown {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? innermost(Object.values(value)[0]) : value;
}

function compare(actual: unknown, exact: unknown, rounded: readonly unknown[], path: string, expected: Answer): string | undefined {
  if (isNumbers(exact)) return compareNumbers(actual, exact, rounded, path, expected);
  if (Array.isArray(exact)) {
    if (!Array.isArray(actual) || actual.length !== exact.length) return `${path}: has not ${exact.length} elements`;
    return first(
      exact.map((_, i) =>
        compare(
          actual[i],
          exact[i],
          rounded.map((one) => (one as unknown[] | null)?.[i] ?? null),
          `${path}/${i}`,
          expected,
        ),
      ),
    );
  }
  if (typeof exact !== 'object' || exact === null)
    return actual === exact ? undefined : `${path}: is ${JSON.stringify(actual)}, not ${JSON.stringify(exact)}`;
  if (typeof actual !== 'object' || actual === null) return `${path}: is ${JSON.stringify(actual)}`;
  const names = (value: object) =>
    Object.keys(value)
      .filter((name) => !beside.has(name))
      .sort()
      .join();
  if (names(actual) !== names(exact)) return `${path}: has ${names(actual)}, not ${names(exact)}`;
  return first(
    Object.keys(exact)
      .filter((name) => !beside.has(name))
      .map((name) => {
        const inner = rounded.map((one) => (one as Record<string, unknown> | null)?.[name] ?? null);
        const outputName = (exact as { name?: unknown }).name;
        if (expected.isOnEdge && (byOccurrence.has(name) || (typeof outputName === 'string' && byOccurrence.has(outputName))))
          return undefined;
        return compare(
          (actual as Record<string, unknown>)[name],
          (exact as Record<string, unknown>)[name],
          inner,
          `${path}/${name}`,
          expected,
        );
      }),
  );
}

function first(faults: readonly (string | undefined)[]): string | undefined {
  return faults.find((fault) => fault !== undefined);
}

function isNumbers(value: unknown): boolean {
  return typeof value === 'number' || (Array.isArray(value) && value.every(isNumbers));
}

function compareNumbers(
  actual: unknown,
  exact: unknown,
  rounded: readonly unknown[],
  path: string,
  { isOnEdge, isFloat64, largest }: Answer,
): string | undefined {
  if (!isNumbers(actual) || shapeOf(actual) !== shapeOf(exact)) return `${path}: has the shape ${shapeOf(actual)}, not ${shapeOf(exact)}`;
  if (isOnEdge) return undefined;
  const [mine, truth] = [flatten(actual), flatten(exact)];
  const others = rounded.map((one) => (isNumbers(one) ? flatten(one) : []));
  const scale = truth.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  // What leaves an arithmetic downwards is 0 there.
  const allowed = isFloat64 ? 1e-13 * scale + 1e-306 : 2e-5 * scale + 1e-7 * largest + 1e-36;
  for (const [i, value] of truth.entries()) {
    const moved = others.reduce((most, other) => Math.max(most, Math.abs((other[i] ?? Infinity) - value)), 0);
    if (!(Math.abs(mine[i]! - value) <= allowed + 8 * moved)) return `${path}: element ${i} is ${mine[i]!}, not ${value}`;
  }
  return undefined;
}

function largestIn(value: unknown): number {
  if (typeof value === 'number') return Math.abs(value);
  return typeof value === 'object' && value !== null
    ? Object.values(value).reduce<number>((most, one) => Math.max(most, largestIn(one)), 0)
    : 0;
}

function shapeOf(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(shapeOf).join()}]` : '';
}

function flatten(value: unknown): number[] {
  return Array.isArray(value) ? ((value as unknown[]).flat(Infinity) as number[]) : [value as number];
}
