import { catalogue, leftOut } from '../../compute/surrogates/catalogue.ts';
import type {
  ListRange,
  ParameterDefinition,
  ParameterValue,
  Surrogate,
  SurrogateDefinition,
} from '../../compute/surrogates/definition.ts';
import { NameIndex } from '../../compute/surrogates/name-index.ts';
import { describe, pointerSegment, quote } from '../../errors/describe.ts';
import { didYouMean, question } from '../../errors/did-you-mean.ts';
import type { InputErrors } from '../../errors/input-errors.ts';
import { hasSpikes, type Neuron } from '../neurons/neurons.ts';
import { insideOf, misnamed, suggestField, suggestValue, unknownField } from '../words/suggestions.ts';

/** The most surrogates of one request. */
export const maxSurrogates = 1024;

const index = new NameIndex(catalogue.keys());

/** The surrogate of a name; one that differs in case and underscores, or lacks its library, is taken where exactly one is meant. */
export function findSurrogate(name: string): SurrogateDefinition | undefined {
  return catalogue.get(name) ?? catalogue.get(index.find(name) ?? '');
}

/** The names of a request's surrogates, right or wrong, of a list the first `limit`. */
export function surrogateNames(given: unknown, limit: number): readonly string[] {
  const surrogates: readonly unknown[] = Array.isArray(given) ? given.slice(0, limit) : [given];
  return surrogates.flatMap((one) => {
    const name = typeof one === 'object' && one !== null && 'name' in one ? one.name : one;
    return typeof name === 'string' ? [name] : [];
  });
}

/** The message for a name that is no surrogate's. */
export function unknownSurrogate(name: string): string {
  const several = question(index.candidates(name));
  if (several !== undefined) return `ambiguous surrogate ${quote(name)}; ${several}`;
  const suggestion = suggestValue(name, '/surrogate/name', catalogue.keys());
  const reason = leftOutReason(name, suggestion !== undefined);
  return reason ?? `unknown surrogate ${quote(name)}; ${suggestion ?? didYouMean(name, catalogue.keys())}`;
}

/** Why a surrogate of a library is left out, where the name is one of those, with its library in front or, unless that is needed, without. */
function leftOutReason(name: string, needsLibrary: boolean): string | undefined {
  const lower = name.slice(0, 100).toLowerCase();
  const left = leftOut.find(
    (one) => `${one.library}.${one.name}`.toLowerCase() === lower || (!needsLibrary && one.name.toLowerCase() === lower),
  );
  return left && `${left.library}'s ${left.name} is left out on purpose: ${left.why}`;
}

/**
 * Reads `surrogate`: a name, an object with parameters, or an array of them, and fills in defaults. Returns null after errors, which go to
 * `errors`.
 *
 * @param path the JSON pointer of the field.
 * @example
 * readSurrogates({ name: 'sigmoid', alpha: 2 }, errors); // [{ name: 'sigmoid', parameters: { alpha: 2 } }]
 */
export function readSurrogates(given: unknown, errors: InputErrors, path = '/surrogate'): readonly Surrogate[] | null {
  if (!Array.isArray(given)) {
    const surrogate = readSurrogate(given, path, errors);
    return surrogate && [surrogate];
  }
  if (given.length === 0) return errors.add(path, 'must name at least one surrogate, got an empty array');
  if (given.length > maxSurrogates) return errors.add(path, `must name at most ${maxSurrogates} surrogates, got ${given.length}`);
  const resolved = given.map((one: unknown, i) => readSurrogate(one, path + pointerSegment(i), errors));
  return resolved.every((one) => one !== null) ? resolved : null;
}

/**
 * The surrogates of a request; for neurons without spikes one, which has no effect.
 *
 * @param at the JSON pointer of the object in which `surrogate` and `neuron` stand.
 */
export function readNeuronSurrogates(given: unknown, neuron: Neuron, errors: InputErrors, at = ''): readonly Surrogate[] | null {
  const isLeftOut = given === undefined || (given === null && !hasSpikes(neuron));
  const surrogates = readSurrogates(isLeftOut ? (neuron.model.surrogate ?? 'sigmoid') : given, errors, `${at}/surrogate`);
  return surrogates && (hasSpikes(neuron) ? surrogates : surrogates.slice(0, 1));
}

function readSurrogate(given: unknown, path: string, errors: InputErrors): Surrogate | null {
  if (typeof given === 'string') {
    const definition = findDefinition(given, path, errors);
    return definition && { name: definition.name, parameters: defaultsOf(definition) };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return errors.add(path, `must be the name of a surrogate or an object such as {"name": "sigmoid", "alpha": 4}, got ${describe(given)}`);
  }
  const { name, ...parameters } = given as Record<string, unknown>;
  if (name === undefined) return missingName(parameters, path, errors);
  if (typeof name !== 'string') return errors.add(`${path}/name`, `must be the name of a surrogate, got ${describe(name)}`);
  const definition = findDefinition(name, `${path}/name`, errors);
  if (definition === null) return null;
  return withParameters(definition, parameters, path, errors);
}

