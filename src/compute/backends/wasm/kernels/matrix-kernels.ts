import { ArgumentLayout } from '../codegen/argument-block.ts';
import { kernelModule, runParameters, type KernelWat } from '../codegen/kernel-wat.ts';
import { advance, breakIfStopped, get, i32, loadVector, set, storeVector, zeroVector } from '../codegen/vector-wat.ts';
import type { LaneType } from '../ir/lanes.ts';
import type { KernelRequest } from '../kernel-cache.ts';

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

/** Loads integers of the argument block into locals of their names. */
function loadArguments(layout: ArgumentLayout, names: readonly string[]): { readonly locals: string; readonly loads: readonly string[] } {
  return {
    locals: names.map((name) => `(local $${name} i32)`).join(' '),
    loads: names.map((name) => set(name, `(i32.load offset=${layout.integer(name)} ${get('arguments')})`)),
  };
}

/** A kernel without uniforms that runs `body` for each item `$from` of [from, to). */
function itemKernel(names: readonly string[], locals: string, body: readonly string[], functions: readonly string[] = []): KernelWat {
  const layout = new ArgumentLayout();
  const given = loadArguments(layout, names);
  const lines = [
    `(func $run ${runParameters}`,
    given.locals,
    locals,
    ...given.loads,
    '(block $stopped (loop $items',
    `(br_if $stopped (i32.ge_u ${get('from')} ${get('to')}))`,
    breakIfStopped('stopped'),
    ...body,
    advance('from', i32(1)),
    '(br $items)))',
    ')',
  ];
  return { text: kernelModule([...functions, lines.join('\n')]), layout, operations: {}, unroll: 1 };
}

/** `base + index * stride`, all i32. */
export function rowAddress(base: string, index: string, stride: string): string {
  return `(i32.add ${base} (i32.mul ${index} ${stride}))`;
}

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

/** Where a kernel finds lists, a list a row: the bytes of the numbers of a list are those of its indices, as wide as the lanes. */
export const listArguments = ['starts', 'ends', 'indices'] as const;

