import type { ApiRequest } from './api-types.ts';

/** A request as it is written in one language. */
export interface Snippet {
  readonly language: 'curl' | 'fetch' | 'Python';
  readonly text: string;
}

/** What stands for the key that a guarded service asks for: it is nothing to be shown or copied. */
const keyHeader = ['authorization', 'Bearer YOUR-KEY'] as const;

/**
 * Requests as curl, fetch and Python, each to be copied and run as it stands.
 *
 * @param needsKey whether the service asks for a key, which is then to be put in.
 */
export function snippets(requests: readonly ApiRequest[], urlOf: (path: string) => string, needsKey: boolean): Snippet[] {
  const headers: Readonly<Record<string, string>> = {
    'content-type': 'application/json',
    ...(needsKey && Object.fromEntries([keyHeader])),
  };
  const join = (write: (request: WrittenRequest) => string): string =>
    requests.map(({ path, body }) => write({ url: urlOf(path), headers, body })).join('\n\n');
  return [
    { language: 'curl', text: join(curl) },
    { language: 'fetch', text: join(fetchCall) },
    { language: 'Python', text: `import json\nfrom urllib.request import Request, urlopen\n\n${join(python)}` },
  ];
}

interface WrittenRequest {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: object;
}

function curl({ url, headers, body }: WrittenRequest): string {
  const given = Object.entries(headers).map(([name, value]) => ` -H ${quoted(`${name}: ${value}`)}`);
  return `curl -s ${quoted(url)}${given.join('')} \\\n  -d ${quoted(JSON.stringify(body))}`;
}

/** In single quotes, as a shell takes anything. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function fetchCall({ url, headers, body }: WrittenRequest): string {
  return `console.log(await (await fetch(${JSON.stringify(url)}, {\n  method: 'POST',\n  headers: ${JSON.stringify(headers)},\n  body: JSON.stringify(${JSON.stringify(body)}),\n})).json());`;
}

function python({ url, headers, body }: WrittenRequest): string {
  return `body = ${pythonLiteral(body)}\nrequest = Request(${JSON.stringify(url)}, json.dumps(body).encode(), ${pythonLiteral(headers)})\nprint(json.load(urlopen(request)))`;
}

/** Python writes numbers, texts, lists and dicts as JSON does, and words otherwise. */
function pythonLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value === 'object' && value !== null)
    return `{${Object.entries(value)
      .map(([name, field]) => `${JSON.stringify(name)}: ${pythonLiteral(field)}`)
      .join(', ')}}`;
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  return value === null ? 'None' : JSON.stringify(value);
}
