import { InstallError } from './install-error.ts';
import { describeEnd, runCommand } from './run-command.ts';

// Not imported: that takes seconds, and fails where a package that it needs is missing.
const locate = `
import importlib.util
spec = importlib.util.find_spec('tensorflow')
print(list(spec.submodule_search_locations)[0] if spec and spec.origin else '')
`;

/**
 * The folder of the TensorFlow that python3 has installed; `undefined` where it has none, or there is no python3.
 *
 * @throws {InstallError} where python3 cannot say.
 */
export async function installedInPython(): Promise<string | undefined> {
  // Python looks into its working directory first, where a folder `tensorflow` would pass for the package.
  const ended = await runCommand('python3', ['-c', locate], { timeoutMs: 60_000, cwd: '/' });
  if (ended.code === undefined) return undefined;
  if (ended.code !== 0) throw new InstallError(`python3 could not be asked for its TensorFlow ${describeEnd(ended)}`);
  const folder = ended.stdout.trim();
  return folder === '' ? undefined : folder;
}
