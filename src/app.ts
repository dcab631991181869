import type { FastifyBaseLogger, FastifyInstance } from 'fastify';

import { createEngine } from './compute/engine/create-engine.ts';
import type { Engine } from './compute/engine/engine.ts';
import { trustedProxies } from './plugins/client-address.ts';
import type { Config } from './config/config.ts';
import type { Peers } from './processes/peers.ts';
import { compression } from './plugins/compression.ts';
import { createInstance } from './create-instance.ts';
import { documentation } from './plugins/documentation.ts';
import { security } from './plugins/security.ts';
import { lifecycle } from './plugins/lifecycle.ts';
import { backendLog } from './observability/request-log.ts';
import { metrics } from './observability/metrics.ts';
import { requireAcceptable } from './plugins/negotiation.ts';
import { operationPort } from './operation-port.ts';
import { problemDetails } from './plugins/problem-details.ts';
import { requestBody } from './plugins/request-body.ts';
import { startDeadline } from './plugins/request-lifetime.ts';
import { catalogueRoutes } from './routes/catalogue.ts';
import { answerMedia, computeRoutes } from './routes/compute.ts';
import type { ComputeServices } from './routes/compute-handler.ts';
import { inferenceRoutes } from './routes/inference.ts';
import { infoRoutes } from './routes/info.ts';
import { RequestReader } from './requests/bodies/request-reader.ts';
import { TensorCache } from './requests/networks/tensor-cache.ts';
import { compileValidator } from './requests/validation.ts';
import { pageRoutes } from './routes/page.ts';
import { problemRoutes } from './routes/problems.ts';
import { pictureRoutes } from './routes/pictures.ts';

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
export async function buildApp({ config, peers, engine: given, logger, pageFolder }: AppOptions): Promise<FastifyInstance> {
  const engine = given ?? (await createEngine({ ...config.compute, maxReferenceWork: config.limits.referenceNeuronSteps }));
  const app = createInstance({
    logger,
    timeouts: config.timeouts,
    maxConnections: config.connections,
    arenas: engine.arenas,
    fastify: {
      bodyLimit: config.limits.bodyBytes,
      trustProxy: config.security.trustProxy && trustedProxies(config.security.trustProxy),
      routerOptions: { maxParamLength: 200 },
    },
  });
  app.decorate('config', config);
  app.decorate('peers', peers);
  app.decorate('engine', engine);
  if (config.operation.port !== 0) await app.register(operationPort);

  const tensors = config.cachedTensorBytes > 0 ? new TensorCache(config.cachedTensorBytes) : undefined;
  const requestReader = new RequestReader(config.limits, { ...config.compute, arenas: engine.arenas, tensors });
  app.decorate('requestReader', requestReader);
  app.addHook('onClose', () => requestReader.close());

  // Bodies, queries and headers are checked where they are read, which tells more of what is wrong: their schemas are documentation.
  app.setValidatorCompiler(({ schema, httpPart }) => (httpPart === 'params' ? validatorOf(schema) : () => true));
  // Answers are written by hand; their schemas are documentation, which tests hold the answers to.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));

  const { endpoint } = config.tracing;
  // OpenTelemetry's SDK is only loaded where it is used.
  if (endpoint !== undefined) await app.register((await import('./observability/tracing.ts')).tracing, { endpoint });
  await app.register(security);
  await app.register(problemDetails);
  await app.register(requestBody);
  await app.register(compression);
  await app.register(documentation);
  await app.register(metrics);
  await app.register(backendLog);
  await app.register(lifecycle);
  await registerRoutes(app, { engine, reader: requestReader, limits: config.limits, tensors }, pageFolder);
  return app;
}

/** Registers the routes in groups of the same formats, and gives each what it needs of the service. */
async function registerRoutes(app: FastifyInstance, services: ComputeServices, pageFolder: string | undefined): Promise<void> {
  const { config, lifecycle: state, metrics: measured, peers } = app;
  const { engine, limits } = services;
  const maxRequestMs = config.timeouts.requestMs;
  await app.register((routes, _options, done) => {
    routes.addHook('onRequest', requireAcceptable(['application/json']));
    routes.register(catalogueRoutes);
    routes.register(problemRoutes);
    routes.register(infoRoutes, { engine: engine, limits, cachedTensorBytes: config.cachedTensorBytes });
    done();
  });
  await app.register((routes, _options, done) => {
    routes.addHook('onRequest', requireAcceptable(['image/svg+xml']));
    routes.register(pictureRoutes, { engine, limits, needsKey: config.security.keyDigests.length > 0 });
    done();
  });
  await app.register((routes, _options, done) => {
    routes.addHook('onRequest', requireAcceptable(answerMedia));
    routes.addHook('onRequest', state.admit);
    routes.addHook('onRequest', startDeadline(maxRequestMs));
    routes.register(computeRoutes, services);
    done();
  });
  await app.register(inferenceRoutes, {
    services,
    lifecycle: state,
    statistics: () => peers?.scrape() ?? measured.operationsText(),
    maxRequestMs,
  });
  if (config.page) await app.register(pageRoutes, { hasDocs: config.docs, folder: pageFolder });
}

/** Checks parameters of paths as requests are checked. */
function validatorOf(schema: object): (data: unknown) => { value: unknown } | { error: Error } {
  const validate = compileValidator(schema);
  return (data) => {
    const error = validate(data);
    return error === undefined ? { value: data } : { error };
  };
}
