import { availableParallelism, totalmem } from 'node:os';

import { Type, type Static, type TSchema } from '@sinclair/typebox';
import { envSchema } from 'env-schema';

import { readGuards, validateSecurityEnv, type GuardConfig } from './security-config.ts';
import type { Limits } from './limits.ts';

/** Half of the memory that the process may use: of its container's, or of the machine's. */
function defaultMemoryBytes(): number {
  const constrained = process.constrainedMemory();
  return Math.floor(Math.min(totalmem(), constrained > 0 ? constrained : Infinity) / 2);
}

/** Beyond this many bytes V8 cannot hold a body as one string. */
const maxString = 2 ** 29 - 24;

const Environment = Type.Object({
  PORT: Type.Integer({ default: 3000, minimum: 0, maximum: 65535, description: 'The port to listen on; 0 takes any free one.' }),
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'The address to listen on; `0.0.0.0` (in a container) for all.' }),
  PROCESSES: Type.Integer({
    default: 1,
    minimum: 1,
    maximum: 256,
    description:
      'How many processes answer on the port, so that several cores serve small requests (`docs/deployment.md`). What is configured below holds for all of them together. More than one do not use TensorFlow: `auto` is `wasm` then.',
  }),
  LOG_LEVEL: Type.Union(
    (['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const).map((level) => Type.Literal(level)),
    { default: 'info', description: 'The least severe level that is logged. Requests are logged at `info`.' },
  ),
  MAX_BODY_BYTES: Type.Integer({ default: 64 * 2 ** 20, minimum: 1024, maximum: maxString, description: 'The largest request body.' }),
  MAX_NEURON_STEPS: Type.Number({
    default: 1e10,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description: 'The most work of one request: neurons x steps x surrogates, or elements of x times surrogates.',
  }),
  MAX_REFERENCE_NEURON_STEPS: Type.Number({
    default: 1e7,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'The most work of one request that `reference` computes, which takes about half a microsecond for each step of a gradient and does one such job at a time.',
  }),
  MAX_RESULT_VALUES: Type.Integer({
    default: 2 ** 25,
    minimum: 1,
    maximum: 2 ** 29,
    description: 'The most numbers that one request may have made for it: in its answer, by `linspace`, or by broadcasting.',
  }),
  MAX_STREAMED_VALUES: Type.Number({
    default: 2 ** 28,
    minimum: 1,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'The most numbers that one answer may stream: `spikes`, `v` and `v_pre` of runs that are too long to be kept in memory. They do not count against `MAX_RESULT_VALUES`.',
  }),
  COMPUTE_BACKEND: Type.Union([Type.Literal('auto'), Type.Literal('tensorflow'), Type.Literal('wasm'), Type.Literal('reference')], {
    default: 'auto',
    description:
      'What computes: `tensorflow` (float32, on a GPU where there is one), `wasm` (float32 and float64, on the processor), `reference` (float64, plain and slow), or `auto`: `tensorflow` for jobs that it was measured to be faster at, else `wasm`. When one fails, the next of the three does the job; those before it are not loaded.',
  }),
  COMPUTE_THREADS: Type.Integer({
    default: availableParallelism(),
    minimum: 1,
    maximum: 1024,
    description: 'Processors that a large job may keep busy; by default, and at most, all that the process may use.',
  }),
  WARM_UP: Type.Union([Type.Literal('minimal'), Type.Literal('full')], {
    default: 'full',
    description:
      'Which kernels of `wasm` are compiled before requests need them: `minimal`, those of a usual first request, before `/readyz` answers 200; `full`, the other usual ones too, in the second after it.',
  }),
  DOCS_ENABLED: Type.Boolean({ default: true, description: 'Whether `/docs` is served. `/openapi.json` always is.' }),
  METRICS_ENABLED: Type.Boolean({ default: true, description: 'Whether `/metrics` is served.' }),
  OPERATION_PORT: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description:
      'A port of its own for `/metrics`, which then is not on `PORT`, and for `/livez` and `/readyz`, which then are on both. It asks for no key, so let nobody reach it but those who operate the service. 0: none.',
  }),
  API_KEYS: Type.Optional(
    Type.String({
      description:
        'Keys, separated by commas, each of at least 16 letters, digits and `-._~+/=`. When there are any, a request needs one: `Authorization: Bearer` and the key. Not the probes and the documents.',
    }),
  ),
  RATE_LIMIT_MAX: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 1e9,
    description:
      'How many requests one client, known by its key or else by its address, may send within a window. 0: as many as it likes. Probes do not count.',
  }),
  RATE_LIMIT_WINDOW_MS: Type.Integer({ default: 60_000, minimum: 100, maximum: 86_400_000, description: 'How long such a window is.' }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description:
        "Whose `X-Forwarded-For` is believed when a client's address is wanted: the addresses or subnets of the proxies in front, separated by commas, or `loopback`, `linklocal`, `uniquelocal`.",
    }),
  ),
  CORS_ORIGINS: Type.Optional(
    Type.String({ description: 'Origins, separated by commas, whose pages may call the service from a browser; `*` for all.' }),
  ),
  KEEP_ALIVE_TIMEOUT_MS: Type.Integer({
    default: 72_000,
    minimum: 1000,
    maximum: 3_600_000,
    description:
      'How long an idle connection is kept. More than the idle timeout of a load balancer in front (often 60 s), or it will reuse connections that are just being closed.',
  }),
  HEADERS_TIMEOUT_MS: Type.Integer({
    default: 15_000,
    minimum: 1000,
    maximum: 3_600_000,
    description: 'How long the headers of a request may take to arrive, and how long a new connection may stay silent.',
  }),
  RECEIVE_TIMEOUT_MS: Type.Integer({
    default: 60_000,
    minimum: 1,
    maximum: 3_600_000,
    description: 'How long a request may take to arrive, headers and body together; then it is answered 408 and its connection closed.',
  }),
  REQUEST_TIMEOUT_MS: Type.Integer({
    default: 60_000,
    minimum: 1,
    maximum: 3_600_000,
    description:
      'How long a request that computes may take, from its headers to the beginning of its answer; then it is answered 504 and its job stopped. A request may ask for less with `X-Request-Timeout-Ms`.',
  }),
  MAX_QUEUE_MS: Type.Integer({
    default: 5000,
    minimum: 1,
    maximum: 3_600_000,
    description:
      'How long a large job may have to wait for its back-end, as estimated when it comes. One that would wait longer is answered 503 at once, with a `Retry-After` from the queue. Small jobs never wait.',
  }),
  MAX_MEMORY_BYTES: Type.Integer({
    default: defaultMemoryBytes(),
    minimum: 2 ** 20,
    maximum: Number.MAX_SAFE_INTEGER,
    description:
      'Memory that bodies, jobs and answers may take together; by default half of what the process may use. A request that needs more than is left is answered 503 at once, one that needs more than all of it 413.',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.Optional(
    Type.String({
      pattern: '^(https?://.+)?$',
      description:
        "Where traces are sent, as OTLP over HTTP in protobuf: a collector's address without `/v1/traces`, such as `http://localhost:4318`. Without it nothing is traced. Other variables of OpenTelemetry are read too (`docs/tracing.md`).",
    }),
  ),
  SEND_TIMEOUT_MS: Type.Integer({
    default: 60_000,
    minimum: 1000,
    maximum: 3_600_000,
    description: 'How long a client may take nothing of an answer before the connection is closed.',
  }),
  MAX_CONNECTIONS: Type.Integer({
    default: 20_000,
    minimum: 0,
    maximum: 1_000_000,
    description: 'The most connections at a time; others are closed as they come. 0 for as many as the system allows.',
  }),
  DRAIN_DELAY_MS: Type.Integer({
    default: 1000,
    minimum: 0,
    maximum: 600_000,
    description:
      'After SIGTERM, or an error that nothing caught: how long new requests are still served while `/readyz` already answers 503, so that load balancers can look away.',
  }),
  SHUTDOWN_TIMEOUT_MS: Type.Integer({
    default: 30_000,
    minimum: 100,
    maximum: 3_600_000,
    description: 'After SIGTERM: when what still runs is given up, and the process exits with an error.',
  }),
});

