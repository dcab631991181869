export type InstrumentType = 'counter' | 'gauge' | 'histogram';
/** How what several processes tell of one series is told as one value. */
export type Joining = 'sum' | 'max' | 'min';
export type Labels<Name extends string> = Readonly<Record<Name, string>>;

/** One metric: what it is, and what it stands at. */
export interface Instrument {
  readonly name: string;
  readonly help: string;
  readonly type: InstrumentType;
  readonly labelNames: readonly string[];
  readonly joining: Joining;
  /** Its samples in Prometheus' text format, some lines at a time. */
  samples(): Iterable<string>;
}

export interface InstrumentOptions<Name extends string> {
  readonly name: string;
  readonly help: string;
  readonly labelNames?: readonly Name[];
}

/** Where the series lie whose first labels have the same values. */
class Branch<Series> {
  series: Series | undefined;
  readonly next = new Map<string, Branch<Series>>();
}

/** The series of a metric, one for each set of label values that was asked for. */
abstract class Family<Name extends string, Series extends { text(): string }> implements Instrument {
  abstract readonly type: InstrumentType;
  readonly joining = 'sum';
  readonly name: string;
  readonly help: string;
  readonly labelNames: readonly Name[];
  readonly #series: Series[] = [];
  /** By the first label's value, then by the second's, and so on: to put the values together would take longer than to look them up. */
  readonly #root = new Branch<Series>();

  constructor({ name, help, labelNames = [] }: InstrumentOptions<Name>) {
    this.name = name;
    this.help = help;
    this.labelNames = labelNames;
  }

  /** The series with these labels; whoever needs it often keeps it. */
  labels(values: Labels<Name>): Series {
    let branch = this.#root;
    for (const name of this.labelNames) {
      const value = values[name];
      let next = branch.next.get(value);
      if (next === undefined) branch.next.set(value, (next = new Branch()));
      branch = next;
    }
    return (branch.series ??= this.#add(values));
  }

  #add(values: Labels<Name>): Series {
    const series = this.begin(this.labelNames.map((name) => labelText(name, values[name])));
    this.#series.push(series);
    return series;
  }

  *samples(): Iterable<string> {
    for (const series of this.#series) yield series.text();
  }

  protected abstract begin(labels: readonly string[]): Series;
}

/** A number that only grows. */
export class Count {
  readonly #prefix: string;
  #value = 0;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  add(amount = 1): void {
    this.#value += amount;
  }

  text(): string {
    return `${this.#prefix}${numberText(this.#value)}\n`;
  }
}

export class Counter<Name extends string = never> extends Family<Name, Count> {
  readonly type = 'counter';

  protected begin(labels: readonly string[]): Count {
    return new Count(samplePrefix(this.name, labels));
  }
}

/** How many values fell up to each of some bounds. */
export class Distribution {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  /** Of a sample up to each bound, without its number: they make up most of a scrape. */
  readonly #bucketPrefixes: readonly string[];
  readonly #sumPrefix: string;
  readonly #countPrefix: string;
  #sum = 0;

  /** @param bounds in rising order. */
  constructor(name: string, labels: readonly string[], bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Float64Array(bounds.length + 1);
    this.#bucketPrefixes = [...bounds, Infinity].map((bound) =>
      samplePrefix(`${name}_bucket`, [...labels, labelText('le', numberText(bound))]),
    );
    this.#sumPrefix = samplePrefix(`${name}_sum`, labels);
    this.#countPrefix = samplePrefix(`${name}_count`, labels);
  }

  observe(value: number): void {
    const bounds = this.#bounds;
    let bucket = 0;
    while (bucket < bounds.length && value > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += value;
  }

  text(): string {
    let text = '';
    let count = 0;
    for (let bucket = 0; bucket < this.#counts.length; bucket++) {
      count += this.#counts[bucket]!;
      text += `${this.#bucketPrefixes[bucket]!}${count}\n`;
    }
    return `${text}${this.#sumPrefix}${numberText(this.#sum)}\n${this.#countPrefix}${count}\n`;
  }
}

export class Histogram<Name extends string = never> extends Family<Name, Distribution> {
  readonly type = 'histogram';
  readonly #bounds: readonly number[];

  /** @param options with `buckets`: upper bounds in rising order, without the infinite one. */
  constructor(options: InstrumentOptions<Name> & { readonly buckets: readonly number[] }) {
    super(options);
    this.#bounds = options.buckets;
  }

  protected begin(labels: readonly string[]): Distribution {
    return new Distribution(this.name, labels, this.#bounds);
  }
}

/** A value and its labels; undefined where there is none now. */
export type Sample<Name extends string> = readonly [Labels<Name>, number | undefined];

interface ReadingOptions<Name extends string> extends InstrumentOptions<Name> {
  readonly type?: 'counter' | 'gauge';
  readonly joining?: Joining;
}

/** A metric that is kept elsewhere, and read when it is asked for. */
export class Reading<Name extends string = never> implements Instrument {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge';
  readonly labelNames: readonly Name[];
  readonly joining: Joining;
  readonly #read: () => Iterable<Sample<Name>>;

  constructor({
    name,
    help,
    type = 'gauge',
    joining = 'sum',
    labelNames = [],
    read,
  }: ReadingOptions<Name> & { readonly read: () => Iterable<Sample<Name>> }) {
    this.name = name;
    this.help = help;
    this.type = type;
    this.labelNames = labelNames;
    this.joining = joining;
    this.#read = read;
  }

  /** One without labels. */
  static of({ read, ...options }: Omit<ReadingOptions<never>, 'labelNames'> & { readonly read: () => number | undefined }): Reading {
    return new Reading({ ...options, read: () => [[{}, read()]] });
  }

  *samples(): Iterable<string> {
    for (const [labels, value] of this.#read()) {
      if (value !== undefined)
        yield `${samplePrefix(
          this.name,
          this.labelNames.map((name) => labelText(name, labels[name])),
        )}${numberText(value)}\n`;
    }
  }
}

function samplePrefix(name: string, labels: readonly string[]): string {
  return labels.length === 0 ? `${name} ` : `${name}{${labels.join(',')}} `;
}

function labelText(name: string, value: string): string {
  return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

export function numberText(value: number): string {
  return value === Infinity ? '+Inf' : value === -Infinity ? '-Inf' : String(value);
}
