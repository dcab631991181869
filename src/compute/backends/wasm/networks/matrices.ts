import type { Values } from '../../../numbers.ts';
import { vectorsOf } from '../ir/lanes.ts';
import {
  panelItems,
  panelKernelRequest,
  panelStride,
  sumItems,
  sumKernelRequest,
  transposeItems,
  transposeKernelRequest,
} from '../kernels/matrix-kernels.ts';
import { addressesOf, type Lists } from './lists.ts';
import type { NetworkMemory, Steps } from './memory.ts';

/** Sums of rows of a matrix by lists, `rows` rows as wide as the matrix's. */
export function* sumRows(
  memory: NetworkMemory,
  lists: Lists,
  { panels, matrixRows, width, rows, start }: Readonly<Record<'panels' | 'matrixRows' | 'width' | 'rows' | 'start', number>>,
): Steps<number> {
  const vectors = vectorsOf(width, memory.lanes);
  const out = memory.arena.allocate(memory.lanes.bytes * rows * width);
  const panelBytes = matrixRows * panelStride;
  const integers = { ...addressesOf(lists), matrix: panels, panelBytes, start, out, rows, vectors };
  yield* memory.launch(sumKernelRequest(memory.lanes, lists.numbers !== undefined), sumItems(rows, vectors), integers);
  return out;
}

/** An array over time in panels. */
export function* panelsOf(memory: NetworkMemory, source: number, width: number): Steps<number> {
  const stride = memory.lanes.bytes * width;
  const out = memory.arena.allocate(Math.ceil(stride / panelStride) * memory.rows * panelStride);
  const integers = { source, stride, out, panelBytes: memory.rows * panelStride, rows: memory.rows };
  yield* memory.launch(panelKernelRequest(), panelItems(memory.rows), integers);
  return out;
}

/** A matrix transposed, in panels. */
export function* transposedPanels(memory: NetworkMemory, source: number, rows: number, columns: number): Steps<number> {
  const { bytes } = memory.lanes;
  const width = panelStride / bytes;
  const panels = Math.ceil(rows / width);
  const out = memory.arena.allocate(panels * columns * panelStride);
  yield* transpose(
    memory,
    { source, sourceStride: bytes * columns, batchBytes: width * bytes * columns },
    { out, outStride: panelStride, outBatchBytes: columns * panelStride },
    { matrices: panels, rows: width, columns, padded: width, allRows: rows },
  );
  return out;
}

export function* transpose(
  memory: NetworkMemory,
  from: Readonly<Record<'source' | 'sourceStride' | 'batchBytes', number>>,
  to: Readonly<Record<'out' | 'outStride' | 'outBatchBytes', number>>,
  { matrices, ...shape }: Readonly<Record<'matrices' | 'rows' | 'columns' | 'padded' | 'allRows', number>>,
): Steps<void> {
  yield* memory.launch(transposeKernelRequest(memory.lanes), transposeItems(matrices, shape.columns), { ...from, ...to, ...shape });
}

/** An array over time as numbers [samples, neurons, steps]. */
export function* bySample(memory: NetworkMemory, source: number, rowBytes: number, neurons: number): Steps<Values> {
  const { samples, steps } = memory.network;
  const { bytes } = memory.lanes;
  const out = memory.arena.allocate(bytes * samples * neurons * steps);
  yield* transpose(
    memory,
    { source, sourceStride: rowBytes, batchBytes: steps * rowBytes },
    { out, outStride: bytes * steps, outBatchBytes: bytes * neurons * steps },
    { matrices: samples, rows: steps, columns: neurons, padded: steps, allRows: samples * steps },
  );
  return memory.read(out, samples * neurons * steps);
}
