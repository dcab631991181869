// `npm start`: builds the service where a source is newer than the build, then runs it in this very process, so that its signals, its exit
// code and its memory are its own.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const server = path.join(root, 'dist/server.js');
/** What the build is made of. */
const sources = [
  'src',
  'page',
  'scripts/build-page.mjs',
  'scripts/math-font.mjs',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];
/** Written last by every build. */
const stamp = path.join(root, 'dist/.built');

// A production install has no compiler: it comes with the build.
if (existsSync(path.join(root, 'node_modules/typescript')) && sources.some((name) => changedAt(path.join(root, name)) > changedAt(stamp))) {
  process.stderr.write('Building (the sources changed)…\n');
  const { status } = spawnSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

process.argv.splice(1, 1, server);
await import(pathToFileURL(server).href);

/**
 * When a file or anything in a folder was changed last, in milliseconds since 1970; 0 when it is missing. A folder itself changes when a file is removed.
 *
 * @param {string} file
 * @returns {number}
 */
function changedAt(file) {
  const stats = statSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return 0;
  const inside = stats.isDirectory() ? readdirSync(file).map((name) => changedAt(path.join(file, name))) : [];
  return Math.max(stats.mtimeMs, ...inside);
}
