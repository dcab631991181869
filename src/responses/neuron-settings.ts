import { AnswerBlocks, AnswerTensor, type AnswerNode } from '../codecs/answer-tree.ts';
import { maxFloat64TextLength } from '../codecs/json-numbers/index.ts';
import { TensorText } from '../codecs/tensor-text.ts';
import { memoize } from '../compute/cache.ts';
import { neuronBlock } from '../compute/long-run.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import { generalSettings, SettingNumbers, type PlainSettings } from '../compute/neurons/nested-settings.ts';
import type { BatchAxes } from '../requests/neurons/batch-axes.ts';
import { hasNeurons, type NeuronPlan, type Plan } from '../requests/plan.ts';

type Setting = PlainSettings[string];

const settingsOf = memoize(generalSettings);

/** Those of the neurons of a batch whose entries share all parameters: of one entry. */
const sharedSettingsOf = memoize(({ job: { problem }, axes }: NeuronPlan) =>
  generalSettings(axes === undefined ? problem : neuronBlock(problem, 0, axes.neurons.at(-1)!)),
);

/** The settings that a library's name stands for, which the answer to a plan repeats: of neurons whose parameters a batch shares once. */
export function neuronOf(plan: Plan): PlainSettings | undefined {
  if (!hasNeurons(plan) || neuronModel(plan.job.problem.model).library === null) return undefined;
  const { job, axes } = plan;
  return axes?.sharesParameters === true && job.problem.neurons > 0 ? sharedSettingsOf(plan) : settingsOf(job.problem);
}

/** The shape in which an answer has a setting with a number per neuron. */
export function settingShape({ length }: SettingNumbers, axes: BatchAxes | undefined): readonly number[] {
  return axes === undefined || axes.sharesParameters ? [length] : axes.neurons;
}

/** A neuron's settings as an answer has them; `numbersNode` gives the node of those with a number per neuron. */
export function settingsNode(settings: PlainSettings, numbersNode: (numbers: SettingNumbers) => AnswerNode): Record<string, AnswerNode> {
  const nodeOf = (value: Setting): AnswerNode => {
    if (value instanceof SettingNumbers) return numbersNode(value);
    if (isList(value)) return value.map(nodeOf);
    return typeof value === 'object' ? settingsNode(value, numbersNode) : value;
  };
  return Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, nodeOf(value)]));
}

/** Numbers that are computed at a time. */
const blockNumbers = 2 ** 13;

/** A setting with a number per neuron as a tensor; many numbers are computed as they are written. */
export function settingTensor(setting: SettingNumbers, axes: BatchAxes | undefined): AnswerTensor | AnswerBlocks {
  const { length } = setting;
  const shape = settingShape(setting, axes);
  if (length <= blockNumbers) return new AnswerTensor(setting.numbers(0, length), shape);
  return new AnswerBlocks('float', shape, () => blocksOf(setting));
}

function* blocksOf(setting: SettingNumbers): Generator<Float64Array> {
  const { length } = setting;
  for (let from = 0; from < length; from += blockNumbers) yield setting.numbers(from, Math.min(from + blockNumbers, length));
}

/** A number's text and its comma, or the JSON around a name, a list or a tensor. */
const overheadBytes = 128;

/** An upper bound of the bytes of a setting in an answer of any format. */
export function settingBytes(value: Setting, axes: BatchAxes | undefined): number {
  if (value instanceof SettingNumbers)
    return overheadBytes + value.length * (1 + maxFloat64TextLength) + 3 * TensorText.arrays(settingShape(value, axes));
  if (typeof value !== 'object') return overheadBytes + (typeof value === 'string' ? value.length : 0);
  let bytes = overheadBytes;
  for (const [name, child] of Object.entries<Setting>(value)) bytes += name.length + settingBytes(child, axes);
  return bytes;
}

function isList(value: Setting): value is readonly PlainSettings[] {
  return Array.isArray(value);
}
