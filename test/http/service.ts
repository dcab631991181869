import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { buildApp, type AppOptions } from '../../src/app.ts';
import { loadConfig } from '../../src/config/config.ts';
import { HttpServer } from '../../src/plugins/http-server.ts';
import type { ProblemDocument } from '../../src/errors/problems.ts';

export interface JsonReply<Body = unknown> {
  status: number;
  headers: Headers;
  body: Body;
}

/** The service on a socket of its own. */
export class Service {
  readonly app: FastifyInstance;
  readonly port: number;
  readonly url: string;

  private constructor(app: FastifyInstance) {
    this.app = app;
    this.port = (app.server.address() as AddressInfo).port;
    this.url = `http://127.0.0.1:${this.port}`;
  }

  /** The HTTP server under Fastify. */
  get httpServer(): HttpServer {
    return HttpServer.of(this.app);
  }

  static async start(environment: Record<string, string> = {}, options: Partial<AppOptions> = {}): Promise<Service> {
    const config = loadConfig({ COMPUTE_BACKEND: 'wasm', COMPUTE_THREADS: '1', WARM_UP: 'minimal', ...environment });
    const app = await buildApp({ config, ...options });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return new Service(app);
  }

  async request<Body = unknown>(path: string, init: RequestInit = {}): Promise<JsonReply<Body>> {
    const response = await fetch(this.url + path, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  }

  /** Posts JSON: text as it stands, anything else stringified. */
  async post<Body = unknown>(path: string, body: unknown, headers: Record<string, string> = {}): Promise<JsonReply<Body>> {
    return this.request<Body>(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Posts bytes, and leaves the answer unread. */
  async send(
    path: string,
    { body, headers }: { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> },
    more: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(this.url + path, { method: 'POST', body, headers: { ...headers, ...more } });
  }

  /** Posts what must be refused, and returns the problem. */
  async refused(path: string, body: unknown): Promise<ProblemDocument> {
    const { status, headers, body: problem } = await this.post<ProblemDocument>(path, body);
    if (status < 400 || headers.get('content-type') !== 'application/problem+json; charset=utf-8' || problem.status !== status) {
      throw new Error(`expected a problem, got ${status} ${JSON.stringify(problem)}`);
    }
    return problem;
  }

  /** Sends bytes as they are, ends the sending side, and returns all that comes back. */
  async raw(bytes: string): Promise<string> {
    const socket = connect(this.port, '127.0.0.1');
    let received = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      received += chunk;
    });
    socket.end(bytes);
    await once(socket, 'close');
    return received;
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

/** Text of all that a problem says was wrong. */
export function errorsOf(problem: ProblemDocument): string {
  return (problem.errors ?? []).map(({ path, message }) => `${path}: ${message}`).join('\n');
}
