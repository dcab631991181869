// Bundles the sources in page/ into dist/page: script, style and font under names with their hashes, compressed too, and index.html, which
// names them. Comes after the compiler, since the formulas are those of the compiled catalogue.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { brotliCompressSync, gzipSync } from 'node:zlib';

import { build } from 'esbuild';
import katex from 'katex';

import { mathFont } from './math-font.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = path.join(root, 'dist/page');

/** Builds the page. Several processes may do it at a time: a file appears whole, and the names in index.html are always there. */
export async function buildPage() {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'page/main.ts'), path.join(root, 'page/style.css')],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    entryNames: '[name]-[hash]',
    outdir: folder,
    assetNames: '[name]-[hash]',
    write: false,
    logLevel: 'warning',
    plugins: [formulaModule, mathFontModule],
  });
  mkdirSync(folder, { recursive: true });
  const assets = outputFiles.map(({ path: file, contents }) => ({ name: path.basename(file), contents }));
  for (const { name, contents } of assets) writeCompressed(name, contents);

  const nameOf = (/** @type {string} */ extension) => assets.find(({ name }) => name.endsWith(extension))?.name ?? '';
  const html = readFileSync(path.join(root, 'page/index.html'), 'utf8')
    .replace('{{script}}', nameOf('.js'))
    .replace('{{style}}', nameOf('.css'));
  writeCompressed('index.html', Buffer.from(html));

  const current = new Set(['index.html', ...assets.map(({ name }) => name)].flatMap((name) => [name, `${name}.gz`, `${name}.br`]));
  for (const name of readdirSync(folder))
    if (!current.has(name) && !name.endsWith('.part')) rmSync(path.join(folder, name), { force: true });
  // The end of the build, by which scripts/start.mjs sees whether a source is newer.
  writeFileSync(path.join(root, 'dist/.built'), `${new Date().toISOString()}\n`);
}

/**
 * The file `name` and its compressed forms, unless they are there already.
 *
 * @param {string} name
 * @param {Uint8Array} contents
 */
function writeCompressed(name, contents) {
  const file = path.join(folder, name);
  if (existsSync(`${file}.br`) && existsSync(file) && readFileSync(file).equals(contents)) return;
  writeWhole(`${file}.gz`, gzipSync(contents, { level: 9 }));
  writeWhole(file, contents);
  writeWhole(`${file}.br`, brotliCompressSync(contents));
}

/**
 * @param {string} file
 * @param {Uint8Array} contents
 */
function writeWhole(file, contents) {
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, contents);
  renameSync(part, file);
}

/**
 * The module `virtual:formulas`: MathML by LaTeX, for every formula of the catalogue.
 *
 * @type {import('esbuild').Plugin}
 */
const formulaModule = {
  name: 'formulas',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:formulas$/ }, ({ path: name }) => ({ path: name, namespace: 'formulas' }));
    onLoad({ filter: /.*/, namespace: 'formulas' }, async () => ({ contents: JSON.stringify(await formulaTexts()), loader: 'json' }));
  },
};

async function formulaTexts() {
  const compiled = (/** @type {string} */ file) => import(pathToFileURL(path.join(root, 'dist/compute', file)).href);
  const [{ catalogue }, { neurons }] = await Promise.all([compiled('surrogates/catalogue.js'), compiled('neurons/catalogue.js')]);
  const texts = [
    ...[...catalogue.values()].flatMap(({ latex }) => [latex.grad, latex.value]),
    ...[...neurons.values()].flatMap(({ latex }) => latex),
  ];
  return Object.fromEntries(texts.map((latex) => [latex, mathMl(latex)]));
}

/**
 * The file `virtual:math-font.woff2`: the letters of the formulas, and of what stands before them on the page.
 *
 * @type {import('esbuild').Plugin}
 */
const mathFontModule = {
  name: 'math-font',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^virtual:math-font.woff2$/ }, () => ({ path: 'math.woff2', namespace: 'math-font' }));
    onLoad({ filter: /.*/, namespace: 'math-font' }, async () => ({
      contents: await mathFont(Object.values(await formulaTexts()), 'σ′Hxv(=)'),
      loader: 'file',
    }));
  },
};

/** @param {string} latex */
function mathMl(latex) {
  const html = katex.renderToString(latex, { output: 'mathml', displayMode: true, throwOnError: true, strict: 'error' });
  // Without KaTeX's wrapper, the LaTeX once more, and what a document in HTML knows anyway.
  return html
    .replace(/^<span class="katex">|<\/span>$/g, '')
    .replace(/ xmlns="[^"]*"/, '')
    .replace(/<annotation.*<\/annotation>/s, '')
    .replace(/<\/?semantics>/g, '');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildPage();
