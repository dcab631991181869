import { Problem } from '../errors/problems.ts';
import { RepositoryIndexRequest } from '../schemas/inference.ts';
import { parseJsonBytes } from './read-request.ts';
import { compileValidator } from './validation.ts';

/** More than any such request needs, and little enough to be parsed at once. */
const maxBytes = 1024;

const validate = compileValidator(RepositoryIndexRequest);

/**
 * Whether a request for the index of models wants only those that are ready; one without a body wants all.
 *
 * @throws {Problem} when the body is not valid.
 */
export function wantsReadyOnly(body: Uint8Array): boolean {
  if (body.length === 0) return false;
  if (body.length > maxBytes)
    throw new Problem('body_too_large', `The body is larger than the ${maxBytes} bytes that a request for the index may have.`);
  const parsed = parseJsonBytes(body);
  const problem = validate(parsed);
  if (problem !== undefined) throw problem;
  return (parsed as RepositoryIndexRequest).ready === true;
}
