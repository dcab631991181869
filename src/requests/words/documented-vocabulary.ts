import { neuronModel } from '../../compute/neurons/catalogue.ts';
import { LifGradRequest, LifSimulateRequest } from '../../schemas/lif.ts';
import { defaultModel, neuronFieldNames } from '../neurons/neurons.ts';
import { vocabulary, type Meaning, type Term } from './vocabulary.ts';

const requestFields = new Set(Object.keys({ ...LifSimulateRequest.properties, ...LifGradRequest.properties }));
const neuronFields = new Set(['model', 'v_init', ...neuronFieldNames(neuronModel(defaultModel))]);

/** The vocabulary for the neuron `lif`: of a field the first meaning that it has, of a value all of them. */
export const lifVocabulary: readonly Term[] = vocabulary.flatMap((term) => {
  const valid = term.meanings.filter((meaning) => isValid(meaning) && !isSame(term, meaning));
  const meanings = term.role === 'field' ? valid.slice(0, 1) : valid;
  return meanings.length === 0 ? [] : [{ ...term, meanings }];
});

function isValid({ path, library = '' }: Meaning): boolean {
  const [field = '', inner] = path.slice(1).split('/');
  if (library !== '' || !requestFields.has(field)) return false;
  return field !== 'neuron' || inner === undefined || neuronFields.has(path.slice('/neuron/'.length));
}

/** Whether a word is that of the field itself, so that only its place could be wrong. */
function isSame({ term, role, given }: Term, { path, value }: Meaning): boolean {
  return role === 'field' && given === undefined && value === undefined && path.endsWith(`/${term}`);
}
