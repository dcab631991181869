import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { neurons } from '../src/compute/neurons/catalogue.ts';
import { leftOut } from '../src/compute/neurons/libraries/left-out.ts';
import { type NeuronModel, type NeuronOption, type NeuronParameter, possibleStates } from '../src/compute/neurons/model.ts';
import type { Library } from '../src/compute/surrogates/definition.ts';
import { anchor, byLibrary, display, libraryTitle, list, table } from './markdown.ts';

/** Where the document is kept. */
export const documentFile = fileURLToPath(new URL('../docs/neurons.md', import.meta.url));

const introduction = `# Neurons

Written by \`npm run docs:neurons\` from the catalogue in \`src/compute/neurons/\`; changes by hand are lost. The server has
the same as JSON: \`GET /neurons\` and \`GET /neurons/{name}\`.

Each neuron is the one of its library: its parameter names, units and defaults, its spike condition, the timing of its reset, what its
backward pass detaches, and its default surrogate. [lif.md](lif.md) describes the default neuron, its gradient and the losses in full.

## In a request

\`POST /lif/simulate\`, \`/lif/grad\` and \`/lif/jvp\` take the same neuron:

\`\`\`json
{
  "current": [[0.4, 0.9, 0.9, 0.1]],
  "neuron": {"model": "snntorch.Leaky", "beta": 0.9, "reset_mechanism": "zero"},
  "state": {"v": 0.2},
  "surrogate": "snntorch.atan",
  "wrt": ["current", "beta", "v_init"]
}
\`\`\`

- **The neuron.** \`neuron.model\` is a name of this page, \`lif\` unless given; the other fields of \`neuron\` are the model's parameters and
  options. A parameter is a number, or [B], one value per neuron; the current is [B] or [B, T]. A parameter that may be null is switched off by null.
  The answer of a library's neuron has \`neuron\`, the settings of \`general\` that the name stands for.
- **Time.** Parameters are in the library's unit. The request's \`dt\`, ms, only scales rates and spike times for a library's neuron; left out, it is the
  neuron's own time step, and 1 ms for neurons in steps. For neurons of no library it is the length of a step, 0.1 ms unless given.
- **State.** A state that the request leaves out starts where the model says, mostly at 0. \`state\`, by state, or \`<state>_init\` in \`neuron\`
  give it. \`"record": ["state"]\` answers the state after the last step: sent back as \`state\`, the run goes on as if it had not been cut.
- **Records.** \`record\` of \`/lif/simulate\` takes \`spike_counts\`, \`firing_rates\`, \`spike_times\`, \`spikes\`, \`v\` as the library records it, \`v_pre\` and
  \`v_post\` before and after the reset, \`v_final\`, \`state\`, and the other states by name, such as \`u\`. A neuron that fires several times in a step
  has as many \`spike_times\` there, and its \`spike_counts\` end at 2147483647.
- **Gradients.** \`wrt\` of \`/lif/grad\` takes \`current\`, parameters, \`<state>_init\`, \`state\` for all of these, and
  \`surrogate.<parameter>\`. The column "gradient" says what has none: those are one number for all neurons. A loss of type \`cotangent\`
  takes cotangents of \`spikes\`, \`v\`, \`v_pre\` and of the last \`state\`. A long run is differentiated in chunks, the last one first: the gradient of a
  chunk's \`state\` is the cotangent of the last state of the chunk before it.
- **Tangents.** \`/lif/jvp\` takes \`tangents\` by the same names in the place of \`wrt\`, and answers those of \`spikes\`, \`v\` and \`loss\`.
- **Smooth runs.** \`"forward": "smooth"\` puts the surrogate's value in the place of every spike and detaches nothing: finite differences can
  check such a gradient. \`/lif/simulate\` then takes \`surrogate\` too.
- **Detachment.** Neurons of no library take \`detach_reset\` as a field of the request, beside \`neuron\`; those of libraries in \`neuron\`, where the library has it.`;