function findDefinition(name: string, path: string, errors: InputErrors): SurrogateDefinition | null {
  return findSurrogate(name) ?? errors.add(path, unknownSurrogate(name));
}

function defaultsOf(definition: SurrogateDefinition): Record<string, ParameterValue> {
  const parameters: Record<string, ParameterValue> = {};
  for (const name in definition.parameters) parameters[name] = definition.parameters[name]!.default;
  return parameters;
}

function withParameters(
  definition: SurrogateDefinition,
  given: Readonly<Record<string, unknown>>,
  path: string,
  errors: InputErrors,
): Surrogate | null {
  const parameters = defaultsOf(definition);
  let good = true;
  for (const key of Object.keys(given)) {
    const parameter = Object.hasOwn(definition.parameters, key) ? definition.parameters[key] : undefined;
    const keyPath = path + pointerSegment(key);
    const value =
      parameter === undefined
        ? errors.add(keyPath, unknownParameter(key, definition))
        : parameter.list
          ? readList(given[key], parameter, parameter.list, keyPath, errors)
          : readNumber(given[key], parameter, keyPath, errors);
    if (value === null) good = false;
    else parameters[key] = value;
  }
  return good && hasEqualLists(definition, given, path, errors) ? { name: definition.name, parameters } : null;
}

function readNumber(given: unknown, parameter: ParameterDefinition, path: string, errors: InputErrors): number | null {
  return isInRange(given, parameter) ? given : errors.add(path, `must be ${rangeText(parameter)}, got ${describe(given)}`);
}

function readList(
  given: unknown,
  { minimum, maximum }: ParameterDefinition,
  { minItems, maxItems, minIncrease }: ListRange,
  path: string,
  errors: InputErrors,
): readonly number[] | null {
  if (!Array.isArray(given) || given.length < minItems || given.length > maxItems)
    return errors.add(path, `must be an array of ${minItems} to ${maxItems} numbers, got ${describe(given)}`);
  const numbers: number[] = [];
  for (const [i, item] of (given as readonly unknown[]).entries()) {
    const previous = numbers.at(-1);
    if (!isInRange(item, { minimum, maximum })) {
      errors.add(path + pointerSegment(i), `must be a number from ${minimum} to ${maximum}, got ${describe(item)}`);
    } else if (minIncrease !== undefined && previous !== undefined && item - previous < minIncrease) {
      const distance = item > previous ? ` by at least ${minIncrease}` : '';
      errors.add(path + pointerSegment(i), `must be above the number before it, ${previous}${distance}, got ${item}`);
    } else {
      numbers.push(item);
    }
  }
  return numbers.length === given.length ? numbers : null;
}

/** Checks that the lists of a surrogate are given together, and are equally long. */
function hasEqualLists(
  { parameters }: SurrogateDefinition,
  given: Readonly<Record<string, unknown>>,
  path: string,
  errors: InputErrors,
): boolean {
  const lists = Object.keys(parameters).filter((name) => parameters[name]?.list);
  const [first, ...others] = lists.filter((name) => Object.hasOwn(given, name));
  if (first === undefined) return true;
  const missing = lists.filter((name) => !Object.hasOwn(given, name));
  for (const name of missing) errors.add(path + pointerSegment(name), `is required with ${quote(first)}`);
  const lengthOf = (name: string) => (given[name] as readonly number[]).length;
  const different = others.filter((name) => lengthOf(name) !== lengthOf(first));
  for (const name of different)
    errors.add(path + pointerSegment(name), `must be as long as ${quote(first)}, ${lengthOf(first)} numbers, got ${lengthOf(name)}`);
  return missing.length === 0 && different.length === 0;
}

function unknownParameter(name: string, definition: SurrogateDefinition): string {
  const known = Object.keys(definition.parameters);
  const start = `${definition.name} has no parameter ${quote(name)}`;
  if (known.length === 0) return `${start}, and no other`;
  return `${start}; ${suggestField(name, insideOf('/surrogate', known))}`;
}

/** Reports a surrogate without a name, and the field that has it in the place of `name`, if one has. */
function missingName(fields: object, path: string, errors: InputErrors): null {
  const instead = misnamed('name', '/surrogate', fields);
  if (instead === undefined) return errors.add(`${path}/name`, 'is required: the name of a surrogate');
  const { name, hint } = instead;
  const value = (fields as Readonly<Record<string, unknown>>)[name];
  errors.add(path + pointerSegment(name), unknownField(name, hint));
  if (typeof value === 'string') findDefinition(value, path + pointerSegment(name), errors);
  return null;
}

function isInRange(
  value: unknown,
  { minimum, maximum, integer }: Pick<ParameterDefinition, 'minimum' | 'maximum' | 'integer'>,
): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum && (integer !== true || Number.isInteger(value));
}

function rangeText({ default: usual, minimum, maximum, integer }: ParameterDefinition): string {
  return `${integer === true ? 'a whole number' : 'a number'} from ${minimum} to ${maximum} (default ${String(usual)})`;
}
