import fastify, { LogController, type FastifyBaseLogger, type FastifyError, type FastifyInstance } from 'fastify';

import { createEngine } from './compute/engine/create-engine.ts';
import type { Engine } from './compute/engine/engine.ts';
import { trustedProxies } from './plugins/client-address.ts';
import type { Config } from './config/config.ts';
import type { Peers } from './processes/peers.ts';
import { answerHeaders, setAnswerHeaders } from './plugins/answer-headers.ts';
import { compression } from './plugins/compression.ts';
import { documentation } from './plugins/documentation.ts';
import { requestCloseNotifier } from './plugins/request-close-notifier.ts';
import { security } from './plugins/security.ts';
import { createHttpServer } from './plugins/http-server.ts';
import { countRunning, lifecycle } from './plugins/lifecycle.ts';
import { backendLog, requestLog } from './plugins/log.ts';
import { metrics } from './plugins/metrics.ts';
import { requireAcceptable } from './plugins/negotiation.ts';
import { operationPort } from './plugins/operation-port.ts';
import { problemDetails, sendProblem, toProblem } from './plugins/problem-details.ts';
import { requestBody } from './plugins/request-body.ts';
import { requestScope, startDeadline } from './plugins/request-scope.ts';
import { validation } from './plugins/validation.ts';
import { requestIds } from './plugins/request-ids.ts';
import { catalogueRoutes } from './routes/catalogue.ts';
import { inferenceRoutes } from './routes/inference.ts';
import { infoRoutes } from './routes/info.ts';
import { RequestReader } from './requests/request-reader.ts';
import { lifRoutes } from './routes/lif.ts';
import { pageRoutes } from './routes/page.ts';
import { problemRoutes } from './routes/problems.ts';
import { answerMedia } from './routes/response-format.ts';
import { surrogateRoutes } from './routes/surrogate.ts';
import { surrogatePictureRoutes } from './routes/surrogate-picture.ts';

declare module 'fastify' {
  interface FastifyInstance {
    config: Config;
    /** The other processes on the port, where there are any. */
    peers: Peers | undefined;
    engine: Engine;
    requestReader: RequestReader;
  }
}

export interface AppOptions {
  readonly config: Config;
  /** What computes; made from the configuration unless given. The app closes it. */
  readonly engine?: Engine;
  /** The other processes on the port; none unless given. */
  readonly peers?: Peers | undefined;
  /** Where to log; nowhere unless given. */
  readonly logger?: FastifyBaseLogger;
  /** Where the page's files are; where the build writes them unless given. */
  readonly pageFolder?: string;
}

/**
 * The service as a Fastify instance that does not listen yet.
 *
 * @example
 * const app = await buildApp({ config: loadConfig() });
 * await app.listen({ port: 3000 });
 */
export async function buildApp({ config, peers, engine, logger, pageFolder }: AppOptions): Promise<FastifyInstance> {
  const nextRequestId = requestIds();
  const app: FastifyInstance = fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    // One line a request is written at its end; a child logger per request would only cost.
    childLoggerFactory: (parent) => parent,
    genReqId: nextRequestId,
    bodyLimit: config.limits.bodyBytes,
    serverFactory: (handler) =>
      createHttpServer(handler, {
        config,
        isOneOfSeveral: peers !== undefined,
        nextRequestId,
        onRefusedConnection: refusalLog(() => app.log),
      }),
    trustProxy: config.security.trustProxy && trustedProxies(config.security.trustProxy),
    // While closing, `countRunning` refuses in the form that every other failure has.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    // The server's own does it.
    clientErrorHandler: () => undefined,
    frameworkErrors: (error, request, reply) => {
      app.exchangeEnd.watch(request, reply);
      setAnswerHeaders(request, reply);
      const send = (cause: FastifyError) => {
        void sendProblem(toProblem(cause), request, reply, cause);
      };
      if (app.countUnrouted === undefined) send(error);
      else
        app.countUnrouted(request, reply).then(() => {
          send(error);
        }, send);
    },
  });
  app.decorate('config', config);
  app.decorate('peers', peers);
  if (config.operation.port !== 0) await app.register(operationPort);
  app.decorate('engine', engine ?? (await createEngine({ ...config.compute, maxReferenceWork: config.limits.referenceNeuronSteps })));

  const requestReader = new RequestReader(config.limits, { ...config.compute, arenas: app.engine.arenas });
  app.decorate('requestReader', requestReader);
  app.addHook('onClose', () => requestReader.close());

  await app.register(requestCloseNotifier);
  await app.register(requestScope);
  const { endpoint } = config.tracing;
  // OpenTelemetry's SDK is only loaded where it is used.
  if (endpoint !== undefined) await app.register((await import('./plugins/tracing.ts')).tracing, { endpoint });
  await app.register(answerHeaders);
  await app.register(requestLog);
  await app.register(security);
  await app.register(problemDetails);
  await app.register(validation);
  await app.register(requestBody);
  await app.register(compression);
  await app.register(documentation);
  await app.register(metrics);
  await app.register(backendLog);
  await app.register(lifecycle);
  await app.register((api, _options, done) => {
    api.register((facts, _none, ready) => {
      facts.addHook('onRequest', requireAcceptable(['application/json']));
      facts.register(catalogueRoutes);
      facts.register(problemRoutes);
      facts.register(infoRoutes);
      ready();
    });
    api.register((pictures, _none, ready) => {
      pictures.addHook('onRequest', requireAcceptable(['image/svg+xml']));
      pictures.register(surrogatePictureRoutes);
      ready();
    });
    api.register(pageRoutes, pageFolder === undefined ? {} : { folder: pageFolder });
    api.register(inferenceRoutes);
    api.register((compute, _none, ready) => {
      compute.addHook('onRequest', requireAcceptable(answerMedia));
      compute.addHook('onRequest', countRunning);
      compute.addHook('onRequest', startDeadline);
      compute.register(surrogateRoutes);
      compute.register(lifRoutes);
      ready();
    });
    done();
  });
  return app;
}

/** Says that there are too many connections, once a minute at most. */
function refusalLog(log: () => FastifyBaseLogger): () => void {
  let saidAt = -Infinity;
  return () => {
    if (performance.now() - saidAt < 60_000) return;
    saidAt = performance.now();
    log().warn('MAX_CONNECTIONS are open; others are refused');
  };
}
