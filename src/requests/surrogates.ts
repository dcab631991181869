import { catalogue, leftOut } from '../compute/surrogates/catalogue.ts';
import type { ParameterDefinition, Surrogate, SurrogateDefinition } from '../compute/surrogates/definition.ts';
import { describe, pointerSegment, quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/** The most surrogates of one request. */
const maxSurrogates = 1024;

/**
 * Reads `surrogate`: a name, an object with parameters, or an array of them, and fills in defaults. Returns null after errors, which go to
 * `errors`.
 *
 * @example
 * resolveSurrogates({ name: 'sigmoid', alpha: 2 }, errors); // [{ name: 'sigmoid', parameters: { alpha: 2 } }]
 */
export function resolveSurrogates(given: unknown, errors: InputErrors): readonly Surrogate[] | null {
  const path = '/surrogate';
  if (!Array.isArray(given)) {
    const surrogate = resolveSurrogate(given, path, errors);
    return surrogate && [surrogate];
  }
  if (given.length === 0) return errors.add(path, 'must name at least one surrogate, got an empty array');
  if (given.length > maxSurrogates) return errors.add(path, `must name at most ${maxSurrogates} surrogates, got ${given.length}`);
  const resolved = given.map((one: unknown, i) => resolveSurrogate(one, path + pointerSegment(i), errors));
  return resolved.every((one) => one !== null) ? resolved : null;
}

function resolveSurrogate(given: unknown, path: string, errors: InputErrors): Surrogate | null {
  if (typeof given === 'string') {
    const definition = findDefinition(given, path, errors);
    return definition && { name: definition.name, parameters: defaultsOf(definition) };
  }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    return errors.add(path, `must be the name of a surrogate or an object such as {"name": "sigmoid", "alpha": 4}, got ${describe(given)}`);
  }
  const { name, ...parameters } = given as Record<string, unknown>;
  if (typeof name !== 'string') return errors.add(`${path}/name`, `must be the name of a surrogate, got ${describe(name)}`);
  const definition = findDefinition(name, `${path}/name`, errors);
  if (definition === null) return null;
  return withParameters(definition, parameters, path, errors);
}

function findDefinition(name: string, path: string, errors: InputErrors): SurrogateDefinition | null {
  return catalogue.get(name) ?? errors.add(path, unknownSurrogate(name));
}

/** The message for an unknown surrogate. */
export function unknownSurrogate(name: string): string {
  const lower = name.slice(0, 100).toLowerCase();
  const left = leftOut.find((one) => `${one.library}.${one.name}`.toLowerCase() === lower);
  if (left !== undefined) return `${left.library}'s ${left.name} is left out on purpose: ${left.why}`;
  return `unknown surrogate ${quote(name)}; ${didYouMean(name, catalogue.keys())}`;
}

function defaultsOf(definition: SurrogateDefinition): Record<string, number> {
  const parameters: Record<string, number> = {};
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
    const value = given[key];
    const parameter = Object.hasOwn(definition.parameters, key) ? definition.parameters[key] : undefined;
    if (parameter === undefined) {
      errors.add(path + pointerSegment(key), unknownParameter(key, definition));
      good = false;
    } else if (isInRange(value, parameter)) {
      parameters[key] = value;
    } else {
      errors.add(path + pointerSegment(key), `must be ${rangeText(parameter)}, got ${describe(value)}`);
      good = false;
    }
  }
  return good ? { name: definition.name, parameters } : null;
}

function unknownParameter(name: string, definition: SurrogateDefinition): string {
  const known = Object.keys(definition.parameters);
  const start = `${definition.name} has no parameter ${quote(name)}`;
  if (known.length === 0) return `${start}, and no other`;
  return `${start}; ${didYouMean(name, known)}`;
}

function isInRange(value: unknown, { minimum, maximum, integer }: ParameterDefinition): value is number {
  return typeof value === 'number' && value >= minimum && value <= maximum && (integer !== true || Number.isInteger(value));
}

function rangeText({ default: usual, minimum, maximum, integer }: ParameterDefinition): string {
  return `${integer === true ? 'a whole number' : 'a number'} from ${minimum} to ${maximum} (default ${usual})`;
}
