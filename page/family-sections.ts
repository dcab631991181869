import type { CatalogueEntry } from './api-types.ts';
import { element, newId } from './dom.ts';
import type { SurrogateCard } from './surrogate-card.ts';
import { fetchCurves } from './surrogate-curves.ts';

/** All surrogates by family, with a field that finds some of them. `bar` stays at the lower edge of the window. */
export function familySections(
  catalogue: readonly CatalogueEntry[],
  cards: ReadonlyMap<string, SurrogateCard>,
  bar: HTMLElement,
): HTMLElement {
  const families = new Map<string, CatalogueEntry[]>();
  for (const entry of catalogue) families.set(entry.family, [...(families.get(entry.family) ?? []), entry]);
  const sections = [...families].map(([family, entries]) => ({
    entries,
    section: element(
      'section',
      { 'aria-label': family },
      element('h3', {}, family),
      element('div', { class: 'cards' }, ...entries.map(({ name }) => cards.get(name)!.element)),
    ),
  }));

  const state = element('p', { class: 'status', role: 'status' }, '');
  const filter = (text: string): void => {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const { entries, section } of sections) {
      const matching = entries.filter((entry) => words.every((word) => searchText(entry).includes(word)));
      for (const entry of entries) cards.get(entry.name)!.element.hidden = !matching.includes(entry);
      section.hidden = matching.length === 0;
      found += matching.length;
    }
    state.textContent =
      found === 0
        ? `No surrogate has "${text.trim()}" in its name, family, aliases or sources.`
        : words.length === 0
          ? ''
          : `${found} of ${catalogue.length} surrogates`;
  };
  const id = newId();
  const search = element('input', {
    id,
    type: 'search',
    autocomplete: 'off',
    oninput: () => {
      filter(search.value);
    },
  });
  filter('');
  void drawSmall(catalogue, cards, state);
  return element(
    'section',
    { class: 'gallery', 'aria-label': 'All surrogates' },
    element(
      'div',
      { class: 'gallery-head' },
      element('h2', {}, `All ${catalogue.length} surrogates, by family`),
      element('div', { class: 'search' }, element('label', { for: id }, 'Find by name, library or paper'), search),
      state,
      element('p', { class: 'quiet' }, 'Tick one to compare it. Small pictures: σ(x) over H(x), and σ′(x).'),
    ),
    ...sections.map(({ section }) => section),
    bar,
  );
}

function searchText({ name, family, summary, aliases, references }: CatalogueEntry): string {
  return [name, family, summary, ...aliases.map(({ library, name: other }) => `${library} ${other}`), ...references]
    .join(' ')
    .toLowerCase();
}

/** Points that are close together near 0, where steep surrogates need them, and reach to 8 on both sides. */
const points = Array.from({ length: 301 }, (_, i) => Number(((8 * Math.sinh((6 * (i - 150)) / 150)) / Math.sinh(6)).toPrecision(6)));

/** All small pictures with two requests. */
async function drawSmall(
  catalogue: readonly CatalogueEntry[],
  cards: ReadonlyMap<string, SurrogateCard>,
  state: HTMLElement,
): Promise<void> {
  try {
    const { x, spike, surrogates } = await fetchCurves(
      catalogue.map(({ name }) => name),
      points,
    );
    catalogue.forEach(({ name }, i) => {
      cards.get(name)!.showCurves({ x, spike, ...surrogates[i]! });
    });
  } catch (error) {
    state.textContent = `The small pictures could not be drawn. ${(error as Error).message}`;
  }
}
