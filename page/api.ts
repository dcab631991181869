import type { ApiAnswer, ApiRequest, CatalogueEntry, NeuronEntry, ProblemDocument } from './api-types.ts';

/** An answer that is a problem, or none at all. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly errors: NonNullable<ProblemDocument['errors']>;
  /** Seconds after which a busy service asks to be asked again. */
  readonly retryAfter: number | undefined;

  constructor({ title, detail, status, errors = [] }: ProblemDocument, retryAfter?: number) {
    super(`${title}. ${detail}`);
    this.status = status;
    this.errors = errors;
    this.retryAfter = retryAfter;
  }
}

let key = '';

/** The key that requests carry from now on; kept until the page is left, and nowhere else. */
export function useKey(given: string): void {
  key = given.trim();
}

/** Whether requests carry a key. */
export function hasKey(): boolean {
  return key !== '';
}

/** Where a path of the service is, seen from the page, whatever stands in front of both. */
export function urlOf(path: string): string {
  return new URL(path.replace(/^\//, ''), document.baseURI.replace(/[?#].*$/s, '')).href;
}

/** @throws {ApiError} when the service says no or nothing. */
export async function call<Body>(request: ApiRequest, signal?: AbortSignal): Promise<ApiAnswer<Body>> {
  return send<Body>(
    request.path,
    { method: 'POST', body: JSON.stringify(request.body), headers: { 'content-type': 'application/json' } },
    signal,
  );
}

/** All surrogates. @throws {ApiError} */
export async function fetchCatalogue(): Promise<readonly CatalogueEntry[]> {
  return (await send<{ surrogates: readonly CatalogueEntry[] }>('/surrogates', {})).body.surrogates;
}

/** All models of neurons. @throws {ApiError} */
export async function fetchNeurons(): Promise<readonly NeuronEntry[]> {
  return (await send<{ neurons: readonly NeuronEntry[] }>('/neurons', {})).body.neurons;
}

async function send<Body>(path: string, init: RequestInit, signal?: AbortSignal): Promise<ApiAnswer<Body>> {
  const begun = performance.now();
  const headers = {
    accept: 'application/json',
    ...(init.headers as Record<string, string> | undefined),
    ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
  };
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(urlOf(path), { ...init, headers, ...(signal && { signal }) });
    body = await response.json();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new ApiError({
      title: 'No answer',
      detail: 'The service cannot be reached, or its answer was cut off; is it still running?',
      status: 0,
    });
  }
  if (!response.ok) throw new ApiError(body as ProblemDocument, Number(response.headers.get('retry-after')) || undefined);
  return { body: body as Body, roundTripMs: performance.now() - begun };
}
