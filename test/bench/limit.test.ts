import { expect, it } from 'vitest';
import { limitOf } from '../../bench/limit.ts';
import { limitRates, shareOfLimit } from '../../bench/limit-share.ts';
import { countOperations } from '../../src/compute/backends/wasm/codegen/kernel-wat.ts';

const costs = { 'f32x4.add': 2, 'f32x4.mul': 2, 'f32x4.div': 9, 'f32x4.sqrt': 16 };

it('counts SIMD instructions without constants, memory accesses and integers', () => {
  const lines = [
    '(local.set $a (f32x4.mul (v128.load offset=16 (i32.add (local.get $p) (i32.const 4))) (v128.const f32x4 1 1 1 1)))',
    '(v128.store (local.get $p) (f32x4.add (local.get $a) (f32x4.mul (local.get $a) (v128.load32_splat (local.get $p)))))',
  ];
  expect(countOperations(lines)).toEqual({ 'f32x4.mul': 2, 'f32x4.add': 1 });
});

it('takes all operations at the peak, unless one kind alone takes longer', () => {
  expect(limitOf({ 'f32x4.add': 5, 'f32x4.mul': 5 }, costs)).toEqual({ operations: 10, least: 10, by: 'operations' });
  expect(limitOf({ 'f32x4.add': 5, 'f32x4.mul': 1 }, costs)).toEqual({ operations: 6, least: 10, by: 'f32x4.add' });
  expect(limitOf({ 'f32x4.add': 1, 'f32x4.div': 1, 'f32x4.sqrt': 1 }, costs)).toEqual({ operations: 3, least: 25, by: 'divider' });
});

it('is memory where the copy is slower than the operations', () => {
  const limit = { operations: 10, least: 10, by: 'operations' };
  expect(limitRates({ one: [2], peak: [10], limit })).toEqual({ rates: [4], by: 'operations' });
  expect(shareOfLimit({ one: [2], peak: [10], limit })).toEqual([0.5]);
  expect(limitRates({ one: [2], peak: [10], copy: [3], limit })).toEqual({ rates: [3], by: 'memory' });
  expect(limitRates({ one: [2], peak: [10], copy: [5], limit })).toEqual({ rates: [4], by: 'operations' });
});
