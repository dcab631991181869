import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Backend } from '../../../src/compute/engine/backend.ts';
import { BackendUnavailableError, ComputeError, OutOfMemoryError } from '../../../src/compute/engine/errors.ts';
import type { BackendOpener } from '../../../src/compute/engine/backend-supervisor.ts';
import { never, type CrossOvers } from '../../../src/compute/engine/cross-over.ts';
import { Engine, type EngineEvents, type EngineOptions } from '../../../src/compute/engine/engine.ts';
import { FakeBackend, FakeOpener } from './fake-backend.ts';
import { gradJob, simulateJob } from './jobs.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const fromAThousand = { elements: 1000, neurons: 10 };
const crossOvers: CrossOvers = {
  lif_grad: fromAThousand,
  lif_jvp: never,
  lif_simulate: never,
  surrogate_grad: never,
  surrogate_eval: never,
};
const small = gradJob(2, 3);
const large = gradJob(100, 100);

type Event = { [Name in keyof EngineEvents]: [Name, ...EngineEvents[Name]] }[keyof EngineEvents];

/** An engine whose TensorFlow is faster from a thousand neuron-steps on, and its events. */
function engineOf(backends: readonly (Backend | BackendOpener)[], options: EngineOptions = {}): { engine: Engine; events: Event[] } {
  const engine = new Engine(backends, { measure: () => Promise.resolve(crossOvers), ...options });
  const events: Event[] = [];
  for (const name of ['ready', 'failed', 'fallback', 'measured'] as const)
    engine.events.on(name, (...details: unknown[]) => {
      events.push([name, ...details] as Event);
    });
  return { engine, events };
}

/** TensorFlow, wasm and the reference, warm. */
async function warmEngine(tensorflow: FakeOpener, options: EngineOptions = {}) {
  const wasm = new FakeBackend('wasm');
  const reference = new FakeBackend('reference');
  const { engine, events } = engineOf([reference, tensorflow, wasm], options);
  await engine.warm();
  events.length = 0;
  return { engine, events, wasm, reference };
}

const states = (engine: Engine): string => engine.backends.map(({ name, state }) => `${name} ${state}`).join(', ');
const ranOn = async (engine: Engine, ...args: Parameters<Engine['run']>) => {
  const { backend, fallback } = await engine.run(...args);
  return fallback === undefined ? backend.name : `${backend.name} instead of ${fallback.from}: ${fallback.reason}`;
};

describe('an engine with one back-end', () => {
  it('answers small jobs synchronously', () => {
    const { engine } = engineOf([new FakeBackend('wasm')]);
    const answer = engine.run(small);
    expect(answer).not.toBeInstanceOf(Promise);
    expect(answer).toMatchObject({
      backend: { name: 'wasm' },
      fallback: undefined,
      result: [{ loss: expect.any(Float64Array) as Float64Array }],
    });
  });

  it('fails with the error of the back-end, and runs the next job all the same', async () => {
    const wasm = new FakeBackend('wasm');
    const { engine, events } = engineOf([wasm]);
    wasm.failures.push(new ComputeError('a thread ended'));
    await expect(engine.run(small)).rejects.toThrow('a thread ended');
    expect(states(engine)).toBe('wasm out');
    expect(await ranOn(engine, small)).toBe('wasm');
    expect(states(engine)).toBe('wasm ready');
    expect(events.map(([name]) => name)).toEqual(['failed', 'ready']);
  });
});

describe('the router', () => {
  it('chooses by size in auto, and by name on request', async () => {
    const { engine } = await warmEngine(new FakeOpener(new FakeBackend('tensorflow')));
    expect(await ranOn(engine, small)).toBe('wasm');
    expect(await ranOn(engine, large)).toBe('tensorflow');
    expect(await ranOn(engine, simulateJob(100, 100))).toBe('wasm');
    expect(await ranOn(engine, small, { backend: 'tensorflow' })).toBe('tensorflow');
    expect(await ranOn(engine, large, { backend: 'wasm' })).toBe('wasm');
    expect(await ranOn(engine, large, { backend: 'reference' })).toBe('reference');
    expect(await ranOn(engine, { ...large, dtype: 'float64' })).toBe('wasm');
    expect(await ranOn(engine, { ...large, dtype: 'float64' }, { backend: 'reference' })).toBe('reference');
    expect(engine.firstChoice(large)).toBe('tensorflow');
    expect(engine.firstChoice({ ...large, dtype: 'float64' })).toBe('wasm');
    expect(engine.crossOvers).toBe(crossOvers);
  });

  it('skips a back-end that does not accept the job, and leaves it in', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    tensorflow.accepts = ({ kind }) => kind !== 'lif_grad';
    const { engine, events } = await warmEngine(new FakeOpener(tensorflow));
    expect(await ranOn(engine, large)).toBe('wasm');
    expect(events).toEqual([]);
    expect(await ranOn(engine, large, { backend: 'tensorflow' })).toBe('wasm instead of tensorflow: not_accepted');
    expect(events).toEqual([['fallback', 'wasm', { from: 'tensorflow', reason: 'not_accepted' }]]);
    expect(states(engine)).toBe('tensorflow ready, wasm ready, reference ready');
  });

  it('reports a requested back-end that is missing', async () => {
    const { engine } = engineOf([new FakeBackend('wasm'), new FakeBackend('reference')], { preferred: 'wasm' });
    expect(await ranOn(engine, small, { backend: 'tensorflow' })).toBe('wasm instead of tensorflow: not_enabled');
  });
});

