import { advance, get, i32, loadVector, set, zeroVector } from '../codegen/vector-wat.ts';
import type { LaneType } from '../ir/lanes.ts';
import type { KernelRequest } from '../kernel-cache.ts';
import { itemKernel } from './item-kernel.ts';

// Lists of what is active in each row, a sample's step: the inputs that are not 0, and where they are not 1 their numbers too.

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

/** Begins the empty lists of a sample's steps, with room for all inputs each; `$row` is its first. */
const beginLists: readonly string[] = [
  set('row', `(i32.mul ${get('from')} ${get('steps')})`),
  set('t', i32(0)),
  '(loop $clear',
  set('place', `(i32.shl (i32.add ${get('row')} ${get('t')}) ${i32(2)})`),
  set('cursor', `(i32.mul (i32.add ${get('row')} ${get('t')}) ${get('inputs')})`),
  `(i32.store (i32.add ${get('starts')} ${get('place')}) ${get('cursor')})`,
  `(i32.store (i32.add ${get('ends')} ${get('place')}) ${get('cursor')})`,
  advance('t', i32(1)),
  `(br_if $clear (i32.lt_u ${get('t')} ${get('steps')})))`,
];

/** Adds input `$k` to the list of a step, and its number beside it. */
function appendInput(t: string, numbers?: { readonly number: string; readonly store: string; readonly shift: string }): string[] {
  return [
    set('place', `(i32.add ${get('ends')} (i32.shl (i32.add ${get('row')} ${t}) ${i32(2)}))`),
    set('cursor', `(i32.load ${get('place')})`),
    `(i32.store (i32.add ${get('indices')} (i32.shl ${get('cursor')} ${i32(2)})) ${get('k')})`,
    ...(numbers === undefined
      ? []
      : [`(${numbers.store} (i32.add ${get('numbers')} (i32.shl ${get('cursor')} ${numbers.shift})) ${numbers.number})`]),
    `(i32.store ${get('place')} (i32.add ${get('cursor')} ${i32(1)}))`,
  ];
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
  const append = (t: string, number: string) => appendInput(t, isWeighted ? { number, store: `${scalar}.store`, shift } : undefined);
  const body = [
    ...beginLists,
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

/**
 * The same of bits [samples, inputs, steps] as numpy.packbits packs them, from bit `firstBit` of `source` on: all of them are 0 or 1.
 */
export function bitListKernelRequest(): KernelRequest {
  const names = [...listArguments, 'source', 'firstBit', 'inputs', 'steps'];
  const locals =
    '(local $row i32) (local $t i32) (local $k i32) (local $place i32) (local $cursor i32) (local $bits i32) (local $base i32) (local $at i32) (local $inputEnd i32) (local $until i32)';
  const byteAt = `(i32.add ${get('source')} (i32.shr_u ${get('base')} ${i32(3)}))`;
  const body = [
    ...beginLists,
    set('k', i32(0)),
    set('at', `(i32.add ${get('firstBit')} (i32.mul ${get('row')} ${get('inputs')}))`),
    set('until', `(i32.add ${get('at')} (i32.mul ${get('inputs')} ${get('steps')}))`),
    set('inputEnd', `(i32.add ${get('at')} ${get('steps')})`),
    set('base', `(i32.and ${get('at')} ${i32(-8)})`),
    set('bits', `(i32.and (i32.load8_u ${byteAt}) (i32.shr_u ${i32(0xff)} (i32.and ${get('at')} ${i32(7)})))`),
    '(block $done (loop $bytes',
    '(block $none (loop $set',
    `(br_if $none (i32.eqz ${get('bits')}))`,
    set('t', `(i32.sub (i32.clz ${get('bits')}) ${i32(24)})`),
    set('at', `(i32.add ${get('base')} ${get('t')})`),
    `(br_if $done (i32.ge_u ${get('at')} ${get('until')}))`,
    set('bits', `(i32.xor ${get('bits')} (i32.shr_u ${i32(0x80)} ${get('t')}))`),
    '(block $found (loop $inputs',
    `(br_if $found (i32.lt_u ${get('at')} ${get('inputEnd')}))`,
    advance('k', i32(1)),
    advance('inputEnd', get('steps')),
    '(br $inputs)))',
    set('t', `(i32.sub ${get('at')} (i32.sub ${get('inputEnd')} ${get('steps')}))`),
    ...appendInput(get('t')),
    '(br $set)))',
    advance('base', i32(8)),
    '(block $whole (loop $words',
    `(br_if $whole (i32.gt_u (i32.add ${get('base')} ${i32(64)}) ${get('until')}))`,
    `(br_if $whole (i64.ne (i64.load ${byteAt}) (i64.const 0)))`,
    advance('base', i32(64)),
    '(br $words)))',
    `(br_if $done (i32.ge_u ${get('base')} ${get('until')}))`,
    set('bits', `(i32.load8_u ${byteAt})`),
    '(br $bytes)))',
  ];
  return { key: 'list bits', print: () => itemKernel(names, locals, body) };
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
