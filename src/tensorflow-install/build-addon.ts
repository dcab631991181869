import { existsSync, realpathSync } from 'node:fs';
import path from 'node:path';
import { isBuilt, type AddonPackage } from './addon-package.ts';
import { InstallError } from './install-error.ts';
import { describeEnd, runCommand, type Ended } from './run-command.ts';

/**
 * Compiles the addon on the library that lies in the package.
 *
 * @throws {InstallError} naming the tool that is missing, or what the compiler said.
 */
export async function buildAddon(target: AddonPackage): Promise<void> {
  await checkTools();
  const headers = headersFolder(process.env);
  const ended = await runCommand(process.execPath, [target.builder, 'install', '--build-from-source'], {
    timeoutMs: 600_000,
    cwd: target.folder,
    environment: { ...process.env, ...(headers === undefined ? {} : { npm_config_nodedir: headers }) },
  });
  if (ended.code !== 0 || !isBuilt(target))
    throw new InstallError(`The addon could not be built${hint(ended, headers)} ${describeEnd(ended)}`);
}

/** Where Node's headers are: where npm's `nodedir` says, or beside the Node that runs. Otherwise the build downloads them. */
export function headersFolder(environment: NodeJS.ProcessEnv, program: string = process.execPath): string | undefined {
  const given = environment.npm_config_nodedir;
  if (given !== undefined && given !== '') return given;
  const beside = path.dirname(path.dirname(realpathSync(program)));
  return existsSync(path.join(beside, 'include/node/common.gypi')) ? beside : undefined;
}

async function checkTools(): Promise<void> {
  const missing: string[] = [];
  for (const tool of ['python3', 'make', process.env.CXX ?? 'g++']) {
    // CXX may hold words after the program.
    const [program = tool, ...words] = tool.split(' ');
    if ((await runCommand(program, [...words, '--version'], { timeoutMs: 60_000 })).code !== 0) missing.push(tool);
  }
  if (missing.length > 0) {
    throw new InstallError(
      `Building the addon needs ${missing.join(', ')}. On Debian and Ubuntu: apt-get install build-essential python3.`,
    );
  }
}

function hint({ output }: Ended, headers: string | undefined): string {
  if (headers === undefined && /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|network|headers/.test(output)) {
    return (
      ": Node's headers are not beside Node, and could not be downloaded. " +
      "Set npm_config_nodedir to the folder that holds include/node (of the archive from nodejs.org, or /usr with the distribution's package)"
    );
  }
  return /node-gyp.*ENOENT/.test(output) ? ': node-gyp, a part of npm, was not found. Start this with `npm run tensorflow:install`' : '';
}