describe('a back-end that fails', () => {
  it.each<[string, Error]>([
    ['failed', new ComputeError('CUDA error')],
    ['out_of_memory', new OutOfMemoryError('no memory on the device')],
    ['unavailable', new BackendUnavailableError('gone')],
    ['unexpected', new TypeError('x is not a function')],
  ])('(%s) is out, and the job goes on to the next', async (kind, error) => {
    const tensorflow = new FakeBackend('tensorflow');
    const { engine, events } = await warmEngine(new FakeOpener(tensorflow));
    tensorflow.failures.push(error);
    expect(await ranOn(engine, large)).toBe(`wasm instead of tensorflow: ${kind}`);
    expect(states(engine)).toBe('tensorflow out, wasm ready, reference ready');
    expect(engine.backends[0]!.unavailableReason).toBe(kind);
    expect(events).toEqual([
      ['failed', 'tensorflow', { kind, error, pauseMs: kind === 'unavailable' ? 300_000 : 1000, again: false }],
      ['fallback', 'wasm', { from: 'tensorflow', reason: kind }],
    ]);
    expect(await ranOn(engine, large)).toBe(`wasm instead of tensorflow: ${kind}`);
    expect(await ranOn(engine, small)).toBe('wasm');
    expect(tensorflow.jobs).toHaveLength(1);
  });

  it('passes a job through all of them, and reports the first reason', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const { engine, wasm } = await warmEngine(new FakeOpener(tensorflow));
    tensorflow.failures.push(new ComputeError('CUDA error'));
    wasm.failures.push(new ComputeError('a thread ended'));
    expect(await ranOn(engine, large)).toBe('reference instead of tensorflow: failed');
    expect(states(engine)).toBe('tensorflow out, wasm out, reference ready');
  });

  it('is taken out once by jobs that fail concurrently', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const { engine, events } = await warmEngine(new FakeOpener(tensorflow));
    tensorflow.failures.push(new ComputeError('crashed'), new ComputeError('crashed'), undefined);
    expect(await Promise.all([1, 2, 3].map(() => ranOn(engine, large)))).toEqual([
      'wasm instead of tensorflow: failed',
      'wasm instead of tensorflow: failed',
      'tensorflow',
    ]);
    expect(events.filter(([name]) => name === 'failed')).toHaveLength(1);
    expect(states(engine)).toContain('tensorflow out');
  });
});

