import { catalogue, leftOut } from '../compute/surrogates/catalogue.ts';
import type { SurrogateDefinition } from '../compute/surrogates/definition.ts';
import { NameIndex } from '../compute/surrogates/name-index.ts';
import { quote } from '../errors/describe.ts';
import { didYouMean, question } from '../errors/did-you-mean.ts';
import { suggestValue } from './suggestions.ts';

const index = new NameIndex(catalogue.keys());

/** The surrogate of a name; one that differs in case and underscores, or lacks its library, is taken where exactly one is meant. */
export function findSurrogate(name: string): SurrogateDefinition | undefined {
  return catalogue.get(name) ?? catalogue.get(index.find(name) ?? '');
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
