import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { ConfigError, loadConfig } from '../../src/config.ts';

describe('loadConfig', () => {
  it('has defaults for everything', () => {
    expect(loadConfig({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      logLevel: 'info',
      docs: true,
      limits: { bodyBytes: 64 * 2 ** 20, neuronSteps: 1e10, referenceNeuronSteps: 1e7, resultValues: 2 ** 25, streamedValues: 2 ** 28 },
      compute: { backend: 'auto', threads: availableParallelism() },
      tracing: { endpoint: undefined },
      connections: 20_000,
      timeouts: { keepAliveMs: 72_000, requestMs: 60_000, headersMs: 15_000, receiveMs: 60_000, sendMs: 60_000, drainDelayMs: 1000, shutdownMs: 30_000 },
    });
  });

  it('reads variables, and leaves the environment as it is', () => {
    const environment = { PORT: '8080', DOCS_ENABLED: 'false', MAX_NEURON_STEPS: '1e6', COMPUTE_BACKEND: 'reference', UNRELATED: 'x' };
    const copy = { ...environment };
    expect(loadConfig(environment)).toMatchObject({ port: 8080, docs: false, limits: { neuronSteps: 1e6 }, compute: { backend: 'reference' } });
    expect(environment).toEqual(copy);
  });

  it.each([
    ['PORT', 'http', 'PORT="http": must be a whole number from 0 to 65535 (default 3000)'],
    ['PORT', '70000', 'PORT="70000": must be a whole number from 0 to 65535'],
    ['PORT', '', 'PORT="": must be a whole number'],
    ['PORT', '80.5', 'PORT="80.5": must be a whole number'],
    ['HOST', '', 'HOST="": must be a non-empty text'],
    ['LOG_LEVEL', 'loud', 'LOG_LEVEL="loud": must be one of fatal, error, warn, info, debug, trace, silent (default info)'],
    ['MAX_BODY_BYTES', '64MiB', 'MAX_BODY_BYTES="64MiB": must be a whole number from 1024 to 536870888'],
    ['MAX_NEURON_STEPS', '0', 'MAX_NEURON_STEPS="0": must be a number from 1'],
    ['MAX_REFERENCE_NEURON_STEPS', '-1', 'MAX_REFERENCE_NEURON_STEPS="-1": must be a number from 1'],
    ['MAX_RESULT_VALUES', '1e99', 'MAX_RESULT_VALUES="1e99": must be a whole number'],
    ['COMPUTE_BACKEND', 'cuda', 'COMPUTE_BACKEND="cuda": must be one of auto, tensorflow, wasm, reference (default auto)'],
    ['COMPUTE_THREADS', '0', 'COMPUTE_THREADS="0": must be a whole number from 1'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'localhost:4318', 'OTEL_EXPORTER_OTLP_ENDPOINT="localhost:4318": must be an http or https URL (default none)'],
    ['DOCS_ENABLED', 'yes', 'DOCS_ENABLED="yes": must be true or false (default true)'],
  ])('refuses %s=%s', (name, value, message) => {
    expect(() => loadConfig({ [name]: value })).toThrow(ConfigError);
    expect(() => loadConfig({ [name]: value })).toThrow(message);
  });

  it('takes an empty OTEL_EXPORTER_OTLP_ENDPOINT for none', () => {
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: '' }).tracing.endpoint).toBeUndefined();
    expect(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' }).tracing.endpoint).toBe('http://collector:4318');
  });

  it('names everything that is wrong at once', () => {
    expect(() => loadConfig({ PORT: 'x', HOST: '', LOG_LEVEL: 'y' })).toThrow(/PORT="x"[^]*HOST=""[^]*LOG_LEVEL="y"|HOST[^]*PORT/);
  });
});
