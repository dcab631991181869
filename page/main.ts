import { didYouMean } from '../src/errors/did-you-mean.ts';
import { readAddress, writeAddress } from './address.ts';
import type { CatalogueEntry, NeuronEntry } from './api-types.ts';
import { fetchCatalogue, fetchNeurons } from './api.ts';
import { element } from './dom.ts';
import { gallery } from './gallery.ts';
import { gradient } from './gradient.ts';
import { KeptSettings } from './kept-settings.ts';
import { network } from './network.ts';
import { neuron } from './neuron.ts';
import type { Part } from './part.ts';
import { retryControl } from './retry-control.ts';
import { tutorial } from './tutorial.ts';

const parts: Readonly<Record<string, Part>> = { gallery, neuron, gradient, network };

const main = document.querySelector('main')!;
const notice = document.querySelector<HTMLElement>('.notice')!;
const figures = tutorial();
let catalogue: readonly CatalogueEntry[] = [];
let neurons: readonly NeuronEntry[] = [];
let shown = new AbortController();
let kept = new KeptSettings(parts, neurons);

async function start(): Promise<void> {
  main.replaceChildren(element('p', { class: 'loading', role: 'status' }, 'Loading the catalogue'));
  try {
    [catalogue, neurons] = await Promise.all([fetchCatalogue(), fetchNeurons()]);
  } catch (error) {
    main.replaceChildren(failure(error));
    return;
  }
  kept = new KeptSettings(parts, neurons);
  showPart();
}

/** Makes the part that the address names, as it is set there. */
function showPart(): void {
  const address = readAddress(location.hash);
  const isKnown = Object.hasOwn(parts, address.part);
  const name = isKnown ? address.part : 'gallery';
  const { title, make } = parts[name]!;
  const problems: string[] =
    isKnown || address.part === '' ? [] : [`"${address.part}" is not a part of this page; ${didYouMean(address.part, Object.keys(parts))}`];
  const keep = (settings: ReadonlyMap<string, string>): void => {
    kept.keep(name, settings);
    for (const link of document.querySelectorAll<HTMLAnchorElement>('nav a[data-part]')) {
      const part = link.dataset.part!;
      link.href = writeAddress({ part, settings: kept.of(part) });
    }
  };
  for (const link of document.querySelectorAll<HTMLAnchorElement>('nav a[data-part]')) {
    if (link.dataset.part === name) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  keep(address.settings);
  document.title = `${title} · Surrogate gradient explorer`;
  figures.show(location.hash);
  const remember = (settings: ReadonlyMap<string, string>): void => {
    const hash = writeAddress({ part: name, settings });
    history.replaceState(null, '', hash);
    keep(settings);
    figures.show(hash);
  };
  const restart = (settings: ReadonlyMap<string, string>): void => {
    remember(settings);
    showPart();
    // Someone who has chosen a model goes on from there.
    main.querySelector<HTMLElement>('select[name="model"]')?.focus({ preventScroll: true });
  };
  const report = (problem: string): void => {
    problems.push(problem);
  };
  shown.abort();
  shown = new AbortController();
  main.replaceChildren(
    figures.element,
    make({ catalogue, neurons, settings: address.settings, report, remember, restart, left: shown.signal }),
  );
  sayProblems(problems);
}

/** Says what of a link was not understood. */
function sayProblems(problems: readonly string[]): void {
  notice.hidden = problems.length === 0;
  if (notice.hidden) return;
  notice.replaceChildren(
    element('p', {}, 'Some of this link was not understood and is left out:'),
    element('ul', {}, ...problems.map((problem) => element('li', {}, problem))),
    element(
      'button',
      {
        type: 'button',
        onclick: () => {
          notice.hidden = true;
        },
      },
      'Close',
    ),
  );
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
  scrollTo(0, 0);
  main.focus({ preventScroll: true });
});
await start();
