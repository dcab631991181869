import { numberText, type Instrument, type Joining } from './instruments.ts';

/** What one process tells of a metric: plain data, to be sent to another. */
export interface MetricSnapshot extends Pick<Instrument, 'name' | 'help' | 'type' | 'joining'> {
  /** In Prometheus' text format, a line each. */
  readonly samples: string;
}

/** The lines above a metric's samples. */
export function headOf({ name, help, type }: Pick<Instrument, 'name' | 'help' | 'type'>): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

/** What several processes tell, as if one told it: every series once, with their values added, or the greatest or least of them. */
export function joinSnapshots(snapshots: Iterable<readonly MetricSnapshot[]>): readonly MetricSnapshot[] {
  const metrics = new Map<string, { readonly metric: MetricSnapshot; readonly series: Map<string, number> }>();
  for (const metric of [...snapshots].flat()) {
    let joined = metrics.get(metric.name);
    if (joined === undefined) metrics.set(metric.name, (joined = { metric, series: new Map() }));
    addSamples(joined.series, metric);
  }
  return [...metrics.values()].map(({ metric, series }) => ({ ...metric, samples: textOf(series) }));
}

function addSamples(series: Map<string, number>, { samples, joining }: MetricSnapshot): void {
  const join = joinings[joining];
  for (const line of samples.split('\n')) {
    if (line === '') continue;
    // Labels may hold spaces, numbers do not.
    const at = line.lastIndexOf(' ') + 1;
    const prefix = line.slice(0, at);
    const value = readNumber(line.slice(at));
    const other = series.get(prefix);
    series.set(prefix, other === undefined ? value : join(other, value));
  }
}

const joinings: Readonly<Record<Joining, (a: number, b: number) => number>> = { sum: (a, b) => a + b, max: Math.max, min: Math.min };

function textOf(series: ReadonlyMap<string, number>): string {
  let text = '';
  for (const [prefix, value] of series) text += `${prefix}${numberText(value)}\n`;
  return text;
}

/** Of a number as it is printed, with infinity as Prometheus writes it. */
function readNumber(text: string): number {
  return text.endsWith('Inf') ? Number(`${text}inity`) : Number(text);
}
