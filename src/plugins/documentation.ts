import { createRequire } from 'node:module';
import path from 'node:path';

import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import fp from 'fastify-plugin';

import { jsonInUtf8 } from '../requests/request-body.ts';
import { compressPageFile, sendFile, type PageFile } from '../page-files.ts';
import { sharedSchemas } from '../schemas/shared-schemas.ts';
import { problemExamples } from '../schemas/problem.ts';
import { version } from '../version.ts';
import { describeGuards, describeKey } from './security-documentation.ts';
import { OpenApiComponents } from './openapi-components.ts';
import { pathOf } from './request-path.ts';

const title = 'Surrogate gradient service';

const description = `Surrogate gradients of spiking neural networks, and exact gradients through leaky integrate-and-fire neurons.

Time is in milliseconds, rates in hertz; potentials and currents are dimensionless. \`B\` neurons, \`T\` time steps. Every failure is answered
as problem details (RFC 9457) with a stable \`code\`.

[Explorer](./) · [Surrogates](surrogates) · [Problems](problems) · [This server](info) · [OpenAPI](openapi.json)`;

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

const curve = '<path d="M1 13C7 13 6 2 8 2s1 11 7 11" fill="none" stroke="#56b4e9" stroke-width="2"/>';
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">${curve}</svg>`;
const logo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 150 16">${curve}<text x="20" y="12" font-family="sans-serif" font-size="10" fill="#fff">${title}</text></svg>`;

/** Where the page's other addresses lead, relative to them: its links are relative too, so that it works behind a proxy that strips a prefix. */
const moved: Readonly<Record<string, string>> = { '/docs/': '../docs', '/docs/static/index.html': '../../docs' };

/** The OpenAPI document, made from the routes' own schemas, and the page to try them from. */
export const documentation = fp(
  async (app) => {
    const components = new OpenApiComponents();
    components.extract(sharedSchemas);
    const requestBodies = new Map<string, object>();
    const guards = describeGuards(app.config.guard);

    await app.register(swagger, {
      openapi: {
        ...describeKey(app.config.guard),
        openapi: '3.1.0',
        info: {
          title,
          version,
          description,
          contact: { name: 'surrogate-gradient-service' },
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        // The folder that the document is in, whatever a proxy puts in front of it.
        servers: [{ url: '.' }],
        tags: [
          { name: 'Compute', description: 'What the service is for.' },
          {
            name: 'Open Inference Protocol',
            description: "The same for clients of KServe and Triton, with the protocol's binary extension.",
          },
          { name: 'Catalogue', description: 'Surrogates and problems, explained.' },
          { name: 'Operation', description: 'Probes, metrics, and what this server is.' },
        ],
      },
      hideUntagged: true,
      stripBasePath: false,
      transform: (route) => {
        if ((route.schema as FastifySchema | undefined)?.tags === undefined) return route;
        const { schema, url } = guards(route);
        const documented = components.extract(schema) as FastifySchema & { operationId: string; body?: { content: object } };
        if (documented.body) requestBodies.set(documented.operationId, documented.body.content);
        return { schema: documented, url };
      },
      transformObject: (built) => {
        const document = ('openapiObject' in built ? built.openapiObject : {}) as OpenApiDocument;
        for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
          // @fastify/swagger leaves out a body's examples.
          if (operation.requestBody) operation.requestBody.content = requestBodies.get(operation.operationId)!;
        }
        const used = JSON.stringify(document.paths);
        const examples = Object.fromEntries(
          Object.entries(problemExamples).filter(([code]) => used.includes(`#/components/examples/${code}"`)),
        );
        document.components = { ...document.components, schemas: components.schemas, examples };
        return document;
      },
    });

    if (app.config.docs) {
      await app.register(swaggerUi, {
        routePrefix: '/docs',
        indexPrefix: '.',
        uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
        uiHooks: {
          onRequest: (request, reply, next) => {
            const target = moved[pathOf(request)];
            if (target === undefined) next();
            else void reply.redirect(target);
          },
        },
        theme: { title, favicon: [{ filename: 'icon.svg', rel: 'icon', type: 'image/svg+xml', sizes: 'any', content: icon }] },
        logo: { type: 'image/svg+xml', content: logo },
        // The page reads the document from `docs/json`.
        transformSpecification: (document) => ({ ...document, servers: [{ url: '..' }] }),
        transformSpecificationClone: false,
        staticCSP: pagePolicy,
      });
      serveLargeFiles(app);
    }

    let text: string | undefined;
    app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
      reply.type(jsonInUtf8).send((text ??= JSON.stringify(app.swagger()))),
    );
  },
  { name: 'documentation' },
);

/** What is changed in the document that @fastify/swagger builds. */
interface OpenApiDocument {
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { readonly operationId: string; readonly requestBody?: { content: object } }>>>
  >;
  components?: object;
}

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
