// Times the codec of JSON's numbers beside JSON.parse and JSON.stringify, on the Node that runs it, and prints the figures as JSON.
import { JsonReader } from '../src/codecs/json-reader.ts';
import { sliceWriter } from '../src/codecs/json-writer.ts';
import { TensorText } from '../src/codecs/tensor-text.ts';
import { Arena } from '../src/compute/engine/arena.ts';
import { inTurns } from './turns.ts';

/** Milliseconds for all numbers, in each round. */
export interface JsonRow {
  readonly numbers: string;
  /** Bytes a number with its comma. */
  readonly bytes: number;
  readonly ours: readonly number[];
  readonly builtIn: readonly number[];
}

export interface JsonFigures {
  readonly node: string;
  readonly count: number;
  readonly parse: readonly JsonRow[];
  readonly print: readonly JsonRow[];
}

const [count = 1e6, rounds = 9, turnMs = 100] = process.argv.slice(2).map(Number);

const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const samples = { 'uniform, 0 to 1': () => Math.random(), normal } as const;

const float32s = (sample: () => number) => Float32Array.from({ length: count }, sample);
const ms = (rates: readonly number[]) => rates.map((rate) => 1000 / rate);

function shortest(values: Float32Array): string {
  return Buffer.concat([...new TensorText([values.length]).slices(values, 'float32', sliceWriter)]).toString('latin1');
}

async function timeParsing(numbers: string, text: string): Promise<JsonRow> {
  const arena = new Arena();
  const reader = new JsonReader(arena);
  const bytes = arena.bytes(arena.allocate(text.length), text.length);
  bytes.set(Buffer.from(text));
  const start = arena.mark();
  const rates = await inTurns(
    {
      ours: {
        work: 1,
        run: () => {
          arena.release(start);
          reader.parse(bytes);
        },
      },
      builtIn: {
        work: 1,
        run: () => {
          JSON.parse(text);
        },
      },
    },
    rounds,
    turnMs,
  );
  return { numbers, bytes: text.length / count, ours: ms(rates.ours), builtIn: ms(rates.builtIn) };
}

async function timePrinting(numbers: string, values: Float32Array): Promise<JsonRow> {
  const array = Array.from(values);
  const rates = await inTurns(
    {
      ours: {
        work: 1,
        run: () => {
          for (const slice of new TensorText([count]).slices(values, 'float32', sliceWriter)) slice.at(-1);
        },
      },
      builtIn: {
        work: 1,
        run: () => {
          JSON.stringify(array);
        },
      },
    },
    rounds,
    turnMs,
  );
  return { numbers, bytes: shortest(values).length / count, ours: ms(rates.ours), builtIn: ms(rates.builtIn) };
}

const parse: JsonRow[] = [];
const print: JsonRow[] = [];
for (const [name, sample] of Object.entries(samples)) {
  const values = float32s(sample);
  parse.push(await timeParsing(`${name}; shortest float32`, shortest(values)));
  print.push(await timePrinting(name, values));
}
const widened = float32s(samples.normal);
parse.push(await timeParsing('normal; float32 widened to float64', JSON.stringify(Array.from(widened))));
const spikes = float32s(() => Number(Math.random() < 0.05));
parse.push(await timeParsing('spikes, 0 and 1', shortest(spikes)));
print.push(await timePrinting('spikes, 0 and 1', spikes));

const figures: JsonFigures = { node: process.version, count, parse, print };
console.log(JSON.stringify(figures));