describe('a back-end that is out', () => {
  it('is closed, reopened and warmed after its pause, and no job waits for it', async () => {
    const first = new FakeBackend('tensorflow');
    const second = new FakeBackend('tensorflow');
    let warmed!: () => void;
    second.onWarm = () =>
      new Promise((resolve) => {
        warmed = resolve;
      });
    const opener = new FakeOpener(first, second);
    const { engine, events } = await warmEngine(opener);
    first.failures.push(new ComputeError('crashed'));
    await engine.run(large);

    await vi.advanceTimersByTimeAsync(999);
    expect(opener.opened).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(first.closed).toBe(true);
    expect(states(engine)).toContain('tensorflow warming');
    expect(await ranOn(engine, large)).toBe('wasm instead of tensorflow: warming');
    warmed();
    await vi.advanceTimersByTimeAsync(0);
    expect(states(engine)).toContain('tensorflow ready');
    expect(events.at(-1)).toEqual(['ready', second.info, true]);
    expect(await ranOn(engine, large)).toBe('tensorflow');
    expect(second.jobs).toHaveLength(1);
  });

  it('stays open after running out of memory', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const opener = new FakeOpener(tensorflow);
    const { engine } = await warmEngine(opener);
    tensorflow.failures.push(new OutOfMemoryError('no memory on the device'));
    await engine.run(large);
    await vi.advanceTimersByTimeAsync(1000);
    expect(await ranOn(engine, large)).toBe('tensorflow');
    expect(opener.opened).toBe(1);
    expect(tensorflow).toMatchObject({ closed: false, warmed: 1 });
  });

  it('waits twice as long each time, a minute at most, until a job succeeds', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const { engine, events } = await warmEngine(new FakeOpener(tensorflow));
    const pauses = (): number[] => events.flatMap((event) => (event[0] === 'failed' ? [event[2].pauseMs] : []));
    for (let i = 0; i < 8; i++) {
      tensorflow.failures.push(new ComputeError('crashed'));
      await engine.run(large);
      await vi.advanceTimersByTimeAsync(pauses().at(-1)!);
    }
    expect(pauses()).toEqual([1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]);
    expect(await ranOn(engine, large)).toBe('tensorflow');
    tensorflow.failures.push(new ComputeError('crashed'));
    await engine.run(large);
    expect(pauses().at(-1)).toBe(1000);
  });

  it('is retried also when it cannot be opened, which is reported as a repetition', async () => {
    const first = new FakeBackend('tensorflow');
    const { engine, events } = await warmEngine(new FakeOpener(first, new ComputeError('no device'), new FakeBackend('tensorflow')));
    first.failures.push(new ComputeError('crashed'));
    await engine.run(large);
    await vi.advanceTimersByTimeAsync(1000);
    expect(events.at(-1)).toMatchObject(['failed', 'tensorflow', { pauseMs: 2000, again: true }]);
    expect(await ranOn(engine, large)).toBe('wasm instead of tensorflow: failed');
    await vi.advanceTimersByTimeAsync(2000);
    expect(await ranOn(engine, large)).toBe('tensorflow');
  });

  it('is tried with a job that no other runs, if it is resident', async () => {
    const { engine, wasm, reference } = await warmEngine(new FakeOpener(new BackendUnavailableError('not installed')));
    reference.accepts = () => false;
    wasm.failures.push(new ComputeError('a thread ended'));
    await expect(engine.run(large)).rejects.toThrow('a thread ended');
    expect(states(engine)).toContain('wasm out');
    expect(await ranOn(engine, large)).toBe('wasm');
    expect(states(engine)).toContain('wasm ready');
  });

  it('only pauses, if it is resident', async () => {
    const { engine, wasm } = await warmEngine(new FakeOpener(new BackendUnavailableError('not installed')));
    wasm.failures.push(new ComputeError('a thread ended'));
    expect(await ranOn(engine, small)).toBe('reference instead of wasm: failed');
    expect(await ranOn(engine, small)).toBe('reference instead of wasm: failed');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await ranOn(engine, small)).toBe('wasm');
    expect(wasm).toMatchObject({ closed: false, warmed: 1 });
  });
});

describe('memory that wasm lacks', () => {
  it('fails the job, without taking wasm out or trying the reference', async () => {
    const { engine, events, wasm, reference } = await warmEngine(new FakeOpener(new BackendUnavailableError('not installed')));
    wasm.failures.push(new OutOfMemoryError('not enough memory for the job'));
    await expect(engine.run(large)).rejects.toThrow(OutOfMemoryError);
    expect(states(engine)).toContain('wasm ready');
    expect(reference.jobs).toEqual([]);
    expect(events).toEqual([]);
  });

  it('also fails a job that TensorFlow had no memory for', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const { engine, wasm, reference } = await warmEngine(new FakeOpener(tensorflow));
    tensorflow.failures.push(new OutOfMemoryError('no memory on the device'));
    wasm.failures.push(new OutOfMemoryError('not enough memory for the job'));
    await expect(engine.run(large)).rejects.toThrow('not enough memory for the job');
    expect(reference.jobs).toEqual([]);
    expect(states(engine)).toBe('tensorflow out, wasm ready, reference ready');
  });
});

