import type { CatalogueEntry } from './api-types.ts';
import { element, newId } from './dom.ts';
import type { SurrogateCard } from './surrogate-card.ts';
import { fetchCurves } from './surrogate-curves.ts';

/** What the small pictures show. */
const smallRange = [-2, 2] as const;
const smallPoints = 201;

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
    { class: 'gallery', 'aria-label': 'Gallery' },
    element('h2', {}, 'All surrogates'),
    element(
      'p',
      {},
      'Left the step and the value that stands for it, right the gradient, for x from −2 to 2; the gradient is scaled to its own height.',
    ),
    element('div', { class: 'field search' }, element('label', { for: id }, 'Find by name, family, library or paper'), search),
    state,
    ...sections.map(({ section }) => section),
    bar,
  );
}

function searchText({ name, family, summary, aliases, references }: CatalogueEntry): string {
  return [name, family, summary, ...aliases.map(({ library, name: other }) => `${library} ${other}`), ...references]
    .join(' ')
    .toLowerCase();
}

/** All small pictures with two requests. */
async function drawSmall(
  catalogue: readonly CatalogueEntry[],
  cards: ReadonlyMap<string, SurrogateCard>,
  state: HTMLElement,
): Promise<void> {
  try {
    const { x, spike, surrogates } = await fetchCurves(
      catalogue.map(({ name }) => name),
      smallRange,
      smallPoints,
    );
    catalogue.forEach(({ name }, i) => {
      cards.get(name)!.showCurves({ x, spike, ...surrogates[i]! });
    });
  } catch (error) {
    state.textContent = `The small pictures could not be drawn. ${(error as Error).message}`;
  }
}
