import { createHash } from 'node:crypto';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig, shareOf } from '../../src/config/config.ts';
import { usableProcessors } from '../../src/config/processors.ts';

describe('loadConfig', () => {
  it('has defaults for everything', () => {
    expect(loadConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      processes: 1,
      logLevel: 'info',
      docs: true,
      page: true,
      security: { keyDigests: [], rateLimit: undefined, trustProxy: false, corsOrigins: undefined },
      operation: { port: 0, metrics: true },
      limits: { bodyBytes: 64 * 2 ** 20, neuronSteps: 1e10, referenceNeuronSteps: 1e7, resultValues: 2 ** 25, streamedValues: 2 ** 28 },
      compute: {
        backend: 'auto',
        threads: usableProcessors(),
        warmUp: 'full',
        maxQueueWaitMs: 5000,
        memoryBytes: expect.any(Number) as number,
      },
      cachedTensorBytes: 64 * 2 ** 20,
      tracing: { endpoint: undefined },
      connections: 20_000,
      timeouts: {
        keepAliveMs: 72_000,
        requestMs: 60_000,
        headersMs: 15_000,
        receiveMs: 60_000,
        sendMs: 60_000,
        drainDelayMs: 1000,
        shutdownMs: 30_000,
      },
    });
  });

  it('reads variables, and leaves the environment as it is', () => {
    const environment = { PORT: '8080', DOCS_ENABLED: 'false', MAX_NEURON_STEPS: '1000000', COMPUTE_BACKEND: 'reference', UNRELATED: 'x' };
    const copy = { ...environment };
    expect(loadConfig(environment)).toMatchObject({
      port: 8080,
      docs: false,
      limits: { neuronSteps: 1e6 },
      compute: { backend: 'reference' },
    });
    expect(environment).toEqual(copy);
  });

  it.each([
    ['PORT', 'http', 'PORT="http": must be a whole number from 0 to 65535 (default 3000)'],
    ['PORT', '70000', 'PORT="70000": must be a whole number from 0 to 65535'],
    ['PORT', '', 'PORT="": must be a whole number'],
    ['PORT', '80.5', 'PORT="80.5": must be a whole number'],
    ['PROCESSES', '0', 'PROCESSES="0": must be a whole number from 1 to 256 (default 1)'],
    ['PROCESSES', 'auto', 'PROCESSES="auto": must be a whole number'],
    ['PROCESSES', '257', 'PROCESSES="257": must be a whole number'],
    ['HOST', '', 'HOST="": must be a non-empty text'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL="loud": must be one of fatal, error, warn, info, debug, trace, silent (default info)'],
    ['MAX_BODY_BYTES', '64MiB', 'MAX_BODY_BYTES="64MiB": must be a whole number from 1024 to 536870888'],
    ['MAX_NEURON_STEPS', '0', 'MAX_NEURON_STEPS="0": must be a number from 1'],
    ['MAX_REFERENCE_NEURON_STEPS', '-1', 'MAX_REFERENCE_NEURON_STEPS="-1": must be a number from 1'],
    ['MAX_RESULT_VALUES', '1e99', 'MAX_RESULT_VALUES="1e99": must be a whole number'],
    [
      'MAX_NEURON_STEPS',
      'Infinity',
      'MAX_NEURON_STEPS="Infinity": must be a number from 1 to 9007199254740991 (default 10000000000), in decimal digits',
    ],
    ['MAX_NEURON_STEPS', '0x10', 'MAX_NEURON_STEPS="0x10": must be a number from 1'],
    ['MAX_NEURON_STEPS', '1e3', 'MAX_NEURON_STEPS="1e3": must be a number from 1'],
    ['MAX_STREAMED_VALUES', ' 5', 'MAX_STREAMED_VALUES=" 5": must be a number from 1'],
    ['PORT', '0x50', 'PORT="0x50": must be a whole number from 0 to 65535 (default 3000), in decimal digits'],
    ['PORT', '1e3', 'PORT="1e3": must be a whole number'],
    ['MAX_CONNECTIONS', '4.0', 'MAX_CONNECTIONS="4.0": must be a whole number'],
    ['COMPUTE_BACKEND', 'cuda', 'COMPUTE_BACKEND="cuda": must be one of auto, tensorflow, wasm, reference (default auto)'],
    ['COMPUTE_THREADS', '0', 'COMPUTE_THREADS="0": must be a whole number from 1'],
    [
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'localhost:4318',
      'OTEL_EXPORTER_OTLP_ENDPOINT="localhost:4318": must be an http or https URL (default none)',
    ],
    ['DOCS_ENABLED', 'yes', 'DOCS_ENABLED="yes": must be true or false (default true)'],
    ['METRICS_ENABLED', '', 'METRICS_ENABLED="": must be true or false'],
    ['OPERATION_PORT', '70000', 'OPERATION_PORT="70000": must be a whole number from 0 to 65535'],
    ['OPERATION_PORT', '3000', 'OPERATION_PORT=3000: must be another port than PORT'],
    ['RATE_LIMIT_MAX', '-1', 'RATE_LIMIT_MAX="-1": must be a whole number from 0'],
    ['RATE_LIMIT_WINDOW_MS', '1', 'RATE_LIMIT_WINDOW_MS="1": must be a whole number from 100'],
    ['TRUST_PROXY', 'true', 'TRUST_PROXY="true": must be addresses of proxies'],
    ['TRUST_PROXY', '1', 'TRUST_PROXY="1": must be addresses of proxies'],
    ['TRUST_PROXY', '10.0.0.0/33', 'TRUST_PROXY="10.0.0.0/33": must be addresses'],
    [
      'TRUST_PROXY',
      '0.0.0.0/0',
      'TRUST_PROXY="0.0.0.0/0": must be addresses of proxies, subnets such as 10.0.0.0/8 (not of 0 bits, which is everyone)',
    ],
    ['TRUST_PROXY', '::/0', 'TRUST_PROXY="::/0": must be addresses'],
    ['TRUST_PROXY', 'fe80::1%eth0', 'must be addresses'],
    ['TRUST_PROXY', '127.0.0.1, ::1', 'separated by commas alone'],
    ['TRUST_PROXY', '', 'TRUST_PROXY="": must be addresses'],
    ['CORS_ORIGINS', 'lab.example', 'CORS_ORIGINS="lab.example": must be origins such as https://lab.example'],
    ['CORS_ORIGINS', 'https://lab.example/', 'without a path'],
    ['CORS_ORIGINS', 'https://*.example', 'without a path or a wildcard'],
    ['CORS_ORIGINS', 'https://lab.example,*', 'or * for all'],
    ['CORS_ORIGINS', '', 'CORS_ORIGINS="": must be origins'],
    ['RATE_LIMIT_REDIS_URL', '', 'RATE_LIMIT_REDIS_URL: must be a URL such as redis://localhost:6379'],
    ['RATE_LIMIT_REDIS_URL', 'localhost:6379', 'RATE_LIMIT_REDIS_URL: must be a URL'],
    ['RATE_LIMIT_REDIS_URL', 'http://localhost:6379', 'RATE_LIMIT_REDIS_URL: must be a URL'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(message);
  });

  it('refuses what does not go together', () => {
    expect(() => loadConfig({ PROCESSES: '2', COMPUTE_BACKEND: 'tensorflow', OPERATION_PORT: '3000' })).toThrow(
      /OPERATION_PORT=3000: must be another port[^]*PROCESSES=2: must be 1 with COMPUTE_BACKEND=tensorflow/,
    );
    expect(loadConfig({ PROCESSES: '2', COMPUTE_BACKEND: 'wasm' }).processes).toBe(2);
    expect(loadConfig({ PROCESSES: '1', COMPUTE_BACKEND: 'tensorflow' }).compute.backend).toBe('tensorflow');
  });

  it('takes an empty OTEL_EXPORTER_OTLP_ENDPOINT for none', () => {
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }).tracing.endpoint).toBeUndefined();
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).tracing.endpoint).toBe('http://collector:4318');
  });

  it('names everything that is wrong at once', () => {
    expect(() => loadConfig({ PORT: 'x', HOST: '', LOG_LEVEL: 'y' })).toThrow(/PORT="x"[^]*HOST=""[^]*LOG_LEVEL="y"|HOST[^]*PORT/);
    expect(() => loadConfig({ PORT: 'x', API_KEYS: '', CORS_ORIGINS: 'y' })).toThrow(/PORT="x"[^]*API_KEYS: [^]*CORS_ORIGINS="y"/);
  });

  it('reads what guards the service', () => {
    const { security } = loadConfig({
      RATE_LIMIT_MAX: '5',
      TRUST_PROXY: 'loopback,10.0.0.0/8,fd00::/8,192.0.2.1',
      CORS_ORIGINS: 'https://lab.example,http://localhost:5173',
    });
    expect(security).toEqual({
      keyDigests: [],
      rateLimit: { max: 5, windowMs: 60_000, redisUrl: undefined },
      trustProxy: ['loopback', '10.0.0.0/8', 'fd00::/8', '192.0.2.1'],
      corsOrigins: ['https://lab.example', 'http://localhost:5173'],
    });
    expect(loadConfig({ CORS_ORIGINS: '*' }).security.corsOrigins).toBe('*');
  });
});

