import type { DocumentedCode } from '../../src/schemas/problem.ts';

export interface MediaType {
  schema: object;
  example?: unknown;
  examples?: Record<string, { summary?: string; value?: unknown; $ref?: string }>;
}

export interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security?: unknown;
  parameters?: { in: string; name: string; description: string; example?: string; schema: object }[];
  requestBody?: { content: Record<string, MediaType> };
  responses: Record<string, { description: string; headers?: object; content?: Record<string, MediaType> }>;
}

/** What tests read of the OpenAPI document. */
export interface OpenApi {
  openapi: string;
  info: { title: string };
  servers: { url: string }[];
  tags: { name: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object>; examples: Record<DocumentedCode, { value: object }> };
}

/** A path of the document with the examples of its parameters, those of its query among them. */
export function exampleUrl(path: string, { parameters = [] }: Operation): string {
  const query = parameters.flatMap(({ in: place, name, example }): [string, string][] =>
    place === 'query' && example !== undefined ? [[name, example]] : [],
  );
  const filled = path.replace(/\{(\w+)\}/g, (_, name) => parameters.find((parameter) => parameter.name === name)!.example!);
  return query.length === 0 ? filled : `${filled}?${new URLSearchParams(query).toString()}`;
}

/** All operations of a document, with path and method. */
export function operationsOf({ paths }: OpenApi): { path: string; method: string; operation: Operation }[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
}
