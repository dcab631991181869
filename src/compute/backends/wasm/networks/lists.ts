import { areBits } from '../../../numbers.ts';
import type { NetworkInput } from '../../../jobs.ts';
import { bitListKernelRequest, listKernelRequest, turnKernelRequest } from '../kernels/list-kernels.ts';
import type { NetworkMemory, Steps } from './memory.ts';

/** Lists of the numbers that are not 0, a list a row: addresses of where each begins and ends among the indices, and of the numbers where they are not 1. */
export interface Lists {
  readonly starts: number;
  readonly ends: number;
  readonly indices: number;
  readonly numbers: number | undefined;
  /** The most entries that they have. */
  readonly entries: number;
}

/** As kernels know them. */
export function addressesOf({ starts, ends, indices, numbers }: Lists): Record<string, number> {
  return { starts, ends, indices, ...(numbers !== undefined && { numbers }) };
}

export function allocateLists(memory: NetworkMemory, rows: number, entries: number, isWeighted: boolean): Lists {
  const { bytes } = memory.lanes;
  return {
    starts: memory.arena.allocate(4 * rows),
    ends: memory.arena.allocate(4 * rows),
    indices: memory.arena.allocate(4 * entries),
    numbers: isWeighted ? memory.arena.allocate(bytes * entries) : undefined,
    entries,
  };
}

/** Lists of the network's input. */
export function* inputLists(memory: NetworkMemory): Steps<Lists> {
  const { input, samples, inputs, steps } = memory.network;
  if (input.form === 'events') return yield* eventLists(memory, input);
  const { bytes } = memory.lanes;
  const lists = allocateLists(memory, memory.rows, memory.rows * inputs, false);
  if (areBits(input.values)) {
    const { stored, offset: firstBit } = input.values;
    const integers = { ...addressesOf(lists), source: memory.putBytes(stored), firstBit, inputs, steps };
    yield* memory.launch(bitListKernelRequest(), samples, integers);
    return lists;
  }
  const source = yield* memory.put(input.values, samples * inputs * steps);
  const flags = memory.arena.allocate(4 * samples);
  const integers = { starts: lists.starts, ends: lists.ends, indices: lists.indices, source, inputs, steps, flags };
  yield* memory.launch(listKernelRequest(memory.lanes, false), samples, integers);
  if (!memory.arena.integers(flags, samples).includes(1)) return lists;
  const numbers = memory.arena.allocate(bytes * memory.rows * inputs);
  yield* memory.launch(listKernelRequest(memory.lanes, true), samples, { ...integers, numbers });
  return { ...lists, numbers };
}

/** Lists of events: sorted by row, in the order in which they were sent within one. */
function* eventLists(memory: NetworkMemory, { sample, neuron, step }: Extract<NetworkInput, { form: 'events' }>): Steps<Lists> {
  const { steps } = memory.network;
  const events = sample.length;
  const samples = yield* memory.integers(sample);
  const neurons = yield* memory.integers(neuron);
  const times = yield* memory.integers(step);
  const starts = memory.arena.allocate(4 * (memory.rows + 1));
  const indices = memory.arena.allocate(4 * events);
  const bounds = memory.arena.integers(starts, memory.rows + 1);
  const places = memory.arena.integers(indices, events);
  const cursors = new Int32Array(memory.rows);
  memory.loops.add(bounds.length, (from, to) => {
    bounds.fill(0, from, to);
  });
  memory.loops.add(events, (from, to) => {
    for (let i = from; i < to; i++) bounds[samples[i]! * steps + times[i]! + 1]!++;
  });
  memory.loops.add(memory.rows, (from, to) => {
    for (let row = from; row < to; row++) bounds[row + 1]! += cursors[row] = bounds[row]!;
  });
  memory.loops.add(events, (from, to) => {
    for (let i = from; i < to; i++) places[cursors[samples[i]! * steps + times[i]!]!++] = neurons[i]!;
  });
  yield* memory.loops.run();
  return { starts, ends: starts + 4, indices, numbers: undefined, entries: events };
}

/** The lists of columns: of each the rows in whose lists it is, moved on by `delay` steps; what would be after the last step is left out. */
export function* turnedLists(memory: NetworkMemory, lists: Lists, columns: number, delay: 0 | 1): Steps<Lists> {
  const isWeighted = lists.numbers !== undefined;
  const turned = allocateLists(memory, columns, lists.entries, isWeighted);
  yield* memory.launch(turnKernelRequest(memory.lanes, isWeighted), 1, {
    ...addressesOf(lists),
    turnedStarts: turned.starts,
    turnedEnds: turned.ends,
    turnedIndices: turned.indices,
    ...(isWeighted && { turnedNumbers: turned.numbers! }),
    rows: memory.rows,
    steps: memory.network.steps,
    delay,
    columns,
  });
  return turned;
}
