import { readAddress, writeAddress } from './address.ts';
import type { CatalogueEntry, NeuronEntry } from './api-types.ts';
import { fetchCatalogue, fetchNeurons } from './api.ts';
import { element } from './dom.ts';
import { gallery } from './gallery.ts';
import { gradient } from './gradient.ts';
import { neuron } from './neuron.ts';
import type { PartOptions } from './part.ts';
import { retryControl } from './retry-control.ts';

const parts: Readonly<Record<string, { title: string; make: (options: PartOptions) => HTMLElement }>> = {
  gallery: { title: 'Gallery', make: gallery },
  neuron: { title: 'Neuron', make: neuron },
  gradient: { title: 'Gradient', make: gradient },
};

const main = document.querySelector('main')!;
let catalogue: readonly CatalogueEntry[] = [];
let neurons: readonly NeuronEntry[] = [];

async function start(): Promise<void> {
  main.replaceChildren(element('p', { class: 'loading', role: 'status' }, 'Loading the catalogue'));
  try {
    [catalogue, neurons] = await Promise.all([fetchCatalogue(), fetchNeurons()]);
  } catch (error) {
    main.replaceChildren(failure(error));
    return;
  }
  showPart();
}

/** Makes the part that the address names, as it is set there. */
function showPart(): void {
  const address = readAddress(location.hash);
  const name = Object.hasOwn(parts, address.part) ? address.part : 'gallery';
  const { title, make } = parts[name]!;
  for (const link of document.querySelectorAll('nav a')) {
    if (link === linkTo(name)) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  linkTo(name).href = writeAddress({ part: name, settings: address.settings });
  document.title = `${title} · Surrogate explorer`;
  const remember = (settings: ReadonlyMap<string, string>): void => {
    const written = writeAddress({ part: name, settings });
    history.replaceState(null, '', written);
    // Who comes back finds the part as it was left.
    linkTo(name).href = written;
  };
  const restart = (settings: ReadonlyMap<string, string>): void => {
    remember(settings);
    showPart();
    // Who has chosen a model goes on from there.
    main.querySelector<HTMLElement>('select[name="model"]')?.focus();
  };
  main.replaceChildren(make({ catalogue, neurons, settings: address.settings, remember, restart }));
}

function linkTo(part: string): HTMLAnchorElement {
  return document.querySelector<HTMLAnchorElement>(`nav a[data-part="${part}"]`)!;
}

function failure(error: unknown): HTMLElement {
  return element(
    'div',
    { class: 'error', role: 'alert' },
    element('p', {}, error instanceof Error ? error.message : String(error)),
    retryControl(error, () => {
      void start();
    }),
  );
}

addEventListener('hashchange', () => {
  if (catalogue.length === 0) return;
  showPart();
  main.focus();
});
await start();
