// Measures the built server beside what a Python team would deploy: `npm run bench:peers`.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { startServer } from '../../support/servers.ts';
import { replaceBetweenMarkers } from '../../support/markers.ts';
import { agreement } from './compare.ts';
import { warmEngine } from '../growth/engine.ts';
import { measureWork, type PeerRow } from './measure.ts';
import { measureNetwork, networkWorks, titleOf, type NetworkRow } from './measure-networks.ts';
import { networkTable } from './network-table.ts';
import { peers, startPeer, versionsOf, type Peer } from './peers.ts';
import { peerTable, ratiosOf } from './table.ts';
import { peerWorks } from './works.ts';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string' }, seconds: { type: 'string' }, only: { type: 'string' }, write: { type: 'boolean' } },
});
const [rounds, seconds] = [Number(options.rounds ?? 5), Number(options.seconds ?? 2)];
/** Whether the tables that were measured are written; of a whole run they are. */
const writes = options.write ?? Object.keys(options).length === 0;

async function besides(peer: Peer): Promise<PeerRow[]> {
  const theirs = await startPeer(peer);
  const ours = await startServer(['dist/server.js'], { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error' });
  const nothing = await startServer(['--import', 'tsx', 'load/bare-server.ts']);
  const [our, their] = [new Pool(ours.url, { connections: 16 }), new Pool(theirs.url, { connections: 16 })];
  const rows: PeerRow[] = [];
  try {
    for (const work of peerWorks().filter((one) => one.peer === peer.name && one.name.includes(options.only ?? ''))) {
      const { share, answerBytes } = await agreement(work, our, their);
      const row = {
        ...(await measureWork(work, { ours: ours.url, theirs: theirs.url, bare: nothing.url }, answerBytes, rounds, seconds)),
        agreement: share,
      };
      rows.push(row);
      console.log(peerTable([row]).at(-1));
      if (ratiosOf(row).median < work.aim) console.log(`  below the aim of ${work.aim}`);
    }
  } finally {
    await Promise.all([our.close(), their.close()]);
    await Promise.all([ours.stop(), theirs.stop(), nothing.stop()]);
  }
  return rows;
}

/** Of modules of Python; undefined, and a line that says so, where one is missing. */
function versionsIn(name: string, modules: readonly string[]): string | undefined {
  const versions = versionsOf({ modules });
  if ('versions' in versions) return versions.versions;
  console.log(
    `SKIPPED: ${name}, since ${process.env.PYTHON ?? 'python3'} has no ${versions.missing.join(', no ')}. PYTHON names another interpreter.`,
  );
  return undefined;
}

async function ofNetworks(modules: readonly string[]): Promise<NetworkRow[]> {
  const works = networkWorks.filter((work) => titleOf(work).includes(options.only ?? ''));
  if (works.length === 0) return [];
  const ours = await startServer(['dist/server.js'], { COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '2', LOG_LEVEL: 'error' });
  const engine = await warmEngine(2);
  const rows: NetworkRow[] = [];
  try {
    for (const work of works) {
      const measured = await measureNetwork(work, engine, ours.url, modules, { rounds, milliseconds: 1000 * seconds });
      rows.push(...measured);
      for (const line of networkTable(measured).slice(rows.length === measured.length ? 0 : 2)) console.log(line);
    }
  } finally {
    await engine.close();
    await ours.stop();
  }
  return rows;
}

const rows: PeerRow[] = [];
const versions: string[] = [];
for (const peer of peers) {
  if (!peerWorks().some((work) => work.peer === peer.name && work.name.includes(options.only ?? ''))) continue;
  const versionsOfPeer = versionsIn(peer.name, peer.modules);
  if (versionsOfPeer === undefined) continue;
  versions.push(versionsOfPeer);
  rows.push(...(await besides(peer)));
}
const loadBefore = loadavg()[0]!;
const networkPeers = ['torch', 'jax'].flatMap((module) => {
  const text = versionsIn(`networks beside ${module}`, [module, 'numpy']);
  return text === undefined ? [] : [{ module, versions: text }];
});
const networkRows = await ofNetworks(networkPeers.map(({ module }) => module));

if (writes) {
  const file = new URL('../../docs/lab/peers.md', import.meta.url);
  const machine = `${cpus()[0]!.model}, ${cpus().length} cores`;
  const rest = `${rounds} rounds of ${seconds} s each. Repeat with \`npm run bench:peers\`.`;
  let text = readFileSync(file, 'utf8');
  if (rows.length > 0) {
    const where = `${machine} shared by both servers and the client; Node ${process.version}; ${versions.join('; ')}; ${rest}`;
    text = replaceBetweenMarkers(text, 'bench:peers', [where, '', ...peerTable(rows)].join('\n'));
  }
  // Without a peer its columns would be lost.
  if (networkPeers.length === 2) {
    const where = `${machine}, two threads for each side, load average ${loadBefore.toFixed(1)} before; Node ${process.version}; ${networkPeers.map((peer) => peer.versions).join('; ')}; ${rest}`;
    text = replaceBetweenMarkers(text, 'bench:peers networks', [where, '', ...networkTable(networkRows)].join('\n'));
  }
  writeFileSync(file, text);
}
