import { totalmem } from 'node:os';

import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { envSchema } from 'env-schema';

import type { Limits } from './limits.ts';
import { usableProcessors } from './processors.ts';
import { readSecurity, validateSecurityEnv } from './security.ts';

/** Half of the memory that the process may use: of its container's, or of the machine's. */
function defaultMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return Math.floor(Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 2);
}

/** Beyond this many bytes V8 cannot hold a body as one string. */
const maxString = 2 ** 29 - 24;

/** The default and the limits of a number. */
interface Range {
  readonly default: number;
  readonly minimum: number;
  readonly maximum: number;
}

const integer = (range: Range, description: string) => Type.Integer({ ...range, description });
const number = (range: Range, description: string) => Type.Number({ ...range, description });
const flag = (byDefault: boolean, description: string) => Type.Boolean({ default: byDefault, description });
const optionalText = (description: string, options: { readonly pattern?: string } = {}) =>
  Type.Optional(Type.String({ ...options, description }));
const oneOf = <const T extends string>(values: readonly T[], byDefault: T, description: string) =>
  Type.Union(
    values.map((value) => Type.Literal(value)),
    { default: byDefault, description },
  );

const Environment = Type.Object({
  PORT: integer({ default: 3000, minimum: 0, maximum: 65535 }, 'The port to listen on; 0 takes any free one.'),
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'The address to listen on; `0.0.0.0` (in a container) for all.' }),
  PROCESSES: integer(
    { default: 1, minimum: 1, maximum: 256 },
    'The number of processes that share the port. More than one serve small requests on several cores (`docs/deployment.md`): each gets an equal share of the threads, memory, connections and requests configured below, and none uses TensorFlow, so that `auto` means `wasm`.',
  ),
  LOG_LEVEL: oneOf(
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'info',
    'The least severe level that is logged. Requests are logged at `info`, probes and scrapes at `debug`.',
  ),
  MAX_BODY_BYTES: integer(
    { default: 64 * 2 ** 20, minimum: 1024, maximum: maxString },
    'The largest request body, in bytes, before and after decompression.',
  ),
  MAX_NEURON_STEPS: number(
    { default: 1e10, minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    'The most work that one request may ask for: neurons x steps x surrogates, or elements of `x` x surrogates.',
  ),
  MAX_REFERENCE_NEURON_STEPS: number(
    { default: 1e7, minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    'The same for a request that the back-end `reference` computes. It needs about half a microsecond for each step of a gradient, and runs one large job at a time.',
  ),
  MAX_RESULT_VALUES: integer(
    { default: 2 ** 25, minimum: 1, maximum: 2 ** 29 },
    'The most numbers that the service makes for one request: in its answer, by `linspace`, or by broadcasting.',
  ),
  MAX_STREAMED_VALUES: number(
    { default: 2 ** 28, minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
    'The most numbers that one answer may stream: `spikes`, `v` and `v_pre` of runs that are too long to keep in memory. They do not count against `MAX_RESULT_VALUES`.',
  ),
  COMPUTE_BACKEND: oneOf(
    ['auto', 'tensorflow', 'wasm', 'reference'],
    'auto',
    'The back-end that computes: `wasm` (float32 and float64, on the processor), `tensorflow` (float32; experimental on a GPU), `reference` (float64, plain and slow), or `auto`: `tensorflow` for jobs on which it was measured to be faster, else `wasm`. If a back-end fails, the next in the order `tensorflow`, `wasm`, `reference` takes over; those before the configured one are not loaded.',
  ),
  COMPUTE_THREADS: integer(
    { default: usableProcessors(), minimum: 1, maximum: 1024 },
    'The number of threads on which large jobs run. By default, and at most, one for each processor that the process may use.',
  ),
  WARM_UP: oneOf(
    ['minimal', 'full'],
    'full',
    'What is compiled ahead of requests. `minimal`: the kernels of a typical first request, before `/readyz` answers 200. `full`: also the other common kernels and the threads, within about a second after that.',
  ),
  DOCS_ENABLED: flag(true, 'Serves the API page at `/docs`. `/openapi.json` is always served.'),
  PAGE_ENABLED: flag(true, 'Serves the explorer at `/`, which is otherwise a 404.'),
  METRICS_ENABLED: flag(true, 'Serves `/metrics`.'),
  OPERATION_PORT: integer(
    { default: 0, minimum: 0, maximum: 65535 },
    'A separate port for `/metrics`, which moves there from `PORT`, and for `/livez` and `/readyz`, which are then on both. It asks for no key: let only operators reach it. 0: no such port.',
  ),
  API_KEYS: optionalText(
    'Keys, separated by commas, each of at least 16 letters, digits and `-._~+/=`. If there are any, every request except for probes and documents must send one as `Authorization: Bearer <key>`.',
  ),
  RATE_LIMIT_MAX: integer(
    { default: 0, minimum: 0, maximum: 1e9 },
    'The number of requests that one client may send within a window. A client is identified by its key, or else by its address. Probes do not count. 0: no limit.',
  ),
  RATE_LIMIT_WINDOW_MS: integer({ default: 60_000, minimum: 100, maximum: 86_400_000 }, 'The length of that window, in milliseconds.'),
  RATE_LIMIT_REDIS_URL: optionalText(
    'The Redis server that counts requests, such as `redis://localhost:6379`: `RATE_LIMIT_MAX` then holds for all processes and replicas together. Without it, each process counts its own requests, up to its share of `RATE_LIMIT_MAX`.',
  ),
  TRUST_PROXY: optionalText(
    "The proxies whose `X-Forwarded-For` tells a client's address: addresses or subnets, separated by commas, or `loopback`, `linklocal`, `uniquelocal`.",
  ),
  CORS_ORIGINS: optionalText('Origins whose pages may call the service from a browser, separated by commas; `*` for all.'),
  KEEP_ALIVE_TIMEOUT_MS: integer(
    { default: 72_000, minimum: 1000, maximum: 3_600_000 },
    'How long an idle connection stays open. It must exceed the idle timeout of a load balancer in front (often 60 s), which would otherwise reuse connections that are just being closed.',
  ),
  HEADERS_TIMEOUT_MS: integer(
    { default: 15_000, minimum: 1000, maximum: 3_600_000 },
    'How long the headers of a request may take to arrive, and how long a new connection may send nothing.',
  ),
  RECEIVE_TIMEOUT_MS: integer(
    { default: 60_000, minimum: 1, maximum: 3_600_000 },
    'How long a request may take to arrive, headers and body together. After that it is answered 408, and its connection closed.',
  ),
  REQUEST_TIMEOUT_MS: integer(
    { default: 60_000, minimum: 1, maximum: 3_600_000 },
    'How long a request that computes may take, from its headers to the first byte of its answer. After that it is answered 504, and its job stopped. A request may set a shorter limit with `X-Request-Timeout-Ms`.',
  ),
  MAX_QUEUE_MS: integer(
    { default: 5000, minimum: 1, maximum: 3_600_000 },
    'The longest estimated time that a large job may wait for its back-end. One that would wait longer is answered 503 at once, with a `Retry-After` computed from the queue. Small jobs never wait.',
  ),
  MAX_MEMORY_BYTES: integer(
    { default: defaultMemoryBytes(), minimum: 2 ** 20, maximum: Number.MAX_SAFE_INTEGER },
    'The memory that bodies, jobs and answers may take together, in bytes; by default half of what the process may use. A request that needs more than is left is answered 503 at once; one that needs more than all of it, 413.',
  ),
  MAX_CACHED_TENSOR_BYTES: integer(
    { default: 64 * 2 ** 20, minimum: 0, maximum: 2 ** 32 },
    'The memory for weights of networks that later requests may name by their bytes (`docs/networks.md`), in bytes and in addition to `MAX_MEMORY_BYTES`. 0: none are kept.',
  ),
  OTEL_EXPORTER_OTLP_ENDPOINT: optionalText(
    'The collector that receives traces as OTLP over HTTP in protobuf: its address without `/v1/traces`, such as `http://localhost:4318`. Without it, nothing is traced. The other variables of OpenTelemetry are read too (`docs/tracing.md`).',
    { pattern: '^(https?://.+)?$' },
  ),
  SEND_TIMEOUT_MS: integer(
    { default: 60_000, minimum: 1000, maximum: 3_600_000 },
    'How long a client may read nothing of an answer before its connection is closed.',
  ),
  MAX_CONNECTIONS: integer(
    { default: 20_000, minimum: 0, maximum: 1_000_000 },
    'The most connections at a time; further ones are closed at once. 0: as many as the system allows.',
  ),
  DRAIN_DELAY_MS: integer(
    { default: 1000, minimum: 0, maximum: 600_000 },
    'How long new requests are still served after SIGTERM or an uncaught error, while `/readyz` already answers 503, so that load balancers stop sending requests.',
  ),
  SHUTDOWN_TIMEOUT_MS: integer(
    { default: 30_000, minimum: 100, maximum: 3_600_000 },
    'How long after SIGTERM running requests may take; then they are abandoned, and the process exits with an error.',
  ),
});

type Environment = Static<typeof Environment>;

/** The environment holds values that the service cannot run with; the message names each, and what would be right. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws {ConfigError} naming every variable that is wrong.
 * @example
 * loadConfig({ PORT: '8080' }).port; // 8080
 */
export function loadConfig(environment: NodeJS.ProcessEnv = process.env): Config {
  const variables = readEnvironment(environment);
  checkTogether(variables);
  return groupVariables(variables);
}

/** What the environment configures, checked and with defaults filled in. */
export type Config = Readonly<ReturnType<typeof groupVariables>>;

function groupVariables(variables: Environment) {
  return {
    host: variables.HOST,
    port: variables.PORT,
    /** Processes that serve the port. */
    processes: variables.PROCESSES,
    logLevel: variables.LOG_LEVEL,
    docs: variables.DOCS_ENABLED,
    page: variables.PAGE_ENABLED,
    limits: {
      bodyBytes: variables.MAX_BODY_BYTES,
      neuronSteps: variables.MAX_NEURON_STEPS,
      referenceNeuronSteps: variables.MAX_REFERENCE_NEURON_STEPS,
      resultValues: variables.MAX_RESULT_VALUES,
      streamedValues: variables.MAX_STREAMED_VALUES,
    } satisfies Limits,
    security: readSecurity(variables),
    operation: {
      /** The port of the listener for probes and metrics; 0 for none. */
      port: variables.OPERATION_PORT,
      metrics: variables.METRICS_ENABLED,
    },
    compute: {
      backend: variables.COMPUTE_BACKEND,
      threads: variables.COMPUTE_THREADS,
      warmUp: variables.WARM_UP,
      /** The longest estimated wait for a back-end with which a job is queued. */
      maxQueueWaitMs: variables.MAX_QUEUE_MS,
      memoryBytes: variables.MAX_MEMORY_BYTES,
    },
    /** Bytes of tensors that are kept for requests that name them; 0 for none. */
    cachedTensorBytes: variables.MAX_CACHED_TENSOR_BYTES,
    tracing: {
      /** The collector's URL; undefined where nothing is traced. As OpenTelemetry has it, an empty variable is one that is not set. */
      endpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT === '' ? undefined : variables.OTEL_EXPORTER_OTLP_ENDPOINT,
    },
    /** Connections at a time; 0 for any number. */
    connections: variables.MAX_CONNECTIONS,
    timeouts: {
      keepAliveMs: variables.KEEP_ALIVE_TIMEOUT_MS,
      requestMs: variables.REQUEST_TIMEOUT_MS,
      headersMs: variables.HEADERS_TIMEOUT_MS,
      receiveMs: variables.RECEIVE_TIMEOUT_MS,
      sendMs: variables.SEND_TIMEOUT_MS,
      drainDelayMs: variables.DRAIN_DELAY_MS,
      shutdownMs: variables.SHUTDOWN_TIMEOUT_MS,
    },
  };
}

/** A large job alone would leave processors idle with fewer threads, and several jobs at once lose little by more threads than processors. */
const minThreads = 2;

/**
 * The configuration of one of `PROCESSES`: an equal share of what is configured for the service. How long a job may wait and what one request may
 * ask for stay the same.
 */
export function shareOf(config: Config): Config {
  const { processes, compute, connections, security, cachedTensorBytes } = config;
  const share = (total: number) => Math.max(1, Math.floor(total / processes));
  const { rateLimit } = security;
  return {
    ...config,
    // 0 stands for no limit.
    connections: connections === 0 ? 0 : share(connections),
    cachedTensorBytes: Math.floor(cachedTensorBytes / processes),
    security:
      rateLimit === undefined || rateLimit.redisUrl !== undefined
        ? security
        : { ...security, rateLimit: { ...rateLimit, max: share(rateLimit.max) } },
    compute: {
      ...compute,
      // A library and a device's memory for each process would be more than there is.
      backend: compute.backend === 'auto' ? 'wasm' : compute.backend,
      threads: Math.max(Math.ceil(compute.threads / processes), Math.min(minThreads, compute.threads)),
      memoryBytes: share(compute.memoryBytes),
    },
  };
}

/** The variables with their defaults, ranges and meaning, for the documentation. */
export const environmentVariables: Readonly<Record<string, TSchema>> = Environment.properties;

function readEnvironment(environment: NodeJS.ProcessEnv): Environment {
  // A copy of the known variables, since env-schema coerces in place.
  const data = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, environment[name]]));
  const messages = validateSecurityEnv(data);
  const wrong = new Set(Object.keys(data).filter((name) => isMisspeltNumber(name, data[name])));
  let cause: unknown;
  try {
    const variables = envSchema<Environment>({ schema: Environment, data: { ...data }, env: false });
    if (messages.length === 0 && wrong.size === 0) return variables;
  } catch (error) {
    const found = violations(error);
    if (found.length === 0) throw error;
    for (const { instancePath } of found) wrong.add(instancePath.slice(1));
    cause = error;
  }
  messages.unshift(...[...wrong].map((name) => `${name}=${JSON.stringify(data[name])}: ${expectation(name)}`));
  throw invalid(messages, cause);
}