describe('warming', () => {
  it('begins with resident back-ends, then opens, warms and measures the others', async () => {
    const wasm = new FakeBackend('wasm');
    const tensorflow = new FakeBackend('tensorflow');
    tensorflow.onWarm = () => {
      expect(wasm.warmed).toBe(1);
      return Promise.resolve();
    };
    const { engine, events } = engineOf([wasm, new FakeOpener(tensorflow)]);
    expect(states(engine)).toBe('tensorflow warming, wasm warming');
    expect(await ranOn(engine, large)).toBe('wasm');
    expect(await ranOn(engine, large, { backend: 'tensorflow' })).toBe('wasm instead of tensorflow: warming');
    events.length = 0;
    await engine.warm();
    expect(events).toEqual([
      ['ready', wasm.info, false],
      ['measured', tensorflow.info, crossOvers],
      ['ready', tensorflow.info, false],
    ]);
    expect(engine.backends).toEqual([
      { ...tensorflow.info, state: 'ready' },
      { ...wasm.info, state: 'ready' },
    ]);
  });

  it('does not fail without an optional library, which is retried after five minutes', async () => {
    const error = new BackendUnavailableError('not installed');
    const opener = new FakeOpener(error);
    const { engine, events } = engineOf([new FakeBackend('wasm'), opener]);
    await engine.warm();
    expect(engine.backends[0]).toEqual({
      name: 'tensorflow',
      device: 'unknown',
      dtype: 'float32',
      state: 'out',
      unavailableReason: 'unavailable',
    });
    expect(events.at(-1)).toEqual(['failed', 'tensorflow', { kind: 'unavailable', error, pauseMs: 300_000, again: false }]);
    expect(await ranOn(engine, large)).toBe('wasm');
    await vi.advanceTimersByTimeAsync(299_999);
    expect(opener.opened).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(opener.opened).toBe(2);
    expect(events.at(-1)).toEqual(['failed', 'tensorflow', { kind: 'unavailable', error, pauseMs: 300_000, again: true }]);
  });

  it('reports in each answer that the preferred back-end is missing', async () => {
    const { engine } = await warmEngine(new FakeOpener(new BackendUnavailableError('not installed')), { preferred: 'tensorflow' });
    expect(await ranOn(engine, small)).toBe('wasm instead of tensorflow: unavailable');
    expect(await ranOn(engine, small, { backend: 'auto' })).toBe('wasm');
  });

  it('limits the wait for a back-end to be opened', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    let warmed!: () => void;
    tensorflow.onWarm = () =>
      new Promise((resolve) => {
        warmed = resolve;
      });
    const { engine } = engineOf([new FakeBackend('wasm'), new FakeOpener(tensorflow)]);
    let isWarm = false;
    const warming = engine.warm().then(() => {
      isWarm = true;
    });
    await vi.advanceTimersByTimeAsync(59_999);
    expect(isWarm).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    await warming;
    expect(states(engine)).toBe('tensorflow warming, wasm ready');
    warmed();
    await vi.advanceTimersByTimeAsync(0);
    expect(await ranOn(engine, large)).toBe('tensorflow');
  });

  it('fails with a resident back-end, which is retried later', async () => {
    const wasm = new FakeBackend('wasm');
    wasm.onWarm = () => (wasm.warmed === 1 ? Promise.reject(new Error('no SIMD')) : Promise.resolve());
    const { engine } = engineOf([wasm]);
    await expect(engine.warm()).rejects.toThrow('no SIMD');
    expect(states(engine)).toBe('wasm out');
    await vi.advanceTimersByTimeAsync(1000);
    expect(states(engine)).toBe('wasm ready');
    expect(wasm.warmed).toBe(2);
  });

  it('takes out a back-end that fails while it is measured', async () => {
    const opener = new FakeOpener(new FakeBackend('tensorflow'));
    const measure = vi.fn(() => Promise.resolve(crossOvers)).mockRejectedValueOnce(new ComputeError('CUDA error'));
    const { engine } = await warmEngine(opener, { measure });
    expect(states(engine)).toContain('tensorflow out');
    expect(await ranOn(engine, large)).toBe('wasm');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await ranOn(engine, large)).toBe('tensorflow');
  });

  it('measures again only when the device is another one', async () => {
    const backends = [new FakeBackend('tensorflow'), new FakeBackend('tensorflow'), new FakeBackend('tensorflow', { device: 'cpu' })];
    const measure = vi.fn(() => Promise.resolve(crossOvers));
    const { engine } = await warmEngine(new FakeOpener(...backends), { measure });
    for (const [backend, measured] of [
      [backends[0]!, 1],
      [backends[1]!, 2],
    ] as const) {
      backend.failures.push(new ComputeError('crashed'));
      await engine.run(large);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(measure).toHaveBeenCalledTimes(measured);
    }
    expect(await ranOn(engine, large)).toBe('tensorflow');
  });
});

describe('closing', () => {
  it('closes open back-ends, and stops retrying', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    const opener = new FakeOpener(tensorflow);
    const { engine, wasm, reference } = await warmEngine(opener);
    tensorflow.failures.push(new ComputeError('crashed'));
    await engine.run(large);
    await engine.close();
    expect([tensorflow.closed, wasm.closed, reference.closed]).toEqual([true, true, true]);
    await vi.advanceTimersByTimeAsync(600_000);
    expect(opener.opened).toBe(1);
  });

  it('closes a back-end that is being opened', async () => {
    const tensorflow = new FakeBackend('tensorflow');
    let open!: () => void;
    const opener: BackendOpener = {
      info: tensorflow.info,
      open: () =>
        new Promise((resolve) => {
          open = () => {
            resolve(tensorflow);
          };
        }),
    };
    const { engine, events } = engineOf([opener]);
    const warming = engine.warm();
    await vi.advanceTimersByTimeAsync(0);
    const closing = engine.close();
    open();
    await Promise.all([closing, warming]);
    expect(tensorflow).toMatchObject({ closed: true, warmed: 0 });
    expect(events).toEqual([]);
  });
});
