import { advance, get, i32, loadVector, set, storeVector } from '../codegen/vector-wat.ts';
import type { LaneType } from '../ir/lanes.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import { itemKernel, minimum, rowAddress } from './item-kernel.ts';
import { listArguments, setList } from './list-kernels.ts';

// Matrices are row-major, with whole vectors a row; a stride is the distance of two rows in bytes. Those whose rows are summed are in panels: columns of
// `tileVectors` vectors as matrices of their own, one after another, so that a panel's rows share the cache's lines and the system's pages.

/** Vectors of a row that are summed at a time: as many as there are registers for. */
export const tileVectors = 8;
/** Bytes of a panel's row. */
export const panelStride = 16 * tileVectors;

/** The most rows that one item of a product has. */
const rowsPerItem = 32;
/** Items of a sum that have their rows' lists in the cache together, for one panel after another. */
const itemsPerGroup = 16;
/** Multiplications of vectors that an item may have beyond one row: a few milliseconds of them, after which a kernel looks whether it is stopped. */
const itemProducts = 2 ** 22;

/**
 * The functions `$sumTile<n>`: write to n vectors from `$out` on those from `$start` on (zeros where that is 0) and the sum of a list's rows of a
 * matrix, each times its number of `$values` where the lists have numbers; and `$sumRow`, which does it for a whole row.
 */
export function sumFunctions(lanes: LaneType, isWeighted: boolean): readonly string[] {
  const parameters = '(param $list i32) (param $end i32) (param $values i32) (param $matrix i32) (param $start i32) (param $out i32)';
  const tile = (vectors: number): string => {
    const all = Array.from({ length: vectors }, (_, i) => i);
    const row = (i: number) => loadVector(get('row'), 16 * i);
    const term = (i: number) => (isWeighted ? `(${lanes.name}.mul ${get('factor')} ${row(i)})` : row(i));
    return [
      `(func $sumTile${vectors} ${parameters}`,
      `(local $row i32) (local $factor v128) ${all.map((i) => `(local $sum${i} v128)`).join(' ')}`,
      `(if ${get('start')} (then`,
      ...all.map((i) => set(`sum${i}`, loadVector(get('start'), 16 * i))),
      '))',
      '(block $done (loop $next',
      `(br_if $done (i32.ge_u ${get('list')} ${get('end')}))`,
      set('row', `(i32.add ${get('matrix')} (i32.shl (i32.load ${get('list')}) ${i32(Math.log2(panelStride))}))`),
      ...(isWeighted ? [set('factor', `(v128.load${lanes.bits}_splat ${get('values')})`), advance('values', i32(lanes.bytes))] : []),
      ...all.map((i) => set(`sum${i}`, `(${lanes.name}.add ${get(`sum${i}`)} ${term(i)})`)),
      advance('list', i32(4)),
      '(br $next)))',
      ...all.map((i) => storeVector(get('out'), 16 * i, get(`sum${i}`))),
      ')',
    ].join('\n');
  };
  return [...tileWidths.map(tile), sumRowFunction(parameters)];
}

const tileWidths = [tileVectors, 4, 2, 1];

function sumRowFunction(parameters: string): string {
  const call = (width: number) => [
    `(call $sumTile${width} ${['list', 'end', 'values', 'matrix', 'start', 'out'].map(get).join(' ')})`,
    advance('matrix', width === tileVectors ? get('panelBytes') : i32(16 * width)),
    `(if ${get('start')} (then ${advance('start', i32(16 * width))}))`,
    advance('out', i32(16 * width)),
    advance('vectors', i32(-width)),
  ];
  return [
    `(func $sumRow ${parameters} (param $vectors i32) (param $panelBytes i32)`,
    '(block $left (loop $tiles',
    `(br_if $left (i32.lt_u ${get('vectors')} ${i32(tileVectors)}))`,
    ...call(tileVectors),
    '(br $tiles)))',
    ...tileWidths.slice(1).flatMap((width) => [`(if (i32.ge_u ${get('vectors')} ${i32(width)}) (then`, ...call(width), '))']),
    ')',
  ].join('\n');
}

/**
 * Sums of rows of a matrix: row r of `out` is `start` (a row, or 0) and the rows that list r names. An item is
 * `rowsPerItem` rows of a panel; groups of rows go through one panel after another, so that both stay in the cache.
 */
