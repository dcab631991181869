import { AnswerBlocks, AnswerTensor, type AnswerNode } from '../codecs/answer.ts';
import { maxFloat64TextLength } from '../codecs/json-numbers/index.ts';
import { memoize } from '../compute/cache.ts';
import { neuronModel } from '../compute/neurons/catalogue.ts';
import { generalSettings, SettingNumbers, type PlainSettings } from '../compute/neurons/settings.ts';
import type { Plan } from '../requests/plan.ts';

type Setting = PlainSettings[string];

const settingsOf = memoize(generalSettings);

/** The settings that a library's name stands for, which the answer to a plan repeats. */
export function neuronOf({ job }: Plan): PlainSettings | undefined {
  return 'problem' in job && neuronModel(job.problem.model).library !== null ? settingsOf(job.problem) : undefined;
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
export function settingTensor(setting: SettingNumbers): AnswerTensor | AnswerBlocks {
  const { length } = setting;
  if (length <= blockNumbers) return new AnswerTensor(setting.numbers(0, length), [length]);
  return new AnswerBlocks('float', [length], () => blocksOf(setting));
}

function* blocksOf(setting: SettingNumbers): Generator<Float64Array> {
  const { length } = setting;
  for (let from = 0; from < length; from += blockNumbers) yield setting.numbers(from, Math.min(from + blockNumbers, length));
}

/** A number's text and its comma, or the JSON around a name, a list or a tensor. */
const overheadBytes = 128;

/** An upper bound of the bytes of a setting in an answer of any format. */
export function settingBytes(value: Setting): number {
  if (value instanceof SettingNumbers) return overheadBytes + value.length * (1 + maxFloat64TextLength);
  if (typeof value !== 'object') return overheadBytes + (typeof value === 'string' ? value.length : 0);
  let bytes = overheadBytes;
  for (const [name, child] of Object.entries<Setting>(value)) bytes += name.length + settingBytes(child);
  return bytes;
}

function isList(value: Setting): value is readonly PlainSettings[] {
  return Array.isArray(value);
}
