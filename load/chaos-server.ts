// The built server, in which a thread is ended every so many milliseconds: `node --import tsx load/chaos-server.ts MS`.
import type { Worker } from 'node:worker_threads';
import type * as App from '../src/app.ts';
import type * as Config from '../src/config.ts';

const built = async <Module>(file: string): Promise<Module> => (await import(new URL(`../dist/${file}`, import.meta.url).href)) as Module;
const threads = new Set<Worker>();
process.on('worker', (worker) => {
  threads.add(worker);
  worker.once('exit', () => threads.delete(worker));
});
const { buildApp } = await built<typeof App>('app.js');
const { loadConfig } = await built<typeof Config>('config.js');
const config = loadConfig();
const app = await buildApp({ config });

let ended = 0;
setInterval(() => {
  const chosen = [...threads][Math.floor(Math.random() * threads.size)];
  if (chosen === undefined) return;
  ended++;
  void chosen.terminate();
}, Number(process.argv[2])).unref();
app.get('/ended', () => ({ ended }));

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.listen({ host: config.host, port: config.port });
