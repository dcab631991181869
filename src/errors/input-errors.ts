import { Problem, type InputError } from './problems.ts';

/** More would not help a client, and a hostile body could have millions. */
const maxReported = 20;

/** Collects the errors of a request, so that a client learns of all at once. */
export class InputErrors {
  readonly #errors: InputError[] = [];

  /**
   * Adds an error.
   *
   * @returns null, for the value that could not be read.
   * @throws {Problem} `invalid_request` when there are too many errors.
   */
  add(path: string, message: string): null {
    this.#errors.push({ path, message });
    if (this.#errors.length === maxReported) this.throwIfAny();
    return null;
  }

  /** @throws {Problem} `invalid_request` with all errors so far, when there are any. */
  throwIfAny(): void {
    if (this.#errors.length > 0) throw invalidRequest(this.#errors);
  }
}

/** The problem for errors in the input; its detail is the first of them. */
export function invalidRequest(errors: readonly InputError[]): Problem {
  const [first] = errors;
  const rest = errors.length > 1 ? ` (and ${errors.length - 1} more in errors)` : '';
  const where = first === undefined || first.path === '' ? 'The body' : first.path;
  return new Problem('invalid_request', `${where}: ${first?.message ?? 'is not valid'}${rest}`, { errors });
}