/** Text of the addresses `$list`, `$end` and `$values` of the list of a row. */
export function setList(lanes: LaneType, row: string, isWeighted: boolean): string[] {
  const start = `(i32.load (i32.add ${get('starts')} (i32.shl ${row} ${i32(2)})))`;
  return [
    set('list', `(i32.add ${get('indices')} (i32.shl ${start} ${i32(2)}))`),
    set('end', `(i32.add ${get('indices')} (i32.shl (i32.load (i32.add ${get('ends')} (i32.shl ${row} ${i32(2)}))) ${i32(2)}))`),
    ...(isWeighted ? [set('values', `(i32.add ${get('numbers')} (i32.shl ${start} ${i32(Math.log2(lanes.bytes))}))`)] : []),
  ];
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

function minimum(a: string, b: string): string {
  return `(select ${a} ${b} (i32.lt_u ${a} ${b}))`;
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

/**
 * Turns lists: of each column the rows in whose lists it is, moved on by `delay` steps, of which none may go beyond a sample's last. One item: several
 * would each go through all lists, and choose their entries by branches that cannot be predicted.
 *
 * @param isWeighted whether the lists have numbers, which go with their entries.
 */
export function turnKernelRequest(lanes: LaneType, isWeighted: boolean): KernelRequest {
  const names = [...listArguments, 'turnedStarts', 'turnedEnds', 'turnedIndices', ...(isWeighted ? ['numbers', 'turnedNumbers'] : [])];
  const locals =
    '(local $row i32) (local $left i32) (local $list i32) (local $end i32) (local $values i32) (local $column i32) (local $place i32) (local $cursor i32)';
  const scalar = lanes.bits === 32 ? 'f32' : 'f64';
  const shift = i32(Math.log2(lanes.bytes));
  const columnPlace = (array: string): string => `(i32.add ${get(array)} (i32.shl ${get('column')} ${i32(2)}))`;
  const eachColumn = (label: string, lines: readonly string[]): string[] => [
    set('column', i32(0)),
    `(block $${label}Done (loop $${label}`,
    `(br_if $${label}Done (i32.ge_u ${get('column')} ${get('columns')}))`,
    ...lines,
    advance('column', i32(1)),
    `(br $${label})))`,
  ];
  const eachEntry = (label: string, lines: readonly string[]): string[] => [
    set('row', i32(0)),
    set('left', get('steps')),
    `(block $${label}Done (loop $${label}`,
    `(br_if $${label}Done (i32.ge_u ${get('row')} ${get('rows')}))`,
    `(if (i32.gt_u ${get('left')} ${get('delay')}) (then`,
    ...setList(lanes, get('row'), isWeighted),
    '(block $listed (loop $entries',
    `(br_if $listed (i32.ge_u ${get('list')} ${get('end')}))`,
    set('column', `(i32.load ${get('list')})`),
    set('place', columnPlace('turnedEnds')),
    set('cursor', `(i32.load ${get('place')})`),
    ...lines,
    `(i32.store ${get('place')} (i32.add ${get('cursor')} ${i32(1)}))`,
    advance('list', i32(4)),
    ...(isWeighted ? [advance('values', i32(lanes.bytes))] : []),
    '(br $entries)))',
    '))',
    set('left', `(i32.sub ${get('left')} ${i32(1)})`),
    `(if (i32.eqz ${get('left')}) (then ${set('left', get('steps'))}))`,
    advance('row', i32(1)),
    `(br $${label})))`,
  ];
  const body = [
    ...eachColumn('clear', [`(i32.store ${columnPlace('turnedEnds')} ${i32(0)})`]),
    ...eachEntry('count', []),
    set('cursor', i32(0)),
    ...eachColumn('begin', [
      set('place', columnPlace('turnedEnds')),
      set('end', `(i32.load ${get('place')})`),
      `(i32.store ${get('place')} ${get('cursor')})`,
      `(i32.store ${columnPlace('turnedStarts')} ${get('cursor')})`,
      advance('cursor', get('end')),
    ]),
    ...eachEntry('fill', [
      `(i32.store (i32.add ${get('turnedIndices')} (i32.shl ${get('cursor')} ${i32(2)})) (i32.add ${get('row')} ${get('delay')}))`,
      ...(isWeighted
        ? [`(${scalar}.store (i32.add ${get('turnedNumbers')} (i32.shl ${get('cursor')} ${shift})) (${scalar}.load ${get('values')}))`]
        : []),
    ]),
  ];
  return {
    key: `turn ${lanes.dtype} ${isWeighted}`,
    print: () => itemKernel([...names, 'rows', 'steps', 'delay', 'columns'], locals, body),
  };
}

/**
 * Lists what is not 0 in each step of a sample, an item: of numbers [samples, inputs, steps], for each row sample * steps + t the inputs, from
 * `indices[row * inputs]` on; `starts` and `ends` get where a list begins and ends, `flags[sample]` says whether there is a number other than
 * 0 and 1. @param isWeighted whether the numbers are written beside the indices.
 */
export function listKernelRequest(lanes: LaneType, isWeighted: boolean): KernelRequest {
  const names = [...listArguments, ...(isWeighted ? ['numbers'] : []), 'source', 'inputs', 'steps', 'flags'];
  const locals =
    '(local $row i32) (local $until i32) (local $k i32) (local $at i32) (local $t i32) (local $bits i32) (local $place i32) (local $cursor i32) (local $x v128) (local $others v128)';
  const scalar = lanes.bits === 32 ? 'f32' : 'f64';
  const integer = lanes.bits === 32 ? 'i32' : 'i64';
  const ones = `(v128.const ${lanes.name}${' 1'.repeat(lanes.count)})`;
  const shift = i32(Math.log2(lanes.bytes));
  const append = (t: string, number: string) => [
    set('place', `(i32.add ${get('ends')} (i32.shl (i32.add ${get('row')} ${t}) ${i32(2)}))`),
    set('cursor', `(i32.load ${get('place')})`),
    `(i32.store (i32.add ${get('indices')} (i32.shl ${get('cursor')} ${i32(2)})) ${get('k')})`,
    ...(isWeighted ? [`(${scalar}.store (i32.add ${get('numbers')} (i32.shl ${get('cursor')} ${shift})) ${number})`] : []),
    `(i32.store ${get('place')} (i32.add ${get('cursor')} ${i32(1)}))`,
  ];
  const body = [
    set('row', `(i32.mul ${get('from')} ${get('steps')})`),
    set('t', i32(0)),
    '(loop $clear',
    set('place', `(i32.shl (i32.add ${get('row')} ${get('t')}) ${i32(2)})`),
    set('cursor', `(i32.mul (i32.add ${get('row')} ${get('t')}) ${get('inputs')})`),
    `(i32.store (i32.add ${get('starts')} ${get('place')}) ${get('cursor')})`,
    `(i32.store (i32.add ${get('ends')} ${get('place')}) ${get('cursor')})`,
    advance('t', i32(1)),
    `(br_if $clear (i32.lt_u ${get('t')} ${get('steps')})))`,
    set('others', zeroVector),
    set('k', i32(0)),
    set('at', `(i32.add ${get('source')} (i32.shl (i32.mul ${get('row')} ${get('inputs')}) ${shift}))`),
    '(block $done (loop $inputs',
    `(br_if $done (i32.ge_u ${get('k')} ${get('inputs')}))`,
    set('t', i32(0)),
    '(block $whole (loop $vectors',
    `(br_if $whole (i32.gt_u (i32.add ${get('t')} ${i32(lanes.count)}) ${get('steps')}))`,
    set('x', loadVector(get('at'), 0)),
    set('bits', `(${lanes.integers}.bitmask (${lanes.name}.ne ${get('x')} ${zeroVector}))`),
    `(if ${get('bits')} (then`,
    set(
      'others',
      `(v128.or ${get('others')} (v128.and (${lanes.name}.ne ${get('x')} ${zeroVector}) (${lanes.name}.ne ${get('x')} ${ones})))`,
    ),
    '(loop $lanes',
    ...append(
      `(i32.add ${get('t')} (i32.ctz ${get('bits')}))`,
      `(${scalar}.load (i32.add ${get('at')} (i32.shl (i32.ctz ${get('bits')}) ${shift})))`,
    ),
    set('bits', `(i32.and ${get('bits')} (i32.sub ${get('bits')} ${i32(1)}))`),
    `(br_if $lanes ${get('bits')}))`,
    '))',
    advance('t', i32(lanes.count)),
    advance('at', i32(16)),
    '(br $vectors)))',
    '(block $rest (loop $single',
    `(br_if $rest (i32.ge_u ${get('t')} ${get('steps')}))`,
    `(if (${scalar}.ne (${scalar}.load ${get('at')}) (${scalar}.const 0)) (then`,
    `(if (${scalar}.ne (${scalar}.load ${get('at')}) (${scalar}.const 1)) (then ${set('others', `(${lanes.integers}.splat (${integer}.const -1))`)}))`,
    ...append(get('t'), `(${scalar}.load ${get('at')})`),
    '))',
    advance('t', i32(1)),
    advance('at', i32(lanes.bytes)),
    '(br $single)))',
    advance('k', i32(1)),
    '(br $inputs)))',
    `(i32.store (i32.add ${get('flags')} (i32.shl ${get('from')} ${i32(2)})) (v128.any_true ${get('others')}))`,
  ];
  return { key: `list ${lanes.dtype} ${isWeighted}`, print: () => itemKernel(names, locals, body) };
}
