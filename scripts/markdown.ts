import type { Library } from '../src/compute/surrogates/definition.ts';

/** A section's title: the library's name and version. */
export function libraryTitle(library: Library | null): string {
  return library?.source.replace(/,.*| \(.*/, '') ?? 'Without a library';
}

/** Entries of a catalogue by library, both in the catalogue's order. */
export function byLibrary<Entry extends { readonly library: Library | null }>(
  entries: readonly Entry[],
): ReadonlyMap<Library | null, readonly Entry[]> {
  const libraries = new Map<Library | null, Entry[]>();
  for (const entry of entries) libraries.set(entry.library, [...(libraries.get(entry.library) ?? []), entry]);
  return libraries;
}

/** The anchor that GitHub gives to a heading. */
export function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

/** LaTeX as a block that GitHub renders. */
export function display(latex: string): string {
  return ['$$', latex, '$$'].join('\n');
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [header, header.map(() => '---'), ...rows.map((cells) => cells.map((cell) => cell.replaceAll('|', '\\|')))];
  return lines.map((cells, i) => (i === 1 ? `|${cells.join('|')}|` : `| ${cells.join(' | ')} |`)).join('\n');
}

/** A list under a title; nothing where it is empty. */
export function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, items.map((item) => `- ${item}`).join('\n')];
}
