import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { lifVocabulary } from '../src/requests/words/unknown-fields.ts';
import type { Meaning, Term } from '../src/requests/words/vocabulary.ts';
import { table } from './markdown.ts';

/** The document that has the table. */
export const documentFile = fileURLToPath(new URL('../docs/lif.md', import.meta.url));

const start = '<!-- Written by `npm run docs:vocabulary`; changes by hand are lost. -->';
const end = '<!-- The end of what it writes. -->';

/** The document with the tables of words as they follow from the vocabulary. */
export function withVocabulary(document: string): string {
  const [from, to] = [document.indexOf(start), document.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`there is no "${start}" before "${end}"`);
  const tables = [vocabularyTable('field', 'field elsewhere'), vocabularyTable('value', 'value elsewhere')];
  return [document.slice(0, from) + start, ...tables, document.slice(to)].join('\n\n');
}

/** A row for each meaning, with all words that have it. */
function vocabularyTable(role: Term['role'], title: string): string {
  const rows = new Map<string, Term[]>();
  for (const term of lifVocabulary) {
    const key = JSON.stringify(term.meanings);
    if (term.role === role) rows.set(key, [...(rows.get(key) ?? []), term]);
  }
  return table([title, 'here', ''], [...rows.values()].map(row));
}

function row(terms: readonly Term[]): string[] {
  const [{ term, meanings }] = terms as readonly [Term];
  const remarks = meanings.flatMap(({ remark = [] }) => remark);
  return [terms.map(wordOf).join(', '), placeOf(meanings), remarks.join(' ').replaceAll('{term}', term)];
}

/** A field, or the values of one. */
function placeOf(meanings: readonly Meaning[]): string {
  const values = meanings.flatMap(({ value }) => (value === undefined ? [] : [`\`${JSON.stringify(value)}\``]));
  const place = `\`${meanings[0]!.path}\``;
  return values.length === 0 ? place : `${place}: ${values.join(' or ')}`;
}

function wordOf({ term, role, given, libraries }: Term): string {
  const word = role === 'value' ? `"${term}"` : given === undefined ? term : `${term}: ${given === 'null' ? 'null' : '-65'}`;
  return `\`${word}\`${libraries.length === 0 ? '' : ` (${libraries.join(', ')})`}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(documentFile, withVocabulary(readFileSync(documentFile, 'utf8')));
