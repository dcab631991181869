// Measures the built server's routes beside two kinds of no-op routes that take the same bodies and answer as many bytes: in the same application, and in
// plain Fastify.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeCases, steps, type Case } from './cases.ts';
import { measure, type Round } from '../support/measure.ts';
import { replaceBetweenMarkers } from '../support/markers.ts';
import { measurePauses, pauseSizes, pauseTable, type PauseRow } from './pauses.ts';
import { failures, table, verdict, type Row } from './report.ts';
import { startServer, type Server } from '../support/servers.ts';
import { measureStages, stageCases, stageTable, type StageRow } from './stages.ts';

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    connections: { type: 'string', default: '10' },
    rounds: { type: 'string' },
    seconds: { type: 'string' },
    sizes: { type: 'string' },
  },
});

const sizes = (options.sizes ?? (options.quick ? '50,100000' : '1,50,1000,100000')).split(',').map(Number);
const rounds = Number(options.rounds ?? (options.quick ? 3 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 1 : 2));
const connections = Number(options.connections);
// Threads that read large bodies start when one comes; under tsx, as in the no-op, that takes seconds.
const warmUpSeconds = 3;
// Below this many bytes a request is computed on one core, so that the client's is free to poll.
const pollingBytes = 64_000;

/** What the real route answers; the no-op route answers these bytes. */
async function answerOf(server: Server, { route, body }: Case): Promise<Buffer> {
  const response = await fetch(server.url + route, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  const answer = Buffer.from(await response.arrayBuffer());
  if (response.status !== 200) throw new Error(`${route} answered ${response.status}: ${answer.toString().slice(0, 500)}`);
  return answer;
}

async function run(): Promise<Row[]> {
  const folder = mkdtempSync(path.join(tmpdir(), 'load-'));
  const servers: Server[] = [];
  try {
    const real = await startServer(['dist/server.js']);
    servers.push(real);
    const cases = makeCases(sizes);
    const answers = await Promise.all(cases.map((one) => answerOf(real, one)));
    const plan = cases.map(({ route, size }, index) => {
      const file = path.join(folder, `${index}.json`);
      writeFileSync(file, answers[index]!);
      return { route, url: `/noop${route}/${size}`, file };
    });
    const planFile = path.join(folder, 'plan.json');
    writeFileSync(planFile, JSON.stringify(plan));
    const noop = await startServer(['--import', 'tsx', 'load/noop-server.ts', planFile]);
    servers.push(noop);
    const plain = await startServer(['--import', 'tsx', 'load/plain-server.ts', planFile]);
    servers.push(plain);

    const rows: Row[] = [];
    for (const [index, one] of cases.entries()) {
      const sides = [
        { server: real, url: real.url + one.route, rounds: [] as Round[] },
        { server: noop, url: noop.url + plan[index]!.url, rounds: [] as Round[] },
        { server: plain, url: plain.url + plan[index]!.url, rounds: [] as Round[] },
      ];
      for (let round = -1; round < rounds; round++) {
        for (const side of sides) {
          const load = {
            url: side.url,
            pid: side.server.pid,
            body: one.body,
            connections,
            seconds: round < 0 ? warmUpSeconds : seconds,
            polling: one.body.length < pollingBytes,
          };
          const measured = await measure(load);
          if (round >= 0 || measured.failures.length > 0) side.rounds.push(measured);
        }
      }
      const row: Row = {
        route: one.route,
        size: one.size,
        requestBytes: Buffer.byteLength(one.body),
        answerBytes: answers[index]!.length,
        real: sides[0]!.rounds,
        noop: sides[1]!.rounds,
        plain: sides[2]!.rounds,
      };
      rows.push(row);
      console.log(table([row]).at(-1));
    }
    return rows;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Where the time of one request goes, and how long large ones keep the event loop. */
async function measureInside(): Promise<string[]> {
  const server = await startServer(['dist/server.js']);
  const bare = await startServer(['--import', 'tsx', 'load/bare-server.ts']);
  try {
    const stageRows: StageRow[] = [];
    for (const one of stageCases) stageRows.push(await measureStages(server.url, bare.url, one));
    const pauses: PauseRow[] = [];
    for (const neurons of pauseSizes) pauses.push(await measurePauses(server.url, neurons));
    return [...stageTable(stageRows), '', ...pauseTable(pauses)];
  } finally {
    await Promise.all([server.stop(), bare.stop()]);
  }
}

function write(name: string, lines: readonly string[]): void {
  const document = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  writeFileSync(document, replaceBetweenMarkers(readFileSync(document, 'utf8'), 'load', lines.join('\n')));
  console.log(`written into ${document}`);
}

function conditions(): string[] {
  const model = cpus()[0]?.model ?? 'unknown processor';
  return [
    `${model}, ${cpus().length} cores shared by server and client; Node ${process.version}; ${new Date().toISOString().slice(0, 10)}.`,
    `${connections} connections, ${rounds} rounds of ${seconds} s for each side in turns, after ${warmUpSeconds} s of warming up; LIF routes with ${steps} steps.`,
    'Repeat with `npm run load`.',
  ];
}

for (const line of table([]).concat(conditions())) console.log(line);
const rows = await run();

console.log(`\n${verdict(rows)}`);

const inside = await measureInside();
console.log(`\n${inside.join('\n')}`);

// Only a whole run is worth keeping.
if (process.argv.length === 2) {
  write('load.md', [...conditions(), '', ...table(rows), '', verdict(rows)]);
  write('lab/stages.md', [...conditions(), '', ...inside]);
}

const failed = rows.filter((row) => failures(row).length > 0);
if (failed.length > 0) {
  console.error(`${failed.length} rows failed`);
  process.exitCode = 1;
}