/** The whole of docs/neurons.md, as it follows from the catalogue. */
export function neuronDocument(models: readonly NeuronModel[] = [...neurons.values()]): string {
  const libraries = byLibrary(models);
  const sections = [...libraries].map(([library, members]) => librarySection(library, members));
  return `${[introduction, '## Contents', contents(libraries), ...sections, leftOutSection()].join('\n\n')}\n`;
}

function contents(libraries: ReadonlyMap<Library | null, readonly NeuronModel[]>): string {
  const rows = [...libraries].map(([library, models]) => [
    libraryTitle(library),
    models.map(({ name }) => `[\`${name}\`](#${anchor(name)})`).join(', '),
  ]);
  return table(['library', 'neurons'], rows);
}

function librarySection(library: Library | null, models: readonly NeuronModel[]): string {
  const source = library ? [`Source: ${library.source}.`] : [];
  return [`## ${libraryTitle(library)}`, ...source, ...models.map(neuronSection)].join('\n\n');
}

function neuronSection(model: NeuronModel): string {
  const { name, summary, latex, parameters, nullable, options, surrogate, noGradient, notes } = model;
  const rows = [
    ...Object.entries(parameters).map(([parameter, definition]) => parameterRow(parameter, definition, false)),
    ...Object.entries(nullable).map(([parameter, definition]) => parameterRow(parameter, definition, true)),
  ];
  const needs = model.needs?.map((names) => names.map((one) => `\`${one}\``).join(' and ')).join(', or ');
  return [
    `### \`${name}\``,
    summary,
    ...latex.map(display),
    rows.length === 0 ? 'No parameters.' : table(['parameter', 'default', 'range', 'unit', 'gradient', 'meaning'], rows),
    ...(needs === undefined ? [] : [`A request gives ${needs}.`]),
    ...optionTable(options),
    `State: ${possibleStates(model)
      .map((state) => `\`${state}\``)
      .join(', ')}. ${surrogateText(surrogate)}`,
    ...(noGradient === undefined ? [] : [`No gradient: ${noGradient}`]),
    ...list('Notes', notes),
  ].join('\n\n');
}

function surrogateText(surrogate: string | null): string {
  return surrogate === null ? 'No spikes, so no surrogate.' : `Default surrogate: [\`${surrogate}\`](surrogates.md#${anchor(surrogate)}).`;
}

function parameterRow(name: string, parameter: NeuronParameter, isNullable: boolean): string[] {
  const { default: usual, unit = '', isSetting, meaning } = parameter;
  const byDefault = usual === undefined ? (isNullable ? 'none' : 'required') : isNullable ? `${usual}, or null` : String(usual);
  return [`\`${name}\``, byDefault, rangeText(parameter), unit, isSetting ? 'no' : 'yes', meaning];
}

function rangeText({ minimum, maximum, exclusiveMinimum }: NeuronParameter): string {
  if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
  const bounds = [
    ...(exclusiveMinimum === undefined ? [] : [`> ${exclusiveMinimum}`]),
    ...(minimum === undefined ? [] : [`>= ${minimum}`]),
    ...(maximum === undefined ? [] : [`<= ${maximum}`]),
  ];
  return bounds.join(', ') || 'any';
}

function optionTable(options: Readonly<Record<string, NeuronOption>>): string[] {
  const rows = Object.entries(options).map(([name, { default: usual, values, meaning }]) => [
    `\`${name}\``,
    usual === undefined ? 'required' : optionText(usual),
    (values ?? [true, false]).map(optionText).join(', '),
    meaning,
  ]);
  return rows.length === 0 ? [] : [table(['option', 'default', 'values', 'meaning'], rows)];
}

function optionText(value: string | boolean): string {
  return typeof value === 'string' ? `\`"${value}"\`` : `\`${value}\``;
}

function leftOutSection(): string {
  return [
    '## Left out on purpose',
    'Neurons of these libraries that are networks, readouts, random, not a step in time, or not compared with the library yet:',
    table(
      ['library', 'neuron', 'why'],
      leftOut.map(({ library, name, why }) => [library, `\`${name}\``, why]),
    ),
  ].join('\n\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(documentFile, neuronDocument());
