export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Metric {
  type: string;
  help: string;
  samples: Sample[];
}

const label = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\[\\n"])*)"/y;

/**
 * Reads Prometheus' text format, version 0.0.4.
 *
 * @throws {Error} at the first line that is not of it, and when a histogram is not one.
 */
export function parseExposition(text: string): Map<string, Metric> {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const metrics = new Map<string, Metric>();
  const seen = new Set<string>();
  let current: [name: string, metric: Metric] | undefined;
  let help: [name: string, text: string] | undefined;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][\w:]*) (.+)$/.exec(line);
    if (comment !== null) {
      const [, what, name = '', rest = ''] = comment;
      if (what === 'HELP') {
        help = [name, rest];
        continue;
      }
      if (help?.[0] !== name) throw new Error(`${name} has a type without a help before it`);
      if (!['counter', 'gauge', 'histogram'].includes(rest)) throw new Error(`${name} is a ${rest}`);
      if (metrics.has(name)) throw new Error(`${name} is there twice`);
      current = [name, { type: rest, help: help[1], samples: [] }];
      metrics.set(...current);
      continue;
    }
    const sample = parseSample(line);
    if (current === undefined) throw new Error(`a sample before its metric: ${line}`);
    const [name, metric] = current;
    const suffixes = metric.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (!suffixes.some((suffix) => sample.name === name + suffix)) throw new Error(`${sample.name} among the samples of ${name}`);
    const series = sample.name + JSON.stringify(sample.labels);
    if (seen.has(series)) throw new Error(`twice: ${line}`);
    seen.add(series);
    metric.samples.push(sample);
  }
  for (const [name, metric] of metrics) if (metric.type === 'histogram') checkHistogram(name, metric);
  return metrics;
}

function parseSample(line: string): Sample {
  const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/s.exec(line);
  if (match === null) throw new Error(`not a sample: ${line}`);
  const [, name = '', inside = '', number = ''] = match;
  const labels: Record<string, string> = {};
  label.lastIndex = 0;
  while (label.lastIndex < inside.length) {
    const at = label.lastIndex;
    const found = label.exec(inside);
    if (found === null) throw new Error(`not labels, at ${at}: ${line}`);
    labels[found[1]!] = found[2]!.replace(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
    if (inside[label.lastIndex] === ',') label.lastIndex++;
  }
  const value = number === '+Inf' ? Infinity : number === '-Inf' ? -Infinity : Number(number);
  if (Number.isNaN(value)) throw new Error(`not a number: ${line}`);
  return { name, labels, value };
}

/** Buckets only rise, the last is infinite, and as many as were counted. */
function checkHistogram(name: string, { samples }: Metric): void {
  const series = new Map<string, Sample[]>();
  for (const sample of samples) {
    const key = JSON.stringify({ ...sample.labels, le: undefined });
    series.set(key, [...(series.get(key) ?? []), sample]);
  }
  for (const [key, all] of series) {
    const buckets = all.filter((sample) => sample.name.endsWith('_bucket'));
    const bounds = buckets.map(({ labels }) => (labels.le === '+Inf' ? Infinity : Number(labels.le)));
    const rises = (numbers: number[], strictly: boolean) =>
      numbers.every((n, i) => i === 0 || (strictly ? n > numbers[i - 1]! : n >= numbers[i - 1]!));
    const count = all.find((sample) => sample.name === `${name}_count`)?.value;
    const sum = all.find((sample) => sample.name === `${name}_sum`)?.value;
    if (!rises(bounds, true) || bounds.at(-1) !== Infinity) throw new Error(`${name}${key}: wrong bounds ${bounds.join()}`);
    if (
      !rises(
        buckets.map(({ value }) => value),
        false,
      ) ||
      buckets.at(-1)!.value !== count ||
      sum === undefined
    )
      throw new Error(`${name}${key}: wrong counts`);
  }
}