describe('API_KEYS', () => {
  const keys = ['correct-horse-battery', 'a.b_c~d+e/f-0123=='];

  it('are kept as digests, each once', () => {
    const config = loadConfig({ API_KEYS: [...keys, keys[0]].join(',') });
    expect(config.security.keyDigests.map((digest) => digest.toString('hex'))).toEqual(
      keys.map((key) => createHash('sha256').update(key).digest('hex')),
    );
    expect(inspect(config, { depth: null })).not.toMatch(/horse|a\.b_c/);
  });

  it.each([
    ['', 'key 1 is empty'],
    [`${keys[0]},`, 'key 2 is empty'],
    [`${keys[0]},,short-secret`, 'key 2 is empty, key 3 has only 12 characters'],
    [`${keys[0]}, another-long-secret`, 'key 2 has a character that a bearer key cannot have'],
    ['a long secret with words', 'key 1 has a character that a bearer key cannot have'],
  ])('%j are refused without being shown', (API_KEYS, message) => {
    const refusal = () => loadConfig({ API_KEYS });
    expect(refusal).toThrow(ConfigError);
    expect(refusal).toThrow(message);
    expect(refusal).not.toThrow(/horse|secret/);
  });
});

it('RATE_LIMIT_REDIS_URL is read, and refused without its password being shown', () => {
  const url = 'rediss://user:hidden@cache.example:6380/1';
  expect(loadConfig({ RATE_LIMIT_MAX: '5', RATE_LIMIT_REDIS_URL: url }).security.rateLimit?.redisUrl).toBe(url);
  expect(() => loadConfig({ RATE_LIMIT_REDIS_URL: url.replace('rediss', 'https') })).not.toThrow(/hidden/);
});