export function sumKernelRequest(lanes: LaneType, isWeighted: boolean): KernelRequest {
  const names = [...listArguments, ...(isWeighted ? ['numbers'] : []), 'matrix', 'panelBytes', 'start', 'out', 'rows', 'vectors'];
  const locals =
    '(local $tiles i32) (local $tile i32) (local $row i32) (local $until i32) (local $list i32) (local $end i32) (local $values i32)';
  const offset = `(i32.mul ${get('tile')} ${i32(16 * tileVectors)})`;
  const body = [
    set('tiles', `(i32.div_u (i32.add ${get('vectors')} ${i32(tileVectors - 1)}) ${i32(tileVectors)})`),
    set('tile', `(i32.div_u ${get('from')} ${i32(itemsPerGroup)})`),
    set(
      'row',
      `(i32.add (i32.mul (i32.div_u ${get('tile')} ${get('tiles')}) ${i32(itemsPerGroup)}) (i32.rem_u ${get('from')} ${i32(itemsPerGroup)}))`,
    ),
    set('row', `(i32.mul ${get('row')} ${i32(rowsPerItem)})`),
    set('tile', `(i32.rem_u ${get('tile')} ${get('tiles')})`),
    set('until', minimum(`(i32.add ${get('row')} ${i32(rowsPerItem)})`, get('rows'))),
    '(block $done (loop $rows',
    `(br_if $done (i32.ge_u ${get('row')} ${get('until')}))`,
    ...setList(lanes, get('row'), isWeighted),
    `(call $sumRow ${get('list')} ${get('end')} ${get('values')} ${rowAddress(get('matrix'), get('tile'), get('panelBytes'))}`,
    `  (select (i32.add ${get('start')} ${offset}) ${i32(0)} ${get('start')})`,
    `  (i32.add ${rowAddress(get('out'), get('row'), `(i32.shl ${get('vectors')} ${i32(4)})`)} ${offset})`,
    `  ${minimum(i32(tileVectors), `(i32.sub ${get('vectors')} (i32.mul ${get('tile')} ${i32(tileVectors)}))`)} ${get('panelBytes')})`,
    advance('row', i32(1)),
    '(br $rows)))',
  ];
  return { key: `sum ${lanes.dtype} ${isWeighted}`, print: () => itemKernel(names, locals, body, sumFunctions(lanes, isWeighted)) };
}

/** How many items the sums of so many rows have. */
export function sumItems(rows: number, vectors: number): number {
  return itemsPerGroup * Math.ceil(rows / (itemsPerGroup * rowsPerItem)) * Math.ceil(vectors / tileVectors);
}

/**
 * The function `$productRows`, which writes `$rows` rows of a product: row r of `$out` is the sum over n below `$inner` of `$a`'s number n of row r
 * times row n of `$b`.
 */
