// Holds the codec of JSON's numbers against the plain printer, Number and Math.fround over random numbers: `npm run check:numbers -- 1e8`.
import { float32Text } from '../src/codecs/json-numbers/index.ts';
import { CodecBench, randomWords } from '../test/codecs/json-numbers/support.ts';

const count = Number(process.argv[2] ?? 1e8);
const seed = Number(process.argv[3] ?? Date.now() % 2 ** 31);
const batch = 100_000;
const bench = new CodecBench();
const start = performance.now();

function fail(what: string): never {
  console.error(`${what}; seed ${seed}`);
  process.exit(1);
}

function expectRead(texts: readonly string[]): void {
  const read = bench.read(`[${texts.join(',')}]`);
  if (typeof read === 'number') fail(`stopped at ${read} of an array of numbers`);
  texts.forEach((text, i) => {
    if (!Object.is(read.values[i], Number(text))) fail(`${text} is read as ${read.values[i]!}`);
  });
}

let printed = 0;
let read = 0;
for (let round = 0; printed < count; round++) {
  const words = randomWords(batch, seed + 7919 * round);
  const bits = words.filter((word) => (word & 0x7f800000) !== 0x7f800000);
  const floats = new Float32Array(bits.buffer, 0, bits.length);
  const texts = bench.print(bits);
  if (typeof texts === 'number') fail(`refused ${floats[-1 - texts]!}`);
  texts.forEach((text, i) => {
    if (text !== float32Text(floats[i]!)) fail(`${floats[i]!} is printed as ${text}`);
    if (!Object.is(Math.fround(Number(text)), floats[i])) fail(`${text} does not read back as ${floats[i]!}`);
  });
  expectRead(texts);
  printed += texts.length;
  // Of the float64 in the same words, and those close to 1, whose texts have 16 and 17 digits.
  const doubles = Array.from(new Float64Array(words.buffer), (value, i) =>
    Math.abs(value) < 3e38 && i % 2 === 0 ? value : words[i]! / 0x7fffffff - 1,
  );
  expectRead(doubles.map(String));
  read += texts.length + doubles.length;
  if (round % 100 === 99) console.error(`${printed} printed, ${read} read, ${((performance.now() - start) / 1000).toFixed(0)} s`);
}
console.log(
  `${printed} float32 printed as the plain printer does and read back by Math.fround; ${read} texts read as Number does; seed ${seed}`,
);
