import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberCodec } from '../../src/codecs/json-numbers/compiled.ts';
import { JsonNumbersReader } from '../../src/codecs/json-numbers-reader.ts';
import { Arena } from '../../src/compute/engine/arena.ts';

it('rounds float64 in an arena to float32 as JavaScript does, however many', () => {
  const arena = new Arena();
  const reader = new JsonNumbersReader(numberCodec, arena);
  const mark = arena.mark();
  fc.assert(
    fc.property(fc.float64Array({ noNaN: true, maxLength: 40 }), (values) => {
      arena.release(mark);
      const doubles = arena.doubles(arena.allocate(8 * values.length), values.length);
      doubles.set(values);
      expect(reader.round(doubles)).toEqual(new Float32Array(values));
    }),
  );
});