export function productFunctions(lanes: LaneType): readonly string[] {
  const blocks = [2, 1].flatMap((rows) => [4, 1].map((vectors) => ({ rows, vectors })));
  const parameters =
    '(param $a i32) (param $aStride i32) (param $inner i32) (param $b i32) (param $bStride i32) (param $out i32) (param $outStride i32)';
  const blockText = ({ rows, vectors }: (typeof blocks)[number]): string => {
    const each = Array.from({ length: rows }, (_, r) => Array.from({ length: vectors }, (_, v) => [r, v] as const)).flat();
    const columns = Array.from({ length: vectors }, (_, v) => v);
    const rowOf = (base: string, stride: string, r: number) => (r === 0 ? get(base) : `(i32.add ${get(base)} ${get(stride)})`);
    return [
      `(func $product${rows}x${vectors} ${parameters}`,
      each.map(([r, v]) => `(local $sum${r}.${v} v128)`).join(' '),
      [...columns.map((v) => `(local $b.${v} v128)`), '(local $factor v128)'].join(' '),
      '(block $done (loop $next',
      `(br_if $done (i32.eqz ${get('inner')}))`,
      ...columns.map((v) => set(`b.${v}`, loadVector(get('b'), 16 * v))),
      ...Array.from({ length: rows }, (_, r) => [
        set('factor', `(v128.load${lanes.bits}_splat ${rowOf('a', 'aStride', r)})`),
        ...columns.map((v) =>
          set(`sum${r}.${v}`, `(${lanes.name}.add ${get(`sum${r}.${v}`)} (${lanes.name}.mul ${get('factor')} ${get(`b.${v}`)}))`),
        ),
      ]).flat(),
      advance('a', i32(lanes.bytes)),
      advance('b', get('bStride')),
      advance('inner', i32(-1)),
      '(br $next)))',
      ...each.map(([r, v]) => storeVector(rowOf('out', 'outStride', r), 16 * v, get(`sum${r}.${v}`))),
      ')',
    ].join('\n');
  };
  const call = (rows: number, vectors: number) =>
    `(call $product${rows}x${vectors} ${get('aRow')} ${get('aStride')} ${get('inner')} ${get('b')} ${get('bStride')} ${get('outRow')} ${get('outStride')})`;
  const columnsOf = (vectors: number) => [
    set('aRow', get('a')),
    set('outRow', get('out')),
    set('left', get('rows')),
    '(block $pairsDone (loop $pairs',
    `(br_if $pairsDone (i32.lt_u ${get('left')} ${i32(2)}))`,
    call(2, vectors),
    advance('aRow', `(i32.shl ${get('aStride')} ${i32(1)})`),
    advance('outRow', `(i32.shl ${get('outStride')} ${i32(1)})`),
    advance('left', i32(-2)),
    '(br $pairs)))',
    `(if ${get('left')} (then ${call(1, vectors)}))`,
    advance('b', i32(16 * vectors)),
    advance('out', i32(16 * vectors)),
    advance('vectors', i32(-vectors)),
  ];
  return [
    ...blocks.map(blockText),
    [
      `(func $productRows ${parameters} (param $vectors i32) (param $rows i32)`,
      '(local $aRow i32) (local $outRow i32) (local $left i32)',
      ...[4, 1].flatMap((vectors) => [
        `(block $done${vectors} (loop $columns${vectors}`,
        `(br_if $done${vectors} (i32.lt_u ${get('vectors')} ${i32(vectors)}))`,
        ...columnsOf(vectors),
        `(br $columns${vectors})))`,
      ]),
      ')',
    ].join('\n'),
  ];
}

/** How many rows an item of a product has, for products over `inner` numbers. */
export function productItemRows(inner: number, vectors: number): number {
  return Math.max(1, Math.min(rowsPerItem, Math.floor(itemProducts / Math.max(1, inner * vectors))));
}

/** The product of two matrices, `itemRows` rows an item. */
export function productKernelRequest(lanes: LaneType): KernelRequest {
  const names = ['a', 'aStride', 'inner', 'b', 'bStride', 'out', 'outStride', 'vectors', 'rows', 'itemRows'];
  const row = `(i32.mul ${get('from')} ${get('itemRows')})`;
  const body = [
    set('row', row),
    `(call $productRows ${rowAddress(get('a'), get('row'), get('aStride'))} ${get('aStride')} ${get('inner')} ${get('b')} ${get('bStride')}`,
    `  ${rowAddress(get('out'), get('row'), get('outStride'))} ${get('outStride')} ${get('vectors')}`,
    `  ${minimum(get('itemRows'), `(i32.sub ${get('rows')} ${get('row')})`)})`,
  ];
  return { key: `product ${lanes.dtype}`, print: () => itemKernel(names, '(local $row i32)', body, productFunctions(lanes)) };
}

/** Copies a matrix into panels, `rowsPerItem` rows an item. */
export function panelKernelRequest(): KernelRequest {
  const names = ['source', 'stride', 'out', 'panelBytes', 'rows'];
  const locals = '(local $row i32) (local $until i32) (local $at i32) (local $end i32) (local $place i32) (local $column i32)';
  const body = [
    set('row', `(i32.mul ${get('from')} ${i32(rowsPerItem)})`),
    set('until', minimum(`(i32.add ${get('row')} ${i32(rowsPerItem)})`, get('rows'))),
    '(loop $next',
    set('at', rowAddress(get('source'), get('row'), get('stride'))),
    set('end', `(i32.add ${get('at')} ${get('stride')})`),
    set('place', rowAddress(get('out'), get('row'), i32(panelStride))),
    '(loop $panels',
    set('column', i32(0)),
    '(loop $vectors',
    storeVector(`(i32.add ${get('place')} ${get('column')})`, 0, loadVector(get('at'), 0)),
    advance('at', i32(16)),
    advance('column', i32(16)),
    `(br_if $vectors (i32.and (i32.lt_u ${get('column')} ${i32(panelStride)}) (i32.lt_u ${get('at')} ${get('end')}))))`,
    advance('place', get('panelBytes')),
    `(br_if $panels (i32.lt_u ${get('at')} ${get('end')})))`,
    advance('row', i32(1)),
    `(br_if $next (i32.lt_u ${get('row')} ${get('until')})))`,
  ];
  return { key: 'panels', print: () => itemKernel(names, locals, body) };
}

