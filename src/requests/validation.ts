import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';

import { describe, pointerSegment, quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { invalidRequest, type InputErrors } from '../errors/input-errors.ts';
import type { InputError, Problem } from '../errors/problems.ts';
import type { NamedSchema } from '../schemas/common.ts';
import { sharedSchemas } from '../schemas/shared-schemas.ts';
import { misnamed, notAllowed, suggestName, unknownField, valuesNear, withHint } from './words/suggestions.ts';

/** Larger data is searched for its first error only, since each error costs an object. */
const maxSearchedValues = 1000;

const options: Options = {
  discriminator: true,
  verbose: true,
  strictTypes: false,
  // They are the service's own; to compile the schema of schemas takes longer than to compile all of them.
  validateSchema: false,
};

const first = new Ajv({ ...options, allErrors: false, schemas: sharedSchemas.map(anything) });
const all = new Ajv({ ...options, allErrors: true, schemas: sharedSchemas.map(anything) });

/** A field that a schema does not have. */
export interface UnknownField {
  readonly name: string;
  /** The object in which it stands: a JSON pointer, and its fields. */
  readonly path: string;
  readonly siblings: Readonly<Record<string, unknown>>;
  /** The fields that the object may have. */
  readonly names: readonly string[];
}

/** Says what an unknown field was meant to be. */
type SuggestField = (field: UnknownField) => string;

/** Returns what is wrong with data, if anything is. */
export type Validate = (data: unknown) => Problem | undefined;

/**
 * Compiles a validator of a schema with Ajv; it coerces and drops nothing. It accepts any value in fields of shared schemas (tensors,
 * surrogates, lists of names): their decoders check them while reading, and report more precisely.
 *
 * @param suggest for unknown fields; unless given, the nearest by its letters.
 * @example
 * compileValidator(SurrogateGradRequest)({ x: 0 }); // Problem invalid_request: /surrogate: is required
 */
export function compileValidator(schema: object, suggest: SuggestField = ({ name, names }) => didYouMean(name, names)): Validate {
  const validate = first.compile(schema);
  let validateAll: ValidateFunction | undefined;
  return (data) => {
    if (validate(data)) return undefined;
    let errors = validate.errors!;
    if (hasAtMost(maxSearchedValues, data)) {
      validateAll ??= all.compile(schema);
      validateAll(data);
      errors = validateAll.errors ?? errors;
    }
    return invalidRequest(inputErrors(errors, suggest));
  };
}

function anything({ $id }: NamedSchema): object {
  return { $id };
}

/** Whether data holds at most `limit` values; counts no further. */
function hasAtMost(limit: number, data: unknown): boolean {
  const waiting = [data];
  for (let seen = 0; waiting.length > 0; seen++) {
    if (seen + waiting.length > limit) return false;
    const value = waiting.pop();
    if (typeof value !== 'object' || value === null) continue;
    if (Array.isArray(value) && value.length > limit) return false;
    for (const key in value) {
      waiting.push((value as Record<string, unknown>)[key]);
      if (waiting.length > limit) return false;
    }
  }
  return true;
}

function inputErrors(errors: readonly ErrorObject[], suggest: SuggestField): InputError[] {
  // These keywords only say that one of the variants failed.
  const telling = errors.filter(({ keyword }) => keyword !== 'oneOf' && keyword !== 'if');
  return (telling.length > 0 ? telling : errors).slice(0, 20).map((error) => inputError(error, suggest));
}

function inputError(error: ErrorObject, suggest: SuggestField): InputError {
  const { keyword, instancePath, parentSchema, data, message } = error;
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (keyword) {
    case 'type': {
      const wanted = `must be ${typeText(params.type as string | readonly string[])}, got ${describe(data)}`;
      return { path: instancePath, message: withHint(wanted, meantVariant(data, instancePath, parentSchema)) };
    }
    case 'required':
      return { path: instancePath + pointerSegment(String(params.missingProperty)), message: 'is required' };
    case 'additionalProperties': {
      const name = String(params.additionalProperty);
      const names = Object.keys((parentSchema?.properties ?? {}) as object);
      const suggestion = suggest({ name, path: instancePath, siblings: data as Readonly<Record<string, unknown>>, names });
      return { path: instancePath + pointerSegment(name), message: unknownField(name, suggestion) };
    }
    case 'enum':
      return { path: instancePath, message: notAllowed(data, instancePath, params.allowedValues as readonly (string | number)[]) };
    case 'discriminator': {
      const tag = String(params.tag);
      const instead = params.tagValue === undefined ? misnamed(tag, instancePath, data as object) : undefined;
      if (instead !== undefined) {
        const { name, hint } = instead;
        return { path: instancePath + pointerSegment(name), message: unknownField(name, hint) };
      }
      const path = instancePath + pointerSegment(tag);
      const allowed = variants(parentSchema, tag).map(({ name }) => name);
      return { path, message: notAllowed(params.tagValue, path, allowed) };
    }
    default:
      return { path: instancePath, message: `${message ?? 'is not valid'}, got ${describe(data)}` };
  }
}

/** A variant of an object, for the text that was given in its place. */
function meantVariant(given: unknown, path: string, schema: ErrorObject['parentSchema']): string | undefined {
  const tag = (schema?.discriminator as { readonly propertyName: string } | undefined)?.propertyName;
  if (typeof given !== 'string' || tag === undefined) return undefined;
  const all = variants(schema, tag);
  const names = all.map(({ name }) => name);
  const [near] = names.includes(given) ? [given] : valuesNear(given, path + pointerSegment(tag), names);
  const meant = all.find(({ name }) => name === near);
  if (meant === undefined) return `its ${quote(tag)} is one of ${names.map(quote).join(', ')}`;
  const fields = [`${quote(tag)}: ${quote(meant.name)}`, ...meant.required.map((field) => `${quote(field)}: ...`)];
  return `did you mean {${fields.join(', ')}}?`;
}

/** The variants of a schema by the value of their tag, and the other fields that each requires. */
function variants(schema: ErrorObject['parentSchema'], tag: string): { readonly name: string; readonly required: readonly string[] }[] {
  const oneOf = (schema?.oneOf ?? []) as { properties: Record<string, { const: string }>; required: string[] }[];
  return oneOf.map(({ properties, required }) => ({ name: properties[tag]!.const, required: required.filter((field) => field !== tag) }));
}

/** The allowed types; null, which stands for a field left out, is not mentioned. */
function typeText(types: string | readonly string[]): string {
  return [types]
    .flat()
    .filter((type) => type !== 'null')
    .map(article)
    .join(' or ');
}

function article(type: string): string {
  return type === 'integer' ? 'a whole number' : type === 'object' || type === 'array' ? `an ${type}` : `a ${type}`;
}

/** The names that a list in a request may hold. */
export interface NameSet<Name extends string = string> {
  has(name: string): name is Name;
  /** Those that errors list. */
  list(): readonly Name[];
  /** Others that errors suggest when they are the nearest. */
  others?(): readonly Name[];
  /** Why a name is not in the set, where there is more to say than which one is the nearest. */
  reason?(name: string): string | undefined;
}

/** A fixed set of names. */
export function nameSet<Name extends string>(names: readonly Name[]): NameSet<Name> {
  return { has: (name): name is Name => (names as readonly string[]).includes(name), list: () => names };
}

/**
 * Reads an array of distinct names of a set. Returns null after errors, which go to `errors`.
 *
 * @example
 * distinctNames(['v', 'spikes'], nameSet(['spikes', 'v']), '/record', errors); // Set { 'v', 'spikes' }
 */
export function distinctNames<Name extends string>(
  given: unknown,
  known: NameSet<Name>,
  path: string,
  errors: InputErrors,
  pathOf: (name: unknown, index: number) => string = (_, index) => path + pointerSegment(index),
): ReadonlySet<Name> | null {
  const listed = () => known.list().map(quote).join(', ');
  if (!Array.isArray(given)) return errors.add(path, `must be an array of ${listed()}; got ${describe(given)}`);
  if (given.length === 0) return errors.add(path, `must name at least one of ${listed()}`);
  const names = new Set<Name>();
  for (let i = 0; i < given.length; i++) {
    const name = given[i] as unknown;
    if (typeof name !== 'string' || !known.has(name)) {
      const suggested = (one: string) => suggestName(one, [...known.list(), ...(known.others?.() ?? [])]);
      const hint = typeof name === 'string' ? (known.reason?.(name) ?? suggested(name)) : undefined;
      errors.add(pathOf(name, i), withHint(`must be one of ${listed()}, got ${describe(name)}`, hint));
    } else if (names.has(name)) {
      errors.add(pathOf(name, i), `${quote(name)} is given twice`);
    } else {
      names.add(name);
    }
  }
  return names;
}
