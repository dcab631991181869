// The built server, in which a thread is ended every so many milliseconds: `node --import tsx load/chaos-server.ts MS`.
import type * as App from '../src/app.ts';
import type * as Config from '../src/config/config.ts';
import { WorkerThreads } from '../support/worker-threads.ts';
import { built } from '../support/built.ts';

const threads = new WorkerThreads();
const { buildApp } = await built<typeof App>('app.js');
const { loadConfig } = await built<typeof Config>('config/config.js');
const config = loadConfig();
const app = await buildApp({ config });

let ended = 0;
setInterval(() => {
  const { running } = threads;
  const chosen = running[Math.floor(Math.random() * running.length)];
  if (chosen === undefined) return;
  ended++;
  void chosen.terminate();
}, Number(process.argv[2])).unref();
app.get('/ended', () => ({ ended }));

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.listen({ host: config.host, port: config.port });
