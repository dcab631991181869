import { brainpy } from './libraries/brainpy.ts';
import { snntorch } from './libraries/snntorch.ts';
import { sinabs } from './libraries/sinabs.ts';
import { rockpool } from './libraries/rockpool.ts';
import { lava } from './libraries/lava.ts';
import { spyx } from './libraries/spyx.ts';
import { slax } from './libraries/slax.ts';
import { snnax } from './libraries/snnax.ts';
import { stork } from './libraries/stork.ts';
import { bindsnet } from './libraries/bindsnet.ts';
import { hxtorch } from './libraries/hxtorch.ts';
import { nir } from './libraries/nir.ts';
import { adex } from './models/adex.ts';
import { alif } from './models/alif.ts';
import { cubaLif } from './models/cuba-lif.ts';
import { general } from './models/general.ts';
import { izhikevich } from './models/izhikevich.ts';
import { norse } from './libraries/norse.ts';
import { spikingjelly } from './libraries/spikingjelly.ts';
import { li, lif, perfectIf } from './models/lif.ts';
import { eif, qif } from './models/nonlinear.ts';
import type { NeuronModel } from './model.ts';

/** The service's own neurons. */
const ownModels = [lif, perfectIf, li, cubaLif, alif, qif, eif, adex, izhikevich, general];

/** Those of other libraries. */
const libraryModels = [
  snntorch,
  spikingjelly,
  norse,
  brainpy,
  sinabs,
  rockpool,
  lava,
  spyx,
  slax,
  snnax,
  stork,
  bindsnet,
  hxtorch,
  nir,
].flat();

/** Every neuron by the name that requests use, in the order in which the documentation lists them. */
export const neurons: ReadonlyMap<string, NeuronModel> = new Map([...ownModels, ...libraryModels].map((model) => [model.name, model]));

/**
 * The model behind a name that has passed validation.
 *
 * @throws {RangeError} when the catalogue has no such name.
 */
export function neuronModel(name: string): NeuronModel {
  const model = neurons.get(name);
  if (model === undefined) throw new RangeError(`no neuron is called ${name}`);
  return model;
}