type Environment = Static<typeof Environment>;

/** What the environment configures, checked and with defaults filled in. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** How many answer on the port. */
  readonly processes: number;
  readonly logLevel: Environment['LOG_LEVEL'];
  readonly docs: boolean;
  readonly limits: Limits;
  readonly guard: GuardConfig;
  readonly operation: {
    /** Of the listener for probes and metrics; 0 for none. */
    readonly port: number;
    readonly metrics: boolean;
  };
  readonly compute: {
    readonly backend: Environment['COMPUTE_BACKEND'];
    readonly threads: number;
    readonly warmUp: Environment['WARM_UP'];
    /** How long a job may have to wait for its back-end. */
    readonly maxQueueWaitMs: number;
    readonly memoryBytes: number;
  };
  readonly tracing: {
    /** Of the collector; undefined where nothing is traced. */
    readonly endpoint: string | undefined;
  };
  /** The most at a time; 0 for any number. */
  readonly connections: number;
  readonly timeouts: {
    readonly keepAliveMs: number;
    readonly requestMs: number;
    readonly headersMs: number;
    readonly receiveMs: number;
    readonly sendMs: number;
    readonly drainDelayMs: number;
    readonly shutdownMs: number;
  };
}

/** The environment holds a value that the service cannot run with; the message names each, and what would be right. */
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
  return {
    host: variables.HOST,
    port: variables.PORT,
    processes: variables.PROCESSES,
    logLevel: variables.LOG_LEVEL,
    docs: variables.DOCS_ENABLED,
    limits: {
      bodyBytes: variables.MAX_BODY_BYTES,
      neuronSteps: variables.MAX_NEURON_STEPS,
      referenceNeuronSteps: variables.MAX_REFERENCE_NEURON_STEPS,
      resultValues: variables.MAX_RESULT_VALUES,
      streamedValues: variables.MAX_STREAMED_VALUES,
    },
    guard: {
      ...readGuards(variables),
      rateLimit: variables.RATE_LIMIT_MAX === 0 ? undefined : { max: variables.RATE_LIMIT_MAX, windowMs: variables.RATE_LIMIT_WINDOW_MS },
    },
    operation: { port: variables.OPERATION_PORT, metrics: variables.METRICS_ENABLED },
    compute: {
      backend: variables.COMPUTE_BACKEND,
      threads: variables.COMPUTE_THREADS,
      warmUp: variables.WARM_UP,
      maxQueueWaitMs: variables.MAX_QUEUE_MS,
      memoryBytes: variables.MAX_MEMORY_BYTES,
    },
    // As OpenTelemetry has it, an empty variable is one that is not set.
    tracing: { endpoint: variables.OTEL_EXPORTER_OTLP_ENDPOINT === '' ? undefined : variables.OTEL_EXPORTER_OTLP_ENDPOINT },
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

/** The variables with their defaults, ranges and meaning, for the documentation. */
export const environmentVariables: Readonly<Record<string, TSchema>> = Environment.properties;

function readEnvironment(environment: NodeJS.ProcessEnv): Environment {
  // env-schema coerces in place, so it gets a copy, of what it knows only.
  const data = Object.fromEntries(Object.keys(Environment.properties).map((name) => [name, environment[name]]));
  const wrong = validateSecurityEnv(data);
  const names = new Set(Object.keys(data).filter((name) => isMisspeltNumber(name, data[name])));
  let cause: unknown;
  try {
    const variables = envSchema<Environment>({ schema: Environment, data: { ...data }, env: false });
    if (wrong.length === 0 && names.size === 0) return variables;
  } catch (error) {
    const found = violations(error);
    if (found.length === 0) throw error;
    for (const { instancePath } of found) names.add(instancePath.slice(1));
    cause = error;
  }
  wrong.unshift(...[...names].map((name) => `${name}=${JSON.stringify(data[name])}: ${expectation(name)}`));
  throw new ConfigError(`The environment is not a valid configuration.\n  ${wrong.join('\n  ')}`, { cause });
}

/** Whether a number is written in another way than in decimal digits: what env-schema takes for one as well, such as `0x10`, `1e3` or `Infinity`. */
function isMisspeltNumber(name: string, value: string | undefined): boolean {
  const { type } = Environment.properties[name as keyof typeof Environment.properties] as TSchema;
  if (value === undefined || (type !== 'integer' && type !== 'number')) return false;
  return !(type === 'integer' ? /^-?\d+$/ : /^-?\d+(?:\.\d+)?$/).test(value);
}

/** What no variable has wrong by itself. */
function checkTogether({ PORT, OPERATION_PORT, PROCESSES, COMPUTE_BACKEND }: Environment): void {
  const wrong: string[] = [];
  if (OPERATION_PORT !== 0 && OPERATION_PORT === PORT)
    wrong.push(`OPERATION_PORT=${OPERATION_PORT}: must be another port than PORT, or 0.`);
  if (PROCESSES > 1 && COMPUTE_BACKEND === 'tensorflow') {
    wrong.push(
      `PROCESSES=${PROCESSES}: must be 1 with COMPUTE_BACKEND=tensorflow, since each process would load the library and take the device's memory for itself.`,
    );
  }
  if (wrong.length > 0) throw new ConfigError(`The environment is not a valid configuration.\n  ${wrong.join('\n  ')}`);
}

function violations(error: unknown): readonly { instancePath: string }[] {
  return error instanceof Error && 'errors' in error ? (error.errors as { instancePath: string }[]) : [];
}

function expectation(name: string): string {
  const schema = Environment.properties[name as keyof typeof Environment.properties] as TSchema;
  const what =
    schema.anyOf !== undefined
      ? `one of ${(schema.anyOf as { const: string }[]).map((option) => option.const).join(', ')}`
      : schema.type === 'boolean'
        ? 'true or false'
        : schema.type === 'string'
          ? schema.pattern === undefined
            ? 'a non-empty text'
            : 'an http or https URL'
          : `${schema.type === 'integer' ? 'a whole number' : 'a number'} from ${String(schema.minimum)} to ${String(schema.maximum)}`;
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  return `must be ${what} (default ${schema.default === undefined ? 'none' : String(schema.default)})${isNumber ? ', in decimal digits' : ''}. ${schema.description ?? ''}`;
}
