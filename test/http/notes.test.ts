import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { noteCodes, type Note } from '../../src/schemas/note-types.ts';
import { announce, frame, unframe } from './framing.ts';
import { Service } from './service.ts';

interface Answer {
  meta: { dtype: string; notes?: Note[] };
  results?: { grad: { current: number[] } }[];
  spike_times?: number[][];
}

let service: Service;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(() => service.stop());

async function answerTo(path: string, body: object): Promise<Answer> {
  const { status, body: answer } = await service.post<Answer>(path, body);
  expect(status, JSON.stringify(answer)).toBe(200);
  return answer;
}
const notesOf = async (path: string, body: object) => (await answerTo(path, body)).meta.notes;
const simulated = (body: object) => notesOf('/lif/simulate', body);
const differentiated = (body: object) => notesOf('/lif/grad', body);
const codesOf = (notes: readonly Note[] | undefined) => (notes ?? []).map(({ code }) => code);

/** Rows of the same numbers. */
const rows = (count: number, row: readonly number[]): number[][] => Array.from({ length: count }, () => [...row]);
const filled = (count: number, value: number): number[] => new Array<number>(count).fill(value);

describe('answers have no notes', () => {
  const anchors: [string, object][] = [
    ['/surrogate/grad', { x: 0, surrogate: { name: 'sigmoid', alpha: 4 } }],
    ['/lif/simulate', { current: 1.5, steps: 500 }],
    ['/lif/grad', { current: { linspace: [0.5, 2.5, 50] }, steps: 100 }],
  ];
  it.each(anchors)('%s, the anchor %j', async (path, body) => {
    expect(await answerTo(path, body)).not.toHaveProperty('meta.notes');
  });
});

describe('a step longer than a time constant', () => {
  it('in ms', async () => {
    expect(await simulated({ current: 0.5, steps: 50, dt: 1, neuron: { tau: 0.8 } })).toEqual([
      { code: 'long_step', message: 'a step of 1 ms is longer than the time constant of tau, 0.8 ms; tau is in ms', path: '/neuron/tau' },
    ]);
    expect(await simulated({ current: 0.5, steps: 50, dt: 1, neuron: { tau: [10, 0.8, 5] } })).toMatchObject([{ code: 'long_step' }]);
    expect(await simulated({ current: 0.5, steps: 50, dt: 1, neuron: { tau: 1 } })).toBeUndefined();
    expect(await simulated({ current: 0.5, steps: 50, dt: 1, neuron: { tau: null } })).toBeUndefined();
  });

  it("in a library's units", async () => {
    expect(await simulated({ current: 0.5, steps: 50, neuron: { model: 'norse.LIF', tau_mem_inv: 2000 } })).toEqual([
      {
        code: 'long_step',
        message: 'a step of 0.001 s is longer than the time constant of 1 / tau_mem_inv, 0.0005 s',
        path: '/neuron/tau_mem_inv',
      },
    ]);
    expect(await simulated({ current: 0.5, steps: 50, neuron: { model: 'norse.LIF', tau_mem_inv: 1000 } })).toBeUndefined();
    const sinabs = (tau_mem: number) => simulated({ current: 0.1, steps: 50, neuron: { model: 'sinabs.LIF', tau_mem } });
    expect(await sinabs(0.02)).toMatchObject([{ code: 'long_step', message: expect.stringContaining('0.02 steps') as string }]);
    expect(await sinabs(20)).toBeUndefined();
  });
});

