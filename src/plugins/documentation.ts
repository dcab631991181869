import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fp from 'fastify-plugin';

import { version } from '../version.ts';

const description = `Surrogate gradients of spiking neural networks, and exact gradients through leaky integrate-and-fire neurons.

Time is in milliseconds, rates in hertz; potentials and currents are dimensionless. \`B\` neurons, \`T\` time steps. Every failure is answered
as problem details (RFC 9457) with a stable \`code\`.`;

/** The OpenAPI document, made from the routes' own schemas, and the page to try them from. */
export const documentation = fp(async (app) => {
  await app.register(swagger, {
    openapi: {
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
    refResolver: { buildLocalReference: (schema, _baseUri, _fragment, i) => (typeof schema.$id === 'string' ? schema.$id : `schema-${i}`) },
  });

  if (app.config.docs) {
    await app.register(swaggerUi, { routePrefix: '/docs', uiConfig: { displayRequestDuration: true, tryItOutEnabled: true } });
  }

  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}, { name: 'documentation' });
