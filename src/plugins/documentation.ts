import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifySchema } from 'fastify';
import fp from 'fastify-plugin';

import type { SecurityConfig } from '../config/security.ts';
import { jsonInUtf8 } from '../codecs/media-types.ts';
import { inferenceErrors } from '../schemas/inference.ts';
import { sharedSchemas } from '../schemas/shared-schemas.ts';
import { problemExamples, problemResponses } from '../schemas/problem.ts';
import { version } from '../version.ts';
import { isProbeRoute, isPublicRoute } from './public-routes.ts';
import { pathOf } from './request-lifetime.ts';

const title = 'Surrogate gradient service';

const description = `Surrogate gradients of spiking neural networks, and exact gradients through spiking neurons.

Time is in milliseconds, rates in hertz; potentials and currents are dimensionless. \`B\` neurons, \`T\` time steps. Every failure is answered
as problem details (RFC 9457) with a stable \`code\`.

[Surrogates](surrogates) · [Problems](problems) · [This server](info) · [OpenAPI](openapi.json)`;

/** The description's link to the page, which may not be served. */
const pageLink = '[Explorer](./) · ';

/** Allows the page its own scripts and styles, the style of Swagger's logo, images within the styles, and requests to the service. */
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

/** Redirects of the page's other addresses, relative so that they work behind a proxy that strips a prefix. */
const moved: Readonly<Record<string, string>> = { '/docs/': '../docs', '/docs/static/index.html': '../../docs' };

/** The OpenAPI document, made from the routes' own schemas, and the page to try them from. */
export const documentation = fp(
  async (app) => {
    const components = new OpenApiComponents();
    components.extract(sharedSchemas);
    const requestBodies = new Map<string, object>();
    const withSecurity = documentSecurity(app.config.security);

    await app.register(swagger, {
      openapi: {
        ...securitySchemes(app.config.security),
        openapi: '3.1.0',
        info: {
          title,
          version,
          description: app.config.page ? description.replace('[Surrogates]', `${pageLink}[Surrogates]`) : description,
          contact: { name: 'surrogate-gradient-service' },
          license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
        },
        // The folder that the document is in, whatever a proxy puts in front of it.
        servers: [{ url: '.' }],
        tags: [
          { name: 'Compute', description: 'Surrogate gradients, and runs and gradients of neurons.' },
          {
            name: 'Open Inference Protocol',
            description: "The same for clients of KServe and Triton, with the protocol's binary extension.",
          },
          { name: 'Catalogue', description: 'Surrogates and neurons, their pictures, and problems.' },
          { name: 'Operation', description: 'Probes, metrics, and what this server is.' },
        ],
      },
      hideUntagged: true,
      stripBasePath: false,
      transform: (route) => {
        if ((route.schema as FastifySchema | undefined)?.tags === undefined) return route;
        const { schema, url } = withSecurity(route);
        const documented = components.extract(schema) as FastifySchema & { operationId: string; body?: { content: object } };
        if (documented.body) requestBodies.set(documented.operationId, documented.body.content);
        return { schema: documented, url };
      },
      transformObject: (built) => {
        const document = ('openapiObject' in built ? built.openapiObject : {}) as OpenApiDocument;
        for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods))) {
          // @fastify/swagger leaves out a body's examples.
          if (operation.requestBody) operation.requestBody.content = requestBodies.get(operation.operationId)!;
          // The default, hundreds of times.
          for (const parameter of operation.parameters ?? []) if (parameter.required === false) delete parameter.required;
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
    }

    let text: string | undefined;
    app.get('/openapi.json', { schema: { hide: true } }, (_request, reply) =>
      reply.type(jsonInUtf8).send((text ??= JSON.stringify(app.swagger()))),
    );
  },
  { name: 'documentation' },
);

/** The OpenAPI document's security scheme; empty when no key is needed. */
function securitySchemes({ keyDigests }: SecurityConfig) {
  if (keyDigests.length === 0) return {};
  return {
    components: {
      securitySchemes: { key: { type: 'http' as const, scheme: 'bearer', description: 'One of the keys that this server was given.' } },
    },
    security: [{ key: [] }],
  };
}

/** Refusals by the connection, whatever the route. */
const connectionProblems = problemResponses('request_timeout', 'headers_too_large');

/** Adds to a route's documentation whether it needs a key, and the refusals by the connection and the security hooks. */
function documentSecurity({ keyDigests, rateLimit: limit }: SecurityConfig): NonNullable<FastifyDynamicSwaggerOptions['transform']> {
  const hasKeys = keyDigests.length > 0;
  return ({ schema, url }) => {
    const isPublic = !hasKeys || isPublicRoute(url);
    const refusals = url.startsWith('/v2') ? inferenceErrors : problemResponses;
    const response = {
      ...(schema.response as object),
      ...connectionProblems,
      ...(!isPublic && refusals('unauthorized')),
      ...(limit !== undefined && !isProbeRoute(url) && refusals('rate_limited')),
    };
    return { schema: { ...schema, response, ...(isPublic && { security: [] }) }, url };
  };
}

/** The parts of @fastify/swagger's document that are changed. */
interface OpenApiDocument {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly operationId: string;
            readonly requestBody?: { content: object };
            readonly parameters?: readonly { required?: boolean }[];
          }
        >
      >
    >
  >;
  components?: object;
}

type Json = Readonly<Record<string, unknown>>;

/** The schemas of an OpenAPI document that have a name, their `$id`. */
class OpenApiComponents {
  readonly #schemas = new Map<string, object>();

  /** The schemas found so far, by name and in its order. */
  get schemas(): Record<string, object> {
    return Object.fromEntries([...this.#schemas].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** A part of the document in which named schemas are references to components, which they become. */
  extract(part: unknown): unknown {
    if (Array.isArray(part)) return part.map((item) => this.extract(item));
    if (typeof part !== 'object' || part === null) return part;
    const { $id, ...fields } = part as Json;
    // A discriminator needs variants with names in OpenAPI, and variants without in Ajv; their constants tell as much.
    const known = Object.entries(fields).filter(([key]) => key !== 'discriminator');
    const extracted = Object.fromEntries(known.map(([key, value]) => this.#field(key, value)));
    if (typeof $id !== 'string') return extracted;
    this.#schemas.set($id, extracted);
    return reference($id);
  }

  #field(key: string, value: unknown): [string, unknown] {
    if (key === '$ref' && typeof value === 'string' && value.endsWith('#')) return [key, reference(value.slice(0, -1)).$ref];
    // The one pattern that Typebox writes is for any name; generators know the other keyword.
    if (key === 'patternProperties') return ['additionalProperties', this.extract(Object.values(value as Json)[0])];
    return [key, this.extract(value)];
  }
}

function reference(name: string): { $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}
