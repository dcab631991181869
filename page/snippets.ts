import type { ApiRequest } from './api-types.ts';

/** A request as it is written in one language. */
export interface Snippet {
  readonly language: 'curl' | 'fetch' | 'Python';
  readonly text: string;
}

/** Requests as curl, fetch and Python, each to be copied and run as it stands. */
export function snippets(requests: readonly ApiRequest[], urlOf: (path: string) => string): Snippet[] {
  const join = (write: (url: string, body: object) => string, between: string): string => requests.map(({ path, body }) => write(urlOf(path), body)).join(between);
  return [
    { language: 'curl', text: join(curl, '\n\n') },
    { language: 'fetch', text: join(fetchCall, '\n\n') },
    { language: 'Python', text: `import json\nfrom urllib.request import Request, urlopen\n\n${join(python, '\n\n')}` },
  ];
}

function curl(url: string, body: object): string {
  return `curl -s ${quoted(url)} -H 'content-type: application/json' \\\n  -d ${quoted(JSON.stringify(body))}`;
}

/** In single quotes, as a shell takes anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fetchCall(url: string, body: object): string {
  return `console.log(await (await fetch(${JSON.stringify(url)}, {\n  method: 'POST',\n  headers: { 'content-type': 'application/json' },\n  body: JSON.stringify(${JSON.stringify(body)}),\n})).json());`;
}

function python(url: string, body: object): string {
  return `body = ${pythonLiteral(body)}\nrequest = Request(${JSON.stringify(url)}, json.dumps(body).encode(), {"content-type": "application/json"})\nprint(json.load(urlopen(request)))`;
}

/** Python writes numbers, texts, lists and dicts as JSON does, and words otherwise. */
function pythonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{${Object.entries(value).map(([name, field]) => `${JSON.stringify(name)}: ${pythonLiteral(field)}`).join(', ')}}`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : JSON.stringify(value);
}