describe('a start above the threshold', () => {
  const inMillivolts = { v_rest: -65, v_reset: -65, v_threshold: -50 };

  it('of a neuron in mV without v_init', async () => {
    expect(await simulated({ current: 0, steps: 50, neuron: inMillivolts })).toEqual([
      {
        code: 'starts_above_threshold',
        message:
          'the neuron starts at 0, which is not below v_threshold = -50, and can fire before any input; v_init is 0 unless given, in mV too',
        path: '/neuron/v_init',
      },
    ]);
    expect(await simulated({ current: 0, steps: 50, neuron: { ...inMillivolts, v_init: -65 } })).toBeUndefined();
  });

  it('by v_init, for any of the neurons', async () => {
    expect(await simulated({ current: 0, steps: 50, neuron: { v_init: [0, 0.5, 1] } })).toMatchObject([
      {
        code: 'starts_above_threshold',
        message: expect.stringMatching(/^neuron 2 starts at 1, which is not below v_threshold = 1/) as string,
      },
    ]);
    expect(await simulated({ current: 0, steps: 50, neuron: { v_init: [0, 0.5, 0.999] } })).toBeUndefined();
  });

  it('but not of a run that goes on where the membrane is reset later, or never', async () => {
    expect(await simulated({ current: 0, steps: 50, neuron: { reset: 'none' }, state: { v: 1.2 } })).toBeUndefined();
    const leaky = { model: 'snntorch.Leaky', beta: 0.9 };
    expect(await simulated({ current: 0, steps: 50, neuron: leaky, state: { v: 1.2 } })).toBeUndefined();
    expect(codesOf(await simulated({ current: 0, steps: 5, neuron: { ...leaky, threshold: -1 } }))).toEqual(['starts_above_threshold']);
  });
});

describe('rows that look like steps', () => {
  it('as a list as long as the run', async () => {
    expect(await simulated({ current: [0, 0, 1, 1, 0], steps: 5 })).toEqual([
      {
        code: 'time_as_neurons',
        message: 'has 5 values, one for each of 5 neurons, and as many steps; one value for each step of a neuron is [[...]]',
        path: '/current',
      },
    ]);
    expect(await simulated({ current: filled(100, 0.5), steps: 100 })).toMatchObject([{ code: 'time_as_neurons' }]);
    const usual: object[] = [
      { current: [0, 0, 1, 1, 0], steps: 6 },
      { current: [0, 0.1, 0.2, 0.3, 0.4], steps: 5 },
      { current: { linspace: [0, 1, 50] }, steps: 50 },
      { current: [0, 0, 1, 1, 0], steps: 5, neuron: { tau: [10, 11, 12, 13, 14] } },
    ];
    for (const body of usual) expect(await simulated(body), JSON.stringify(body)).toBeUndefined();
  });

  it('as many rows of a few steps', async () => {
    expect(await simulated({ current: rows(200, filled(20, 0.5)) })).toEqual([
      {
        code: 'time_as_neurons',
        message:
          'has 200 rows of 20: 200 neurons that run for 20 steps; time goes along the last axis, with "time_axis": 0 along the first',
        path: '/current',
      },
    ]);
    expect(await simulated({ current: rows(10, [0.5]) })).toMatchObject([{ code: 'time_as_neurons' }]);
    const usual: object[] = [
      { current: rows(199, filled(20, 0.5)) },
      // Long enough for the membrane to follow.
      { current: rows(1000, filled(50, 0.5)) },
      { current: rows(200, filled(20, 0.5)), dt: 1 },
      { current: rows(200, filled(20, 0.5)), neuron: { model: 'spikingjelly.LIFNode' } },
      // One step at a time.
      { current: rows(10, [0.5]), record: ['state'] },
      { current: rows(10, [0.5]), state: { v: filled(10, 0.2) } },
    ];
    for (const body of usual) expect(codesOf(await simulated(body)), JSON.stringify(body).slice(-100)).not.toContain('time_as_neurons');
  });
});

it('refractoriness that is rounded to 0 steps', async () => {
  expect(await simulated({ current: 1.2, steps: 50, dt: 1, neuron: { refractory: 0.4 } })).toEqual([
    {
      code: 'refractory_rounded',
      message: '0.4 ms is less than half a step of 1 ms: rounded to 0 steps, it has no effect',
      path: '/neuron/refractory',
    },
  ]);
  for (const refractory of [0, 0.5, 2]) expect(await simulated({ current: 1.2, steps: 50, dt: 1, neuron: { refractory } })).toBeUndefined();
});

