// Plain Fastify, as its documentation shows it, with routes that do nothing: `node --import tsx load/plain-server.ts PLAN`, where PLAN is a JSON
// file of [{ url, file }]. Each url has its body read by `JSON.parse` and answers the bytes of the file.
import { readFileSync } from 'node:fs';
import fastify from 'fastify';

const plan = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as { url: string; file: string }[];
const app = fastify({ bodyLimit: 2 ** 30 });
app.get('/readyz', () => 'ready');
for (const { url, file } of plan) {
  const answer = readFileSync(file);
  app.post(url, (_request, reply) => reply.header('content-type', 'application/json; charset=utf-8').send(answer));
}
process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.listen({ host: process.env.HOST!, port: Number(process.env.PORT) });