/** Whether a number is written as env-schema accepts it too, but not in decimal digits, such as `0x10`, `1e3` or `Infinity`. */
function isMisspeltNumber(name: string, value: string | undefined): boolean {
  const { type } = schemaOf(name);
  if (value === undefined || (type !== 'integer' && type !== 'number')) return false;
  return !(type === 'integer' ? /^-?\d+$/ : /^-?\d+(?:\.\d+)?$/).test(value);
}

/** @throws {ConfigError} when variables contradict each other. */
function checkTogether({ PORT, OPERATION_PORT, PROCESSES, COMPUTE_BACKEND }: Environment): void {
  const wrong: string[] = [];
  if (OPERATION_PORT !== 0 && OPERATION_PORT === PORT)
    wrong.push(`OPERATION_PORT=${OPERATION_PORT}: must be another port than PORT, or 0.`);
  if (PROCESSES > 1 && COMPUTE_BACKEND === 'tensorflow') {
    wrong.push(
      `PROCESSES=${PROCESSES}: must be 1 with COMPUTE_BACKEND=tensorflow, since each process would load the library and take the device's memory for itself.`,
    );
  }
  if (wrong.length > 0) throw invalid(wrong);
}

function invalid(messages: readonly string[], cause?: unknown): ConfigError {
  return new ConfigError(`The environment is not a valid configuration.\n  ${messages.join('\n  ')}`, { cause });
}

function violations(error: unknown): readonly { instancePath: string }[] {
  return error instanceof Error && 'errors' in error ? (error.errors as { instancePath: string }[]) : [];
}

function expectation(name: string): string {
  const schema = schemaOf(name);
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  const byDefault = schema.default === undefined ? 'none' : String(schema.default);
  return `must be ${expectedValue(schema)} (default ${byDefault})${isNumber ? ', in decimal digits' : ''}. ${schema.description ?? ''}`;
}

function expectedValue({ anyOf, type, pattern, minimum, maximum }: TSchema): string {
  if (anyOf !== undefined) return `one of ${(anyOf as { const: string }[]).map((option) => option.const).join(', ')}`;
  if (type === 'boolean') return 'true or false';
  if (type === 'string') return pattern === undefined ? 'a non-empty text' : 'an http or https URL';
  return `${type === 'integer' ? 'a whole number' : 'a number'} from ${String(minimum)} to ${String(maximum)}`;
}

function schemaOf(name: string): TSchema {
  return Environment.properties[name as keyof typeof Environment.properties];
}
