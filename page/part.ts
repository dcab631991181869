import type { CatalogueEntry, NeuronEntry } from './api-types.ts';

/** What a part of the page is made from. */
export interface PartOptions {
  readonly catalogue: readonly CatalogueEntry[];
  readonly neurons: readonly NeuronEntry[];
  /** What the address bar has set. */
  readonly settings: ReadonlyMap<string, string>;
  /** Tells someone who has followed a link what of it was not understood. */
  readonly report: (problem: string) => void;
  /** Writes what is set now into the address bar. */
  readonly remember: (settings: ReadonlyMap<string, string>) => void;
  /** Makes the part anew with other settings. */
  readonly restart: (settings: ReadonlyMap<string, string>) => void;
  /** Aborted when another part takes its place, or it is made anew. */
  readonly left: AbortSignal;
}

/** A part of the page. */
export interface Part {
  readonly title: string;
  readonly make: (options: PartOptions) => HTMLElement;
  /** The setting that holds its surrogates, which go along to other parts; undefined where it has none. */
  readonly surrogates?: string;
  /** Whether its settings are those of a neuron, which go along to other parts. */
  readonly hasNeuron?: boolean;
}
