import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import dockerignore from '@balena/dockerignore';
import { DockerfileParser, type Flag, type Instruction, type JSONArgument, type Property } from 'dockerfile-ast';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const dockerfileText = readFileSync(path.join(root, 'Dockerfile'), 'utf8');

export interface Step {
  keyword: string;
  /** `--from=build` is `{ from: 'build' }`. */
  flags: Record<string, string>;
  /** Words after expansion of variables; in exec form, the strings of the JSON array. */
  args: string[];
  /** Only ENV and LABEL. */
  properties: Record<string, string>;
  execForm: boolean;
  text: string;
}

export interface Stage {
  name: string;
  from: string;
  steps: Step[];
}

/** What only some kinds of instruction have. */
interface Extras {
  getFlags?(): Flag[];
  getJSONStrings?(): JSONArgument[];
  getProperties?(): Property[];
}

function toStep(instruction: Instruction & Extras): Step {
  const exec = instruction.getJSONStrings?.().map((argument) => argument.getJSONValue()) ?? [];
  return {
    keyword: instruction.getKeyword(),
    flags: Object.fromEntries(instruction.getFlags?.().map((flag) => [flag.getName(), flag.getValue() ?? '']) ?? []),
    args: exec.length > 0 ? exec : instruction.getExpandedArguments().map((argument) => argument.getValue()),
    properties: Object.fromEntries(instruction.getProperties?.().map((item) => [item.getName(), item.getValue() ?? '']) ?? []),
    execForm: exec.length > 0,
    text: instruction.getArgumentsContent() ?? '',
  };
}

export function parseStages(text: string): Stage[] {
  const stages: Stage[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const step = toStep(instruction);
    if (step.keyword === 'FROM') stages.push({ from: step.args[0]!, name: step.args[2] ?? `${stages.length}`, steps: [] });
    else stages.at(-1)?.steps.push(step);
  }
  return stages;
}

export const stages = parseStages(dockerfileText);

/** A stage's own steps after those of the stages it builds on. */
export function allSteps(name: string): Step[] {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage ? [...allSteps(stage.from), ...stage.steps] : [];
}

export function healthcheckCommand(stage: string): string[] {
  const step = allSteps(stage).findLast((candidate) => candidate.keyword === 'HEALTHCHECK');
  if (!step) throw new Error(`${stage} has no HEALTHCHECK`);
  return JSON.parse(step.text.replace(/^CMD\s*/, '')) as string[];
}

export const contextFilter = dockerignore.default().add(readFileSync(path.join(root, '.dockerignore'), 'utf8'));

/** The files that a build would send as its context. Version control and installed packages are not walked: lint.test.ts checks that they are ignored. */
export function contextFiles(): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.name !== '.git' && entry.name !== 'node_modules')
    .flatMap((entry) =>
      entry.isDirectory()
        ? readdirSync(path.join(root, entry.name), { recursive: true, withFileTypes: true })
            .filter((file) => file.isFile())
            .map((file) => path.relative(root, path.join(file.parentPath, file.name)))
        : [entry.name],
    )
    .filter((file) => !contextFilter.ignores(file));
}
