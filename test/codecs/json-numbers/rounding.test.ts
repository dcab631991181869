import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compileNumberCodec } from '../../../src/codecs/json-numbers/index.ts';
import { JsonReader } from '../../../src/codecs/json-reader.ts';
import { Arena } from '../../../src/compute/engine/arena.ts';

await compileNumberCodec();

it('rounds float64 in an arena to float32 as JavaScript does, however many', () => {
  const arena = new Arena();
  const reader = new JsonReader(arena);
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