/** How many items the copy of so many rows into panels has. */
export function panelItems(rows: number): number {
  return Math.ceil(rows / rowsPerItem);
}

/** Columns of the source that an item of a transposition has: a line of the cache. */
export const columnsPerItem = 16;

/**
 * Transposes matrices that lie one after the other, `batchBytes` and `outBatchBytes` apart: number [i, j] becomes number [j, i], of `columns` rows of
 * `padded` numbers, those behind `rows` 0; `allRows` is how many rows all of them have, of which the last may have fewer. An item is a block of `columnsPerItem` columns of one of them.
 */
export function transposeKernelRequest(lanes: LaneType): KernelRequest {
  const names = ['source', 'sourceStride', 'batchBytes', 'out', 'outStride', 'outBatchBytes', 'rows', 'columns', 'padded', 'allRows'];
  const locals =
    '(local $blocks i32) (local $column i32) (local $until i32) (local $last i32) (local $i i32) (local $at i32) (local $place i32) (local $sourceAt i32) (local $outAt i32)';
  const load = lanes.bits === 32 ? 'f32.load' : 'f64.load';
  const store = lanes.bits === 32 ? 'f32.store' : 'f64.store';
  const zero = lanes.bits === 32 ? '(f32.const 0)' : '(f64.const 0)';
  const shift = i32(Math.log2(lanes.bytes));
  const column = (value: string) => [
    set('at', get('column')),
    '(loop $across',
    set('place', `(i32.add (i32.add ${get('outAt')} (i32.mul ${get('at')} ${get('outStride')})) (i32.shl ${get('i')} ${shift}))`),
    `(${store} ${get('place')} ${value})`,
    advance('at', i32(1)),
    `(br_if $across (i32.lt_u ${get('at')} ${get('until')})))`,
  ];
  const body = [
    set('blocks', `(i32.div_u (i32.add ${get('columns')} ${i32(columnsPerItem - 1)}) ${i32(columnsPerItem)})`),
    set('sourceAt', rowAddress(get('source'), `(i32.div_u ${get('from')} ${get('blocks')})`, get('batchBytes'))),
    set('outAt', rowAddress(get('out'), `(i32.div_u ${get('from')} ${get('blocks')})`, get('outBatchBytes'))),
    set('column', `(i32.mul (i32.rem_u ${get('from')} ${get('blocks')}) ${i32(columnsPerItem)})`),
    set('until', minimum(`(i32.add ${get('column')} ${i32(columnsPerItem)})`, get('columns'))),
    set('last', `(i32.sub ${get('allRows')} (i32.mul (i32.div_u ${get('from')} ${get('blocks')}) ${get('rows')}))`),
    set('last', minimum(get('last'), get('rows'))),
    set('i', i32(0)),
    '(block $copied (loop $rows',
    `(br_if $copied (i32.ge_u ${get('i')} ${get('last')}))`,
    ...column(
      `(${load} (i32.add (i32.add ${get('sourceAt')} (i32.mul ${get('i')} ${get('sourceStride')})) (i32.shl ${get('at')} ${shift})))`,
    ),
    advance('i', i32(1)),
    '(br $rows)))',
    '(block $filled (loop $rest',
    `(br_if $filled (i32.ge_u ${get('i')} ${get('padded')}))`,
    ...column(zero),
    advance('i', i32(1)),
    '(br $rest)))',
  ];
  return { key: `transpose ${lanes.dtype}`, print: () => itemKernel(names, locals, body) };
}

/** How many items the transposition of so many matrices has. */
export function transposeItems(matrices: number, columns: number): number {
  return matrices * Math.ceil(columns / columnsPerItem);
}
