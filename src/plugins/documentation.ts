import { createRequire } from 'node:module';
import path from 'node:path';

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import fp from 'fastify-plugin';

import { compressPageFile, sendFile, type PageFile } from '../page-files.ts';
import { version } from '../version.ts';
import { describeGuards, describeKey } from './guard-documentation.ts';

const description = `Surrogate gradients of spiking neural networks, and exact gradients through leaky integrate-and-fire neurons.

Time is in milliseconds, rates in hertz; potentials and currents are dimensionless. \`B\` neurons, \`T\` time steps. Every failure is answered
as problem details (RFC 9457) with a stable \`code\`.`;

/** What the page needs: its own scripts and styles, the style of Swagger's logo, images that stand in the styles, and the service. */
const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The OpenAPI document, made from the routes' own schemas, and the page to try them from. */
export const documentation = fp(async (app) => {
  await app.register(swagger, {
    openapi: {
      ...describeKey(app.config.guard),
      openapi: '3.1.0',
      info: {
        title: 'Surrogate gradient service',
        version,
        description,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'Compute', description: 'What the service is for.' },
        { name: 'Catalogue', description: 'Surrogates and problems, explained.' },
        { name: 'Operation', description: 'Probes, metrics, and what this server is.' },
      ],
    },
    hideUntagged: true,
    transform: describeGuards(app.config.guard),
    refResolver: { buildLocalReference: (schema, _baseUri, _fragment, i) => (typeof schema.$id === 'string' ? schema.$id : `schema-${i}`) },
  });

  if (app.config.docs) {
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
      staticCSP: pagePolicy,
    });
    serveLargeFiles(app);
  }

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}, { name: 'documentation' });

/** Serves the page's own scripts and styles, compressed once: @fastify/swagger-ui's route would have them compressed for each request. */
function serveLargeFiles(app: FastifyInstance): void {
  const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static');
  for (const name of ['swagger-ui-bundle.js', 'swagger-ui-standalone-preset.js', 'swagger-ui.css']) {
    let file: Promise<PageFile> | undefined;
    app.get(`/docs/static/${name}`, { schema: { hide: true } }, async (request, reply) => {
      const read = await (file ??= compressPageFile(path.join(folder, name)));
      return sendFile(request, reply.header('content-security-policy', pagePolicy).header('cache-control', 'no-cache'), read);
    });
  }
}
