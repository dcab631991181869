import { vi } from 'vitest';
import { OutOfMemoryError, OverloadError, WorkerLostError } from '../../src/compute/engine/errors.ts';
import type { DocumentedCode } from '../../src/schemas/problem.ts';
import { Service } from '../http/service.ts';
import { startService } from '../http/services.ts';

/** What makes a service answer with a problem. */
export interface Provocation {
  readonly path: string;
  readonly init?: RequestInit;
  /** Bytes on the connection, where a client could not send the request; `ends` where it ends its side behind them. */
  readonly raw?: { readonly bytes: string; readonly ends: boolean };
  readonly environment?: Record<string, string>;
  readonly prepare?: (service: Service) => unknown;
}

let usual: Promise<Service> | undefined;

/** A service that is about to answer with the problem; one that nothing is changed of serves for many. */
export async function provokedService(code: DocumentedCode): Promise<Service> {
  const { environment, prepare } = provocations[code];
  const service = await (environment !== undefined || code === 'shutting_down' ? startService(environment) : (usual ??= Service.start()));
  await prepare?.(service);
  return service;
}

/** Ends the service that served for many. */
export async function stopProvoked(): Promise<void> {
  await (await usual)?.stop();
  usual = undefined;
}

const json = { 'content-type': 'application/json' };
const post = (body: string | object, headers: Record<string, string> = {}): RequestInit => ({
  method: 'POST',
  headers: { ...json, ...headers },
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const gradients = '/surrogate/grad';
const request = { x: 0, surrogate: 'sigmoid' };
const failing = (error: Error) => (service: Service) => vi.spyOn(service.app.engine, 'run').mockRejectedValueOnce(error);
const head = `POST ${gradients} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n`;

/** How each problem that routes document comes about. */
export const provocations: Readonly<Record<DocumentedCode, Provocation>> = {
  invalid_json: { path: gradients, init: post('{"x": NaN}') },
  invalid_frame: { path: gradients, init: post('{}', { 'content-type': 'application/octet-stream' }) },
  invalid_npy: { path: `${gradients}?surrogate=sigmoid`, init: post('{"x": 0}', { 'content-type': 'application/x-npy' }) },
  empty_body: { path: gradients, init: post('') },
  incomplete_body: { path: gradients, raw: { bytes: `${head}Content-Length: 100\r\n\r\n{"x": 0`, ends: true } },
  corrupt_body: { path: gradients, init: post(request, { 'content-encoding': 'gzip' }) },
  forbidden_key: { path: gradients, init: post('{"x": 0, "surrogate": "erf", "__proto__": {}}') },
  invalid_request: { path: gradients, init: post({ x: [[1, 2], [3]], surrogate: { name: 'sigmoid', alpha: 0 } }) },
  invalid_timeout: { path: gradients, init: post(request, { 'x-request-timeout-ms': '1.5' }) },
  malformed_http: { path: '/surrogates/%zz' },
  numerical_overflow: {
    path: '/lif/simulate',
    init: post({ current: 1, steps: 10_000, dt: 50, neuron: { reset: 'none' }, record: ['v_final'] }),
  },
  unauthorized: { path: gradients, init: post(request), environment: { API_KEYS: 'a-key-of-16-letters' } },
  not_found: { path: '/problems/invalid_requests' },
  surrogate_not_found: { path: '/surrogates/sigmoyd' },
  neuron_not_found: { path: '/neurons/snntorch.Leeky' },
  not_acceptable: { path: gradients, init: post(request, { accept: 'text/html' }) },
  request_timeout: {
    path: gradients,
    raw: { bytes: head, ends: false },
    environment: { HEADERS_TIMEOUT_MS: '1000', RECEIVE_TIMEOUT_MS: '1000' },
  },
  body_too_large: { path: gradients, init: post({ ...request, x: new Array(1000).fill(0) }), environment: { MAX_BODY_BYTES: '1024' } },
  too_much_work: { path: '/lif/simulate', init: post({ current: { linspace: [0, 2, 1000] }, steps: 100_000_000 }) },
  uri_too_long: { path: `/surrogates/${'x'.repeat(201)}` },
  unsupported_media_type: { path: gradients, init: post('x=0', { 'content-type': 'application/x-www-form-urlencoded' }) },
  rate_limited: {
    path: gradients,
    init: post(request),
    environment: { RATE_LIMIT_MAX: '1' },
    prepare: (service) => service.post(gradients, request),
  },
  tensor_unknown: { path: '/network/grad', init: post({ input: [[[1]]], layers: [{ weight: { sha256: '0'.repeat(64) } }] }) },
  headers_too_large: { path: gradients, raw: { bytes: `${head}X-Long: ${'x'.repeat(17_000)}\r\n\r\n`, ends: false } },
  internal_error: { path: gradients, init: post(request), prepare: failing(new TypeError('undefined is not a function')) },
  out_of_memory: { path: gradients, init: post(request), prepare: failing(new OutOfMemoryError('no memory')) },
  overloaded: {
    path: gradients,
    init: post(request),
    prepare: failing(new OverloadError('time', 'about 2.5 s of work wait already', 2500)),
  },
  worker_lost: { path: gradients, init: post(request), prepare: failing(new WorkerLostError('a thread ended')) },
  shutting_down: {
    path: gradients,
    init: post(request),
    prepare: (service) => vi.spyOn(service.app.lifecycle, 'refusing', 'get').mockReturnValue(true),
  },
  deadline_exceeded: {
    path: '/lif/grad',
    init: post({ current: { linspace: [0, 2, 1000] }, steps: 100_000 }, { 'x-request-timeout-ms': '1' }),
  },
};
