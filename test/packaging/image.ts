import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { contextFiles, root, stages, type Stage } from './dockerfile.ts';

export interface Image {
  workdir: string;
  env: Record<string, string>;
  command: string[];
}

/** What a container would not see: the test runner's and npm's own variables. */
function hostEnvironment(): NodeJS.ProcessEnv {
  const own =
    /^(NODE_ENV|NODE_OPTIONS|INIT_CWD|VITEST.*|TEST|VITE_.*|npm_(package|lifecycle)_.*|npm_config_(local_prefix|omit|include|production))$/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
  // `node` and `npm` in the steps are the ones that run this test.
  return { ...env, PATH: `${path.dirname(process.execPath)}:${process.env.PATH ?? ''}` };
}

export function childEnvironment(extra: Record<string, string>): NodeJS.ProcessEnv {
  return { ...hostEnvironment(), ...extra };
}

async function shell(script: string, cwd: string, env: Record<string, string>): Promise<void> {
  const child = spawn('/bin/sh', ['-c', script], { cwd, env: childEnvironment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise((resolve) => child.once('close', resolve));
  if (code !== 0) throw new Error(`RUN ${script} ended with ${String(code)}:\n${output}`);
}

function copy(from: string, sources: string[], destination: string, intoFolder: boolean): void {
  for (const source of sources) {
    const origin = path.join(from, source);
    if (!existsSync(origin)) throw new Error(`COPY ${source}: not there`);
    // As Docker: a folder's contents, a file under its own name.
    const target = statSync(origin).isFile() && intoFolder ? path.join(destination, path.basename(source)) : destination;
    mkdirSync(path.dirname(target), { recursive: true });
    cpSync(origin, target, { recursive: true, verbatimSymlinks: true });
  }
}

/**
 * Carries out the steps of a Dockerfile's stage, and of those it needs, in folders under `folder` instead of containers.
 * A step that it does not know is an error, so that the Dockerfile cannot grow past the test.
 */
export class Builder {
  readonly #folder: string;
  readonly #context: string;
  readonly #built = new Map<string, Promise<Image>>();

  constructor(folder: string) {
    this.#folder = folder;
    this.#context = path.join(folder, 'context');
    for (const file of contextFiles()) copy(root, [file], path.join(this.#context, file), false);
  }

  build(name: string): Promise<Image> {
    let image = this.#built.get(name);
    if (!image) {
      const stage = stages.find((candidate) => candidate.name === name);
      if (!stage) throw new Error(`no stage ${name}`);
      this.#built.set(name, (image = this.#run(stage)));
    }
    return image;
  }

  #rootOf(stage: string): string {
    return path.join(this.#folder, 'stages', stage);
  }

  async #run(stage: Stage): Promise<Image> {
    const filesystem = this.#rootOf(stage.name);
    mkdirSync(filesystem, { recursive: true });
    const image: Image = { workdir: filesystem, env: {}, command: [] };
    if (stages.some((candidate) => candidate.name === stage.from)) {
      const parent = await this.build(stage.from);
      cpSync(this.#rootOf(stage.from), filesystem, { recursive: true, verbatimSymlinks: true });
      image.env = { ...parent.env };
      image.workdir = path.join(filesystem, path.relative(this.#rootOf(stage.from), parent.workdir));
      image.command = parent.command;
    }
    for (const step of stage.steps) {
      switch (step.keyword) {
        case 'WORKDIR':
          image.workdir = path.join(filesystem, step.args[0]!);
          mkdirSync(image.workdir, { recursive: true });
          break;
        case 'ENV':
          Object.assign(image.env, step.properties);
          break;
        case 'COPY': {
          const target = step.args.at(-1)!;
          const destination = path.isAbsolute(target) ? path.join(filesystem, target) : path.join(image.workdir, target);
          if (step.flags.from !== undefined) await this.build(step.flags.from);
          const from = step.flags.from === undefined ? this.#context : this.#rootOf(step.flags.from);
          copy(from, step.args.slice(0, -1), destination, target.endsWith('/'));
          break;
        }
        case 'RUN':
          await shell(step.text, image.workdir, image.env);
          break;
        case 'CMD':
          image.command = step.args;
          break;
        case 'LABEL':
        case 'USER':
        case 'EXPOSE':
        case 'STOPSIGNAL':
        case 'HEALTHCHECK':
          break;
        default:
          throw new Error(`the Dockerfile has ${step.keyword}, which this test cannot carry out`);
      }
    }
    return image;
  }
}
