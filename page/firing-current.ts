import type { SimulateAnswer } from './api-types.ts';
import { call } from './api.ts';

/** Currents in all units that models have: 1, 2 and 5 times powers of ten. */
const candidates = [-2, -1, 0, 1, 2, 3, 4].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
const wantedSpikes = 3;

/**
 * The smallest of some currents of all magnitudes with which a neuron spikes three times, or else the one with most spikes; undefined where none has any.
 *
 * @param run the neuron and the time of a request.
 * @throws {ApiError} when the service says no or nothing.
 */
export async function firingCurrent(run: object): Promise<number | undefined> {
  const { body } = await call<SimulateAnswer>({ path: '/lif/simulate', body: { ...run, current: candidates, record: ['spike_counts'] } });
  const counts = body.spike_counts ?? [];
  const enough = counts.findIndex((count) => count >= wantedSpikes);
  const most = Math.max(...counts);
  return candidates[enough >= 0 ? enough : most > 0 ? counts.indexOf(most) : -1];
}