describe('rates at their limit', () => {
  it('neurons that fire in every step that is possible', async () => {
    expect(await simulated({ current: 100, steps: 50, dt: 1 })).toEqual([
      {
        code: 'saturated',
        message: 'the neuron fires in every step that is possible, 50 times, at 1000 Hz: the rate does not depend on the input any more',
        path: '/current',
      },
    ]);
    expect(await simulated({ current: 100, steps: 50, dt: 1, neuron: { refractory: 2 }, record: ['firing_rates'] })).toMatchObject([
      { code: 'saturated', message: expect.stringContaining('17 times, at 340 Hz') as string },
    ]);
    expect(codesOf(await differentiated({ current: [100, 100, 0.5], steps: 50, dt: 1 }))).toEqual(['saturated']);
  });

  it('but not the end of a range, a short run, or several spikes in a step', async () => {
    expect(await simulated({ current: [0.5, 100], steps: 50, dt: 1 })).toBeUndefined();
    expect(await simulated({ current: 100, steps: 9, dt: 1 })).toBeUndefined();
    expect(await simulated({ current: 5, steps: 50, dt: 1, neuron: { refractory: 2 } })).toBeUndefined();
    expect(await simulated({ current: 30, steps: 50, neuron: { model: 'sinabs.IAF' } })).toBeUndefined();
  });

  it('a target that is out of reach', async () => {
    const towards = (target: unknown, neuron: object = {}) =>
      differentiated({ current: [1.5, 2], steps: 500, neuron, loss: { type: 'firing_rate_mse', target } });
    expect(await towards(10_001)).toEqual([
      {
        code: 'unreachable_rate',
        message: '10001 Hz is above the 10000 Hz that the neuron reaches when it fires in every step that it can',
        path: '/loss/target',
      },
    ]);
    expect(await towards(10_000)).toBeUndefined();
    expect(await towards([50, 600], { refractory: 1.9 })).toMatchObject([{ code: 'unreachable_rate' }]);
    expect(await towards([50, 500], { refractory: 1.9 })).toBeUndefined();
  });
});

describe('a gradient that grows through the reset', () => {
  const grown = { current: [2.2], steps: 50, surrogate: 'snntorch.spike_rate_escape' };

  it('is found where float32 has another number than float64', async () => {
    const { results, meta } = await answerTo('/lif/grad', grown);
    expect(results![0]!.grad.current).toEqual([-1220272.5]);
    expect(meta.notes).toEqual([
      {
        code: 'gradient_growth',
        message:
          'with snntorch.spike_rate_escape, the gradient of current of neuron 0 is -1220272.5 in float32 and 95520.57 in float64: it grows from step to step through the reset, and its rounding with it; "detach_reset": true stops that',
        path: '/detach_reset',
      },
    ]);
    const float64 = await answerTo('/lif/grad', { ...grown, dtype: 'float64' });
    expect(float64.results![0]!.grad.current[0]).toBeCloseTo(95520.57, 2);
    expect(float64.meta.notes).toBeUndefined();
    expect(await differentiated({ ...grown, detach_reset: true })).toBeUndefined();
  });

  it('of one surrogate or neuron among others, and of a sum', async () => {
    for (const changes of [
      { surrogate: ['sigmoid', grown.surrogate] },
      { current: [0.5, 0.6, 2.2] },
      { current: 2.2, neuron: { tau: [10, 20] }, wrt: ['current', 'tau'] },
      { loss: { type: 'cotangent', spikes: [filled(50, 1)] } },
      { loss: { type: 'firing_rate_mse', target: 1 } },
    ]) {
      const notes = await differentiated({ ...grown, ...changes });
      expect(notes, JSON.stringify(changes)).toMatchObject([
        { code: 'gradient_growth', message: expect.stringMatching(/^with snntorch\.spike_rate_escape, the gradient of/) as string },
      ]);
    }
  });

  it('among more numbers than are looked at in one go', async () => {
    const current = rows(2000, filled(50, 0.3));
    current[1500] = filled(50, 2.2);
    expect(await differentiated({ ...grown, current })).toMatchObject([
      {
        code: 'gradient_growth',
        message: expect.stringContaining(
          'the gradient of current of neuron 1500 reaches 3.8e+12, and 2.1 with the reset detached',
        ) as string,
      },
    ]);
  });

  it('but not where the loss itself is large', async () => {
    const loss = { type: 'cotangent', v: 1e9 };
    expect(await differentiated({ current: 1.5, steps: 500, loss })).toBeUndefined();
    expect(await differentiated({ current: 1.5, steps: 50, dt: 1, loss: { type: 'firing_rate_mse', target: 900 } })).toBeUndefined();
  });
});

