// The service with routes that do nothing: `node --import tsx load/noop-server.ts PLAN`, where PLAN is a JSON file of
// [{ route, url, file }]. Each url takes the body that the route takes, through the same hooks and the same validation, and
// answers the bytes of the file.
import { readFileSync } from 'node:fs';
import type * as App from '../src/app.ts';
import type * as Config from '../src/config/config.ts';
import type * as Log from '../src/observability/logger.ts';
import type { RequestBody } from '../src/requests/bodies/body.ts';
import type { Operation } from '../src/requests/plan.ts';
import type * as Negotiation from '../src/plugins/negotiation.ts';
import { built } from '../support/built.ts';
import type { ComputeRoute } from './cases.ts';

interface Noop {
  route: ComputeRoute;
  url: string;
  file: string;
}

const { buildApp } = await built<typeof App>('app.js');
const { loadConfig } = await built<typeof Config>('config/config.js');
const { createLogger } = await built<typeof Log>('observability/logger.js');
const { requireAcceptable } = await built<typeof Negotiation>('plugins/negotiation.js');
const operations: Readonly<Record<ComputeRoute, Operation>> = {
  '/surrogate/eval': 'surrogate_eval',
  '/surrogate/grad': 'surrogate_grad',
  '/lif/simulate': 'lif_simulate',
  '/lif/grad': 'lif_grad',
};

const plan = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as Noop[];
const config = loadConfig();
const app = await buildApp({ config, logger: createLogger(config) });

await app.register((noop, _options, done) => {
  noop.addHook('onRequest', requireAcceptable(['application/json']));
  noop.addHook('onRequest', app.lifecycle.admit);
  for (const { route, url, file } of plan) {
    const answer = readFileSync(file);
    noop.post(url, { schema: { body: {} } }, async (request, reply) => {
      await app.requestReader.read(operations[route], request.body as RequestBody, request.scope);
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('server-timing', 'decode;dur=0.001, queue;dur=0.001, compute;dur=0.001, encode;dur=0.001')
        .send(answer);
    });
  }
  done();
});

process.once('SIGTERM', () => void app.close().then(() => process.exit(0)));
await app.listen({ host: config.host, port: config.port });
