/** The numbers of a picture. */
export interface Table {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (number | string)[])[];
}

/** A table of columns of the same length. */
export function tableOf(columns: readonly (readonly [name: string, values: ArrayLike<number | string>])[]): Table {
  const length = columns[0]?.[1].length ?? 0;
  return { columns: columns.map(([name]) => name), rows: Array.from({ length }, (_, row) => columns.map(([, values]) => values[row]!)) };
}

/** RFC 4180, with every digit. */
export function csv({ columns, rows }: Table): string {
  return [columns, ...rows].map((row) => row.map(field).join(',')).join('\r\n') + '\r\n';
}

function field(value: number | string): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** At most so many rows, evenly spaced, the first among them. */
export function thinned<Row>(rows: readonly Row[], most: number): readonly Row[] {
  const every = Math.ceil(rows.length / most);
  return every <= 1 ? rows : rows.filter((_, i) => i % every === 0);
}