describe('a gradient that is 0, and why', () => {
  const why: [string, object, string, string][] = [
    [
      'the surrogate is 0 wherever the membrane was',
      { current: 0.1, steps: 50, surrogate: { name: 'spyx.boxcar', width: 0.5 } },
      "no neuron fired, and the surrogate's gradient is 0 in float32 at every distance of v_pre from the threshold that occurred",
      '/surrogate',
    ],
    [
      'the run is too short',
      { current: 0.1, steps: 1, surrogate: { name: 'spyx.boxcar', width: 0.5 } },
      'no neuron fired, in a single step, and',
      '/surrogate',
    ],
    ['nothing was reset', { current: 0.1, steps: 50, wrt: ['v_reset'] }, 'no neuron fired, so that nothing was reset', '/current'],
    [
      'the neuron does not use it',
      { current: 1.5, steps: 500, neuron: { reset: 'soft' }, wrt: ['current', 'v_reset'] },
      'the gradient of v_reset is 0: lif with these settings does not use it',
      '/wrt',
    ],
    [
      'the rates are right',
      { current: 1.5, steps: 500, loss: { type: 'firing_rate_mse', target: 80 } },
      'every rate is at its target',
      '/loss/target',
    ],
    [
      'there are no cotangents',
      { current: 1.5, steps: 500, loss: { type: 'cotangent', v: 0 } },
      'all cotangents of the loss are 0',
      '/loss',
    ],
    [
      'spikes are detached',
      { current: 1.5, steps: 500, loss: { type: 'cotangent', v: 1 }, detach_reset: true, wrt: ['v_threshold'] },
      'it acts through spikes alone, of which the loss has no cotangent and the reset none that is differentiated',
      '/loss',
    ],
  ];
  it.each(why)('%s', async (_name, body, text, path) => {
    expect(await differentiated(body)).toEqual([{ code: 'zero_gradient', message: expect.stringContaining(text) as string, path }]);
  });

  it('of one surrogate among others', async () => {
    expect(
      await differentiated({ current: [0.1, 0.2], steps: 50, surrogate: ['sigmoid', { name: 'spyx.boxcar', width: 0.5 }] }),
    ).toMatchObject([
      {
        code: 'zero_gradient',
        message: expect.stringMatching(/^the gradient of current is 0 for all neurons with spyx\.boxcar: /) as string,
      },
    ]);
  });

  it('but not for some neurons or one quantity among others', async () => {
    const narrow = { name: 'spyx.boxcar', width: 0.5 };
    expect(await differentiated({ current: [0.1, 1.5], steps: 500, surrogate: narrow })).toBeUndefined();
    expect(await differentiated({ current: 0.1, steps: 50, wrt: ['current', 'v_reset'] })).toBeUndefined();
    expect(await differentiated({ current: [], steps: 50 })).toBeUndefined();
  });

  it('among more numbers than are looked at in one go', async () => {
    const current = rows(2000, filled(50, 0.1));
    const surrogate = { name: 'spyx.boxcar', width: 0.5 };
    expect(codesOf(await differentiated({ current, surrogate }))).toEqual(['zero_gradient']);
    current[1999] = filled(50, 5);
    expect(await differentiated({ current, surrogate })).toBeUndefined();
  });
});

describe('times of long runs', () => {
  const long = { current: 1.5, steps: 25_000_000, neuron: { refractory: 100_000.3 }, record: ['spike_times'] };

  it('are right to the step in JSON', async () => {
    const { spike_times, meta } = await answerTo('/lif/simulate', long);
    // 109 steps to a spike, and a million of refractoriness behind it.
    const times = Array.from({ length: 25 }, (_, i) => (109 + 1_000_113 * i) / 10);
    expect(spike_times).toEqual([times]);
    expect(times.filter((time) => Math.round(10 * Math.fround(time)) !== Math.round(10 * time))).not.toEqual([]);
    expect(meta.notes).toBeUndefined();
  });

  it('are rounded as float32, with a note', async () => {
    const { meta } = await unframe<Answer>(await service.send('/lif/simulate', frame(long), { accept: 'application/octet-stream' }));
    expect(meta.notes).toEqual([
      {
        code: 'rounded_times',
        message: 'spike_times as float32 do not tell the last of 25000000 steps apart; JSON and "dtype": "float64" do',
        path: '/dtype',
      },
    ]);
    const short = frame({ ...long, steps: 2 ** 23 });
    expect(
      (await unframe<Answer>(await service.send('/lif/simulate', short, { accept: 'application/octet-stream' }))).meta.notes,
    ).toBeUndefined();
  });
});

