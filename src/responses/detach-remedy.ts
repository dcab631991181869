import type { NeuronProblem } from '../compute/jobs.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import type { NeuronOptions, OptionValue } from '../compute/neurons/model.ts';
import { generalModel, parameterPath } from '../requests/neurons/neurons.ts';

/** A field of a request, and the value that it should have. */
export interface Remedy {
  /** The neuron's options with it. */
  readonly options: NeuronOptions;
  readonly path: string;
  /** As JSON has it: `"detach_reset": true`. */
  readonly text: string;
}

/** Options with which the spike of the reset is in the backward pass: their values then, and those that take it out. */
const choices: readonly (readonly [name: string, through: OptionValue, detached: OptionValue])[] = [
  ['detach_reset', false, true],
  ['stop_reset_grad', false, true],
  ['diff_reset', true, false],
  ['reset.gradient', 'through', 'mask'],
];

/** How a request takes the spike of the reset out of the backward pass, where it is in it and the model has a choice. */
export function detachRemedy({ model, options: chosen, smooth = false }: NeuronProblem): Remedy | undefined {
  if (smooth || chosen.reset === 'none' || chosen['reset.kind'] === 'none') return undefined;
  const found = choices.find(([name, through]) => chosen[name] === through);
  if (found === undefined) return undefined;
  const [name, , detached] = found;
  const options: NeuronOptions = { ...chosen, [name]: detached };
  const path = parameterPath(model, name);
  if (model === generalModel) return { options, path, text: `"neuron": {"reset": {"gradient": "${String(detached)}"}}` };
  const text = `"${name}": ${String(detached)}`;
  return neuronModel(model).library === null ? { options, path: `/${name}`, text } : { options, path, text: `"neuron": {${text}}` };
}
