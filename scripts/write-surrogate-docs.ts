import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { formulas } from '../src/compute/latex/formulas.ts';
import { catalogue, leftOut } from '../src/compute/surrogates/catalogue.ts';
import type { ParameterDefinition, SurrogateDefinition } from '../src/compute/surrogates/definition.ts';

/** Where the document is kept. */
export const documentFile = fileURLToPath(new URL('../docs/surrogates.md', import.meta.url));

const introduction = `# Surrogates

Written by \`npm run docs:surrogates\` from the catalogue in \`src/compute/surrogates/\`; changes by hand are lost. The
server has the same as JSON: \`GET /surrogates\` and \`GET /surrogates/{name}\`.

$x = v - v_{\\text{threshold}}$ is the distance from the threshold. The spike is 1 where $x \\ge 0$, for every surrogate, also
where its library has $x > 0$. $g(x)$ is the surrogate gradient (\`grad\`); $G(x)$ is its antiderivative (\`value\`), with the
constant of the library where it defines one that agrees, else with $G(0) = 1/2$. A parameter that a request leaves out
takes its default; one outside its range is refused.

The formulas are printed from the functions that the back-ends evaluate. Those are arranged to keep digits in the tails, so
that a formula may look simpler here than in the code.`;

/** The whole of docs/surrogates.md, as it follows from the catalogue. */
export function surrogateDocument(): string {
  const libraries = byLibrary();
  const sections = [...libraries].map(([library, surrogates]) => librarySection(library, surrogates));
  return `${[introduction, contents(libraries), ...sections, leftOutSection()].join('\n\n')}\n`;
}

type Libraries = ReadonlyMap<string, readonly SurrogateDefinition[]>;

/** The surrogates by the name and version of the library that they come from. */
function byLibrary(): Libraries {
  const libraries = new Map<string, SurrogateDefinition[]>();
  for (const surrogate of catalogue.values()) {
    const library = sourceOf(surrogate).split(/,| \(/, 1)[0]!;
    libraries.set(library, [...(libraries.get(library) ?? []), surrogate]);
  }
  return libraries;
}

/** Every definition ends its references with the library itself. */
function sourceOf({ references }: SurrogateDefinition): string {
  return references.at(-1)!;
}

function contents(libraries: Libraries): string {
  const rows = [...libraries].map(([library, surrogates]) => {
    const links = surrogates.map(({ name }) => `[\`${name}\`](#${anchor(name)})`);
    return `| ${library} | ${links.join(', ')} |`;
  });
  return ['| library | surrogates |', '|---|---|', ...rows].join('\n');
}

/** The anchor that GitHub gives to a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}

function librarySection(library: string, surrogates: readonly SurrogateDefinition[]): string {
  return [`## ${library}`, `Source: ${sourceOf(surrogates[0]!)}.`, ...surrogates.map(surrogateSection)].join('\n\n');
}

function surrogateSection(surrogate: SurrogateDefinition): string {
  const { name, summary, parameters, aliases, references, notes = [] } = surrogate;
  const { grad, value } = formulas(surrogate);
  const papers = references.slice(0, -1);
  return [
    `### \`${name}\``,
    summary,
    display(`g(x) = ${grad}`),
    display(`G(x) = ${value}`),
    parameterTable(parameters),
    ...list(
      'Elsewhere',
      aliases.map((alias) => `${alias.library} \`${alias.name}\`${alias.note === undefined ? '' : `: ${alias.note}`}`),
    ),
    ...list('References', papers),
    ...list('Notes', notes),
  ].join('\n\n');
}

function display(latex: string): string {
  return ['$$', latex, '$$'].join('\n');
}

function parameterTable(parameters: Readonly<Record<string, ParameterDefinition>>): string {
  const rows = Object.entries(parameters).map(
    ([name, parameter]) => `| \`${name}\` | ${parameter.default} | ${rangeText(parameter)} | ${parameter.meaning.replaceAll('|', '\\|')} |`,
  );
  return rows.length === 0 ? 'No parameters.' : ['| parameter | default | range | meaning |', '|---|---|---|---|', ...rows].join('\n');
}

function rangeText({ minimum, maximum, integer }: ParameterDefinition): string {
  return `${integer === true ? 'whole numbers, ' : ''}${minimum} to ${maximum}`;
}

function list(title: string, items: readonly string[]): string[] {
  return items.length === 0 ? [] : [`${title}:`, items.map((item) => `- ${item}`).join('\n')];
}

function leftOutSection(): string {
  const rows = leftOut.map(({ library, name, why }) => `| ${library} | \`${name}\` | ${why.replaceAll('|', '\\|')} |`);
  return [
    '## Left out on purpose',
    'Functions of these libraries that are broken there, random, made for several spikes a step, or not a function of x alone:',
    ['| library | function | why |', '|---|---|---|', ...rows].join('\n'),
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(documentFile, surrogateDocument());
