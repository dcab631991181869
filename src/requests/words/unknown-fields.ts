import type { TObject } from '@sinclair/typebox';

import { neuronModel, neurons } from '../../compute/neurons/catalogue.ts';
import type { NeuronModel } from '../../compute/neurons/model.ts';
import { quote } from '../../errors/describe.ts';
import { didYouMean } from '../../errors/did-you-mean.ts';
import { LifGradRequest, LifJvpRequest, LifSimulateRequest } from '../../schemas/lif.ts';
import { NetworkGradRequest, NetworkSimulateRequest } from '../../schemas/network.ts';
import { SurrogateEvalRequest, SurrogateGradRequest } from '../../schemas/surrogate.ts';
import { defaultModel, libraryOf, neuronFieldNames } from '../neurons/neurons.ts';
import { insideOf, meaningOf, suggestField, type Place } from './suggestions.ts';
import { findSurrogate, surrogateNames } from '../surrogates/surrogates.ts';
import type { UnknownField } from '../validation.ts';
import { vocabulary, type Meaning, type Term } from './vocabulary.ts';

/** The surrogates that are searched for the parameter that a field may be. */
const maxSearched = 20;

/**
 * What an unknown field of a request, or of its loss or a layer, was meant to be.
 *
 * @example
 * suggestRequestField({ name: 'tau', path: '', names: ['current', 'neuron'], siblings: { current: 1, tau: 20 } }); // 'did you mean /neuron/tau?'
 */
export function suggestRequestField({ name, path, names, siblings }: UnknownField): string {
  if (path !== '' && !/^\/layers\/\d+$/.test(path)) return suggestField(name, insideOf(path, names));
  const model = names.includes('neuron') ? modelOf(siblings.neuron) : undefined;
  const place = requestPlace(names, model, siblings.surrogate);
  const moved = place.spell(`/neuron/${name}`) ?? place.spell(`/surrogate/${name}`);
  if (moved !== undefined) return `did you mean ${moved.startsWith('/') ? path + moved : moved}?`;
  return meaningOf(name, place) ?? fieldOfOthers(name) ?? didYouMean(name, names);
}

/** Routes by what they are about. */
const routes: readonly Readonly<Record<string, TObject>>[] = [
  {
    '/surrogate/eval': SurrogateEvalRequest,
    '/surrogate/grad': SurrogateGradRequest,
    '/lif/simulate': LifSimulateRequest,
    '/lif/grad': LifGradRequest,
    '/lif/jvp': LifJvpRequest,
  },
  { '/network/simulate': NetworkSimulateRequest, '/network/grad': NetworkGradRequest },
];

/** Of which other routes' requests a name is a field, if of any: networks' are only named where no other has it. */
function fieldOfOthers(name: string): string | undefined {
  for (const group of routes) {
    const others = Object.keys(group).filter((route) => Object.hasOwn(group[route]!.properties, name));
    if (others.length > 0) return `it is a field of ${others.join(' and ')}`;
  }
  return undefined;
}

/** The model of a request, if it is a known one. */
function modelOf(neuron: unknown): NeuronModel | undefined {
  const given = typeof neuron === 'object' && neuron !== null && 'model' in neuron ? neuron.model : defaultModel;
  return typeof given === 'string' ? neurons.get(given) : undefined;
}

function requestPlace(names: readonly string[], model: NeuronModel | undefined, surrogate: unknown): Place {
  const spell = (path: string) => {
    const [field = '', inner] = path.slice(1).split('/');
    if (!names.includes(field)) return undefined;
    if (inner === undefined) return quote(field);
    if (field === 'neuron') return model !== undefined && takes(model, path) ? path : undefined;
    if (field === 'surrogate' && inner !== 'name') return parametrized(inner, surrogate ?? model?.surrogate ?? 'sigmoid');
    return path;
  };
  return { names, library: model === undefined ? '' : libraryOf(model), spell };
}

/** Whether a model has the field at a JSON pointer. */
function takes(model: NeuronModel, path: string): boolean {
  const name = path.slice('/neuron/'.length).replaceAll('/', '.');
  return name === 'model' || name === 'v_init' || neuronFieldNames(model).includes(name);
}

/** A parameter in the first of a request's surrogates that has it. */
function parametrized(parameter: string, surrogate: unknown): string | undefined {
  const name = surrogateNames(surrogate, maxSearched).find((one) => Object.hasOwn(findSurrogate(one)?.parameters ?? {}, parameter));
  return name && `"surrogate": {"name": ${quote(name)}, ${quote(parameter)}: ...}`;
}

const lif = neuronModel(defaultModel);
const lifFields = new Set(Object.keys({ ...LifSimulateRequest.properties, ...LifGradRequest.properties }));

/** The vocabulary for the neuron `lif`: of a field the first meaning that it has, of a value all of them. */
export const lifVocabulary: readonly Term[] = vocabulary.flatMap((term) => {
  const valid = term.meanings.filter((meaning) => isOfLif(meaning) && !isSame(term, meaning));
  const meanings = term.role === 'field' ? valid.slice(0, 1) : valid;
  return meanings.length === 0 ? [] : [{ ...term, meanings }];
});

function isOfLif({ path, library = '' }: Meaning): boolean {
  const [field = '', inner] = path.slice(1).split('/');
  return library === '' && lifFields.has(field) && (field !== 'neuron' || inner === undefined || takes(lif, path));
}

/** Whether a word is that of the field itself, so that only its place could be wrong. */
function isSame({ term, role, given }: Term, { path, value }: Meaning): boolean {
  return role === 'field' && given === undefined && value === undefined && path.endsWith(`/${term}`);
}