it('gradients of a smooth run with losses of their own are not judged by the loss of one of them', async () => {
  const run = { current: 1.5, steps: 50, forward: 'smooth', dtype: 'float64' };
  const sigmoid = { name: 'sigmoid', alpha: 1 };
  const boxcar = { name: 'spyx.boxcar', width: 0.5 };
  const { v } = (await answerTo('/lif/simulate', { ...run, surrogate: sigmoid, record: ['v'] })) as Answer & { v: number[][] };
  const reached = { ...run, loss: { type: 'v_mse', target: v }, wrt: ['v_threshold'] };
  expect(await differentiated({ ...reached, surrogate: sigmoid })).toMatchObject([
    { code: 'zero_gradient', message: expect.stringContaining('all cotangents of the loss are 0') as string },
  ]);
  expect(await differentiated({ ...reached, surrogate: [sigmoid, boxcar] })).toBeUndefined();
});

describe('notes in every form', () => {
  const neuron = { tau: 0.8 };
  const code = 'long_step';

  it('framed bytes', async () => {
    const current = Float32Array.of(0.5, 0.25);
    const framed = frame({ current: announce(current), steps: 50, dt: 1, neuron }, current);
    const { meta } = await unframe<Answer>(await service.send('/lif/simulate', framed, { accept: 'application/octet-stream' }));
    expect(codesOf(meta.notes)).toEqual([code]);
  });

  it('a long run, whose records are computed while they leave', async () => {
    const long = frame({ current: 0.5, steps: 2 ** 22, dt: 1, neuron, record: ['spikes'] });
    const { meta } = await unframe<Answer>(await service.send('/lif/simulate', long, { accept: 'application/octet-stream' }));
    expect(codesOf(meta.notes)).toEqual([code]);
  });

  it('/v2, as JSON in a parameter', async () => {
    const infer = async (tau: number) => {
      const { body } = await service.post<{ parameters: { notes?: string } }>('/v2/models/lif_simulate/infer', {
        inputs: [{ name: 'current', shape: [1], datatype: 'FP32', data: [0.5] }],
        parameters: { steps: 50, dt: 1, tau },
      });
      return body.parameters.notes;
    };
    expect(codesOf(JSON.parse((await infer(0.8))!) as Note[])).toEqual([code]);
    expect(await infer(10)).toBeUndefined();
  });

  it('a dry run, where they need no result', async () => {
    expect(codesOf(await simulated({ current: 100, steps: 50, dt: 1, neuron, dry_run: true }))).toEqual([code]);
    expect(await simulated({ current: 100, steps: 50, dt: 1, dry_run: true })).toBeUndefined();
  });

  it('/lif/jvp, where they need no result', async () => {
    expect(codesOf(await notesOf('/lif/jvp', { current: 0.5, steps: 50, dt: 1, neuron, tangents: { current: 1 } }))).toEqual([code]);
  });

  it('/metrics, by code', async () => {
    const counted = async (): Promise<Record<string, number>> => {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      return Object.fromEntries(
        [...text.matchAll(/^surrogate_notes_total\{code="(\w+)"\} (\d+)$/gm)].map(([, code, count]): [string, number] => [
          code!,
          Number(count),
        ]),
      );
    };
    const before = await counted();
    expect(Object.keys(before)).toEqual(noteCodes);
    await simulated({ current: 0.5, steps: 50, dt: 1, neuron });
    await simulated({ current: 0.5, steps: 50 });
    expect(await counted()).toEqual({ ...before, long_step: before.long_step! + 1 });
  });
});
