import { readArguments, usage } from './arguments.ts';
import { InstallError } from './install-error.ts';
import { installTensorflow } from './install.ts';

// An orderly exit, so that programs it started and files it has half written go with it.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)
  process.once(signal, () => process.exit(code));

try {
  const source = readArguments(process.argv.slice(2), process.env);
  if (source === undefined) console.log(usage);
  else
    await installTensorflow(source, (line) => {
      console.log(line);
    });
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