describe('shareOf', () => {
  it('divides what the service may use, and not what a request may', () => {
    const config = loadConfig({
      PROCESSES: '4',
      COMPUTE_THREADS: '10',
      MAX_MEMORY_BYTES: '8000002',
      MAX_CONNECTIONS: '10',
      MAX_QUEUE_MS: '700',
      RATE_LIMIT_MAX: '11',
    });
    const share = shareOf(config);
    expect(share).toMatchObject({
      connections: 2,
      compute: { threads: 3, memoryBytes: 2e6, maxQueueWaitMs: 700 },
      cachedTensorBytes: Math.floor(config.cachedTensorBytes / config.processes),
      limits: config.limits,
      security: { ...config.security, rateLimit: { max: 2 } },
    });
  });

  it('leaves at least one of everything, and no limit where there is none', () => {
    expect(shareOf(loadConfig({ PROCESSES: '8', COMPUTE_THREADS: '1', MAX_CONNECTIONS: '3', RATE_LIMIT_MAX: '5' }))).toMatchObject({
      connections: 1,
      compute: { threads: 1 },
      security: { rateLimit: { max: 1 } },
    });
    expect(shareOf(loadConfig({ PROCESSES: '8', MAX_CONNECTIONS: '0' })).connections).toBe(0);
  });

  it('a large job has two processors at least, where there are two', () => {
    expect(shareOf(loadConfig({ PROCESSES: '8', COMPUTE_THREADS: '8' })).compute.threads).toBe(2);
  });

  it('several processes compute without TensorFlow', () => {
    const backendOf = (backend: string) => shareOf(loadConfig({ PROCESSES: '2', COMPUTE_BACKEND: backend })).compute.backend;
    expect(['auto', 'wasm', 'reference'].map(backendOf)).toEqual(['wasm', 'wasm', 'reference']);
  });

  it('does not divide a limit that Redis counts', () => {
    const config = loadConfig({ PROCESSES: '4', RATE_LIMIT_MAX: '11', RATE_LIMIT_REDIS_URL: 'redis://localhost' });
    expect(shareOf(config).security).toEqual(config.security);
  });
});
