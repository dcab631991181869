import type { CatalogueEntry, NeuronEntry } from './api-types.ts';

/** What a part of the page is made from. */
export interface PartOptions {
  readonly catalogue: readonly CatalogueEntry[];
  readonly neurons: readonly NeuronEntry[];
  /** What the address bar has set. */
  readonly settings: ReadonlyMap<string, string>;
  /** Writes what is set now into the address bar. */
  readonly remember: (settings: ReadonlyMap<string, string>) => void;
  /** Makes the part anew with other settings. */
  readonly restart: (settings: ReadonlyMap<string, string>) => void;
}
