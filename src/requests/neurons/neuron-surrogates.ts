import { extremes } from '../../compute/generated-numbers.ts';
import type { NeuronProblem } from '../../compute/jobs.ts';
import { programOf, termValuesByPath } from '../../compute/neuron-problem.ts';
import { surrogateDefinition } from '../../compute/surrogates/catalogue.ts';
import type { Surrogate } from '../../compute/surrogates/definition.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import type { Neuron } from './neurons.ts';
import { resolveSurrogates } from '../surrogates/surrogates.ts';

/**
 * The surrogates of a request; for neurons without spikes one, which has no effect.
 *
 * @param at the JSON pointer of the object in which `surrogate` and `neuron` stand.
 */
export function readSurrogates(given: unknown, neuron: Neuron, errors: InputErrors, at = ''): readonly Surrogate[] | null {
  const isLeftOut = given === undefined || (given === null && !hasSpikes(neuron));
  const surrogates = resolveSurrogates(isLeftOut ? (neuron.model.surrogate ?? 'sigmoid') : given, errors, `${at}/surrogate`);
  return surrogates && (hasSpikes(neuron) ? surrogates : surrogates.slice(0, 1));
}

export function hasSpikes({ program }: Neuron): boolean {
  return program.step.spike !== undefined;
}

/** Surrogates whose width is a multiple of the threshold need a positive one. @param at the JSON pointer of the object in which `neuron` stands. */
export function checkThreshold(surrogates: readonly Surrogate[], problem: NeuronProblem, errors: InputErrors, at = ''): void {
  const scaling = surrogates.find(({ name }) => surrogateDefinition(name).scalesWithThreshold);
  if (scaling === undefined) return;
  const program = programOf(problem);
  const term = program.terms.find(({ path }) => path === 'threshold');
  const numbers = termValuesByPath(problem, program).get('threshold');
  if (term === undefined || numbers === undefined) return;
  const values =
    'fill' in numbers ? new Float64Array(problem.neurons) : numbers.per === 'scalar' ? [numbers.value] : extremes(numbers.values);
  if ('fill' in numbers && ArrayBuffer.isView(values)) numbers.fill(values, 0, problem.neurons);
  const wrong = Array.from(values).find((value) => !(Math.fround(value) > 0));
  if (wrong === undefined) return;
  const [path, what] = term.value.op === 'leaf' ? [`/neuron/${String(term.value.detail)}`, ''] : ['/neuron', 'has a threshold that '];
  errors.add(at + path, `${what}must be above 0 for ${scaling.name}, which scales with it, got ${wrong}`);
}
