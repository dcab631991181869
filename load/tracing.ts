// What tracing every request takes of the server's processor time, beside the same server without: `npm run load:tracing`.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { requestBody } from './cases.ts';
import { measure } from '../support/measure.ts';
import { startServer } from '../support/servers.ts';
import { summarise } from '../support/statistics.ts';

const rounds = 7;
const seconds = 3;

/** Takes traces and drops them. */
const collector = createServer((request, response) => {
  request.resume().on('end', () => response.end());
}).listen(0, '127.0.0.1');
const endpoint = () => `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;

const environment = { COMPUTE_BACKEND: 'wasm', LOG_LEVEL: 'error' };
const plain = await startServer(['dist/server.js'], environment);
const traced = await startServer(['dist/server.js'], { ...environment, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint() });
try {
  const body = JSON.stringify(requestBody('/lif/grad', 50));
  const shares: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const cpu: number[] = [];
    for (const { url, pid } of [plain, traced]) {
      const { cpu: ms, failures } = await measure({ url: `${url}/lif/grad`, pid, body, connections: 10, seconds, polling: false });
      if (failures.length > 0) throw new Error(failures.join('; '));
      cpu.push(ms);
    }
    if (round < 0) continue;
    shares.push(cpu[1]! / cpu[0]! - 1);
    console.log(`without ${cpu[0]!.toFixed(4)} ms, traced ${cpu[1]!.toFixed(4)} ms of processor time for an answer`);
  }
  const { min, median, max } = summarise(shares);
  const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
  console.log(`Tracing takes ${percent(median)} more (${percent(min)} to ${percent(max)}).`);
} finally {
  await Promise.all([plain.stop(), traced.stop()]);
  collector.close();
}
