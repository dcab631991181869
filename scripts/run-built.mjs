// `node scripts/run-built.mjs FILE ...`: compiles the sources and bundles the page where the compiler is installed, then runs dist/FILE in
// this very process, so that its signals, its exit code and its memory are its own.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const file = path.join(root, 'dist', process.argv[2] ?? 'server.js');

const compiler = findCompiler();
if (compiler !== undefined) {
  const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  const { buildPage } = await import('./build-page.mjs');
  await buildPage();
}

// The file finds its arguments where it would if it had been started itself.
process.argv.splice(1, 2, file);
await import(pathToFileURL(file).href);

/** Production installs have no compiler: they come with dist/. */
function findCompiler() {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}
