// How long the event loop is kept by any request at its limits: `npm run load:loop -- --only linspace`.
import { parseArgs } from 'node:util';
import { markdownTable } from '../support/markdown-table.ts';
import { sendAndDrop } from './loop-client.ts';
import { loopCases } from './loop-cases.ts';
import { networkLoopCases } from './loop-network-cases.ts';
import { startLoopServer } from './loop-server.ts';
import { Findings } from './reliability-report.ts';

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    /** What no request may exceed, in milliseconds. */
    bound: { type: 'string', default: '50' },
    write: { type: 'boolean', default: false },
  },
});
const bound = Number(options.bound);
/** Beyond which the table names a case. */
const worthTelling = 10;
const findings = new Findings();

let server = await startLoopServer();
const rows: (readonly [string, string, number])[] = [];
try {
  for (const { name, bytes } of [...loopCases, ...networkLoopCases].filter((one) => one.name.includes(options.only))) {
    let delay: number;
    let outcome: string;
    try {
      const message = bytes();
      await server.maxDelay();
      outcome = await sendAndDrop(Number(new URL(server.url).port), message, 20_000);
      delay = await server.maxDelay();
    } catch (error) {
      [outcome, delay] = [String(error), Infinity];
      await server.stop();
      server = await startLoopServer();
    }
    rows.push([name, outcome, delay]);
    console.log(`${delay.toFixed(0).padStart(6)} ms  ${name}: ${outcome}`);
    findings.check(delay <= bound, `${name} kept the event loop for ${delay.toFixed(0)} ms`);
  }
} finally {
  await server.stop();
}
const sorted = rows.toSorted(([, , a], [, , b]) => b - a);
findings.say('');
findings.say(
  `${rows.length} requests at their limits, one after the other; those that kept the event loop for more than ${worthTelling} ms, the longest first:`,
);
findings.say('');
for (const row of markdownTable(
  ['request', 'answer', 'longest delay, ms'],
  sorted.filter(([, , ms], i) => ms > worthTelling || i < 5).map(([name, outcome, ms]) => [name, outcome, ms.toFixed(0)]),
))
  findings.say(row);
findings.finish('load:loop', options.write);
