// Measures the built server beside what a Python team would deploy: `npm run bench:peers`.
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { Pool } from 'undici';
import { startServer } from '../../support/servers.ts';
import { replaceBetweenMarkers } from '../../support/markers.ts';
import { agreement } from './compare.ts';
import { measureWork, type PeerRow } from './measure.ts';
import { peers, startPeer, versionsOf, type Peer } from './peers.ts';
import { peerTable, ratiosOf } from './table.ts';
import { peerWorks } from './works.ts';

const { values: options } = parseArgs({ options: { rounds: { type: 'string' }, seconds: { type: 'string' }, only: { type: 'string' } } });
const [rounds, seconds] = [Number(options.rounds ?? 5), Number(options.seconds ?? 2)];
const isWhole = Object.keys(options).length === 0;

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

const rows: PeerRow[] = [];
const versions: string[] = [];
for (const peer of peers) {
  const found = versionsOf(peer);
  if ('missing' in found) {
    console.log(
      `SKIPPED: ${peer.name}, since ${process.env.PYTHON ?? 'python3'} has no ${found.missing.join(', no ')}. PYTHON names another interpreter.`,
    );
    continue;
  }
  versions.push(found.versions);
  rows.push(...(await besides(peer)));
}
if (rows.length > 0 && isWhole) {
  const file = new URL('../../docs/lab/peers.md', import.meta.url);
  const where = `${cpus()[0]!.model}, ${cpus().length} cores shared by both servers and the client; Node ${process.version}; ${versions.join('; ')}; ${rounds} rounds of ${seconds} s each. Repeat with \`npm run bench:peers\`.`;
  writeFileSync(file, replaceBetweenMarkers(readFileSync(file, 'utf8'), 'bench:peers', [where, '', ...peerTable(rows)].join('\n')));
}
