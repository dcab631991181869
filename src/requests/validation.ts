import { Ajv, type ErrorObject, type Options, type ValidateFunction } from 'ajv';

import { describe, pointerSegment, quote } from '../errors/describe.ts';
import { didYouMean } from '../errors/did-you-mean.ts';
import { invalidRequest } from '../errors/input-errors.ts';
import type { InputError, Problem } from '../errors/problems.ts';
import { sharedSchemas } from '../schemas/all-shared-schemas.ts';
import type { NamedSchema } from '../schemas/shared-schemas.ts';

/** Data with up to so many values are searched for all their errors, larger ones only for the first: each costs an object. */
const maxSearched = 1000;

const options: Options = {
  coerceTypes: false,
  removeAdditional: false,
  useDefaults: false,
  strictNumbers: true,
  discriminator: true,
  verbose: true,
  strictTypes: false,
};

const first = new Ajv({ ...options, allErrors: false, schemas: sharedSchemas.map(anything) });
const all = new Ajv({ ...options, allErrors: true, schemas: sharedSchemas.map(anything) });

/** Says what is wrong with data, if anything is. */
export type Validate = (data: unknown) => Problem | undefined;

/**
 * A check of data against a schema, with Ajv, without coercing or dropping anything. Fields of a shared schema (tensors, surrogates,
 * lists of names) may hold anything as far as it goes: a decoder checks them in the pass in which it reads them, and says more about
 * what is wrong.
 *
 * @example
 * compileValidator(SurrogateGradRequest)({ x: 0 }); // Problem invalid_request: /surrogate: is required
 */
export function compileValidator(schema: object): Validate {
  const validate = first.compile(schema);
  let validateAll: ValidateFunction | undefined;
  return (data) => {
    if (validate(data)) return undefined;
    let errors = validate.errors!;
    if (hasAtMost(maxSearched, data)) {
      validateAll ??= all.compile(schema);
      validateAll(data);
      errors = validateAll.errors ?? errors;
    }
    return invalidRequest(inputErrors(errors));
  };
}

function anything({ $id }: NamedSchema): object {
  return { $id };
}

/** Whether data holds no more than so many values, counting no further. */
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

function inputErrors(errors: readonly ErrorObject[]): InputError[] {
  // The keyword that only says "one of the variants above failed" adds nothing.
  const telling = errors.filter(({ keyword }) => keyword !== 'oneOf' && keyword !== 'if');
  return (telling.length > 0 ? telling : errors).slice(0, 20).map(inputError);
}

function inputError({ keyword, instancePath, params, parentSchema, data, message }: ErrorObject): InputError {
  const known = Object.keys((parentSchema?.properties ?? {}) as object);
  switch (keyword) {
    case 'type':
      return { path: instancePath, message: `must be ${typeText(params.type as string | readonly string[])}, got ${describe(data)}` };
    case 'required':
      return { path: instancePath + pointerSegment(String(params.missingProperty)), message: 'is required' };
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      return { path: instancePath + pointerSegment(key), message: `unknown field ${quote(key)}; ${didYouMean(key, known)}` };
    }
    case 'enum': {
      const allowed = params.allowedValues as string[];
      const hint = typeof data === 'string' ? `; ${didYouMean(data, allowed)}` : '';
      return { path: instancePath, message: `must be one of ${allowed.map(quote).join(', ')}, got ${describe(data)}${hint}` };
    }
    case 'discriminator': {
      const allowed = variants(parentSchema, String(params.tag));
      const hint = typeof params.tagValue === 'string' ? `; ${didYouMean(params.tagValue, allowed)}` : '';
      return {
        path: instancePath + pointerSegment(String(params.tag)),
        message: `must be one of ${allowed.map(quote).join(', ')}, got ${describe(params.tagValue)}${hint}`,
      };
    }
    default:
      return { path: instancePath, message: `${message ?? 'is not valid'}, got ${describe(data)}` };
  }
}

function variants(schema: ErrorObject['parentSchema'], tag: string): string[] {
  const oneOf = (schema?.oneOf ?? []) as { properties: Record<string, { const: string }> }[];
  return oneOf.map(({ properties }) => properties[tag]!.const);
}

/** The type that is asked for, or those of which any will do; that null stands for nothing helps nobody. */
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
