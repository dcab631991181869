import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { anchor, byLibrary, display, libraryTitle, list, table } from './markdown.ts';
import { catalogue, leftOut } from '../src/compute/surrogates/catalogue.ts';
import type { Library, ParameterDefinition, SurrogateDefinition } from '../src/compute/surrogates/definition.ts';

/** Where the document is kept. */
export const documentFile = fileURLToPath(new URL('../docs/surrogates.md', import.meta.url));

const introduction = `# Surrogates

Written by \`npm run docs:surrogates\` from the catalogue in \`src/compute/surrogates/\`; changes by hand are lost. The
server has the same as JSON: \`GET /surrogates\` and \`GET /surrogates/{name}\`.

$x = v - v_{\\text{threshold}}$ is the distance from the threshold. The spike is 1 where $x \\ge 0$, for every surrogate, also
where its library has $x > 0$. $g(x)$ is the surrogate gradient (\`grad\`); $G(x)$ is its antiderivative (\`value\`), with the
constant of the library where it defines one that agrees, else with $G(0) = 1/2$. $\\theta$ is $v_{\\text{threshold}}$ itself, in
the formulas of surrogates that scale with it; it is 1 where a request gives $x$ without a neuron. A parameter that a request leaves out
takes its default; one outside its range is refused.

A name that, case and underscores aside, is exactly one of those without a library is taken as that one: \`Sigmoid\`, \`GaussianGrad\`. Else, the library in front
may be missing too: \`Rect\` is \`spikingjelly.Rect\`, and \`ATan\`, which only SpikingJelly spells so, \`spikingjelly.ATan\`. Where several libraries have the
name, as with \`tanh\`, the request is refused with all of them. The answer has the name that was taken.

Tests hold each formula to the function that the back-ends evaluate, which is arranged to keep digits in the tails and so may look
different in the code.`;

/** The whole of docs/surrogates.md, as it follows from the catalogue. */
export function surrogateDocument(surrogates: readonly SurrogateDefinition[] = [...catalogue.values()]): string {
  const libraries = byLibrary(surrogates);
  const sections = [...libraries].map(([library, members]) => librarySection(library, members));
  return `${[introduction, contents(libraries), ...sections, leftOutSection()].join('\n\n')}\n`;
}

function contents(libraries: ReadonlyMap<Library | null, readonly SurrogateDefinition[]>): string {
  const rows = [...libraries].map(([library, surrogates]) => {
    const links = surrogates.map(({ name }) => `[\`${name}\`](#${anchor(name)})`);
    return [libraryTitle(library), links.join(', ')];
  });
  return table(['library', 'surrogates'], rows);
}

function librarySection(library: Library | null, surrogates: readonly SurrogateDefinition[]): string {
  const source = library ? [`Source: ${library.source}.`] : [];
  return [`## ${libraryTitle(library)}`, ...source, ...surrogates.map(surrogateSection)].join('\n\n');
}

function surrogateSection({ name, library, summary, parameters, latex, aliases, references, notes }: SurrogateDefinition): string {
  return [
    `### \`${name}\``,
    summary,
    display(`g(x) = ${latex.grad}`),
    display(`G(x) = ${latex.value}`),
    parameterTable(parameters),
    ...list(
      'Elsewhere',
      aliases.map((alias) => `${alias.library} \`${alias.name}\`${alias.note === undefined ? '' : `: ${alias.note}`}`),
    ),
    ...list(
      'References',
      references.filter((reference) => reference !== library?.source),
    ),
    ...list('Notes', notes),
  ].join('\n\n');
}

function parameterTable(parameters: Readonly<Record<string, ParameterDefinition>>): string {
  const rows = Object.entries(parameters).map(([name, parameter]) => [
    `\`${name}\``,
    [parameter.default].flat().join(', '),
    rangeText(parameter),
    parameter.meaning,
  ]);
  return rows.length === 0 ? 'No parameters.' : table(['parameter', 'default', 'range', 'meaning'], rows);
}

function rangeText({ minimum, maximum, integer, list }: ParameterDefinition): string {
  if (list) return `${list.minItems} to ${list.maxItems} numbers, each ${minimum} to ${maximum}`;
  return `${integer === true ? 'whole numbers, ' : ''}${minimum} to ${maximum}`;
}

function leftOutSection(): string {
  return [
    '## Left out on purpose',
    'Functions of these libraries that are broken there, random, made for several spikes a step, or not a function of x alone:',
    table(
      ['library', 'function', 'why'],
      leftOut.map(({ library, name, why }) => [library, `\`${name}\``, why]),
    ),
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(documentFile, surrogateDocument());
