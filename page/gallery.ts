import { surrogateFigure, surrogateLabel } from '../src/plot/surrogate-figure.ts';
import { readRange, readSurrogates, writeSurrogates } from './address.ts';
import type { ApiRequest, CatalogueEntry, EvalAnswer, GradAnswer } from './api-types.ts';
import { ApiError, call } from './api.ts';
import type { Range } from './cursor.ts';
import { element, newId } from './dom.ts';
import { newest } from './newest.ts';
import type { PartOptions } from './part.ts';
import { Picture } from './picture.ts';
import { surrogateCard, type SurrogateCard } from './surrogate-card.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf } from './table.ts';

/** What is compared at first: six shapes, scaled to be alike. */
const usualSurrogates = 'sigmoid;piecewise_quadratic;relu_grad;gaussian_grad;erf(alpha:2);arctan(alpha:3)';
const usualRange: Range = [-2, 2];
const points = 801;
const smallPoints = 201;

/** All surrogates as small pictures, and those that are picked over each other. */
export function gallery({ catalogue, settings, remember }: PartOptions): HTMLElement {
  let range: Range = readRange(settings.get('x')) ?? usualRange;
  const store = (): void => { remember(new Map([['compare', writeSurrogates(picker.picked)], ['x', range.join()]])); };

  const picture = new Picture({
    title: 'Values and gradients of the surrogates picked',
    fileName: 'surrogates',
    onZoom: (wanted) => {
      range = wanted ?? usualRange;
      store();
      draw();
    },
    onRetry: () => { draw(); },
  });
  const picker = new SurrogatePicker({
    catalogue,
    picked: readSurrogates(settings.get('compare') ?? usualSurrogates),
    onChange: (valid) => {
      showPicked();
      store();
      if (valid) draw();
    },
  });
  const bar = pickedBar(() => {
    picture.element.scrollIntoView({ block: 'center' });
    picture.element.querySelector<HTMLElement>('.plot')?.focus({ preventScroll: true });
  });
  const draw = newest((signal) => drawComparison(picture, picker, range, signal));
  const cards = new Map(catalogue.map((entry): [string, SurrogateCard] => [
    entry.name,
    surrogateCard(entry, (picked) => {
      if (picked) picker.add(entry.name);
      else picker.remove(entry.name);
    }),
  ]));
  const showPicked = (): void => {
    for (const [name, card] of cards) card.showPicked(picker.has(name));
    bar.show(picker.picked.length);
  };
  showPicked();
  draw();

  return element(
    'div',
    {},
    element(
      'section',
      { class: 'with-controls', 'aria-label': 'Comparison' },
      element('div', { class: 'picture' }, element('h2', {}, 'Comparison'), picture.element),
      element('div', { class: 'controls' }, element('h3', {}, 'Picked'), picker.element),
    ),
    familySections(catalogue, cards, bar.element),
  );
}

/** What is at the lower edge of the window while someone picks, far from the comparison. */
function pickedBar(onShow: () => void): { element: HTMLElement; show: (count: number) => void } {
  const text = element('span', {});
  return {
    element: element('div', { class: 'picked-bar' }, text, element('button', { type: 'button', onclick: onShow }, 'Show the comparison')),
    show: (count) => { text.textContent = count === 1 ? '1 surrogate picked' : `${count} surrogates picked`; },
  };
}

async function drawComparison(picture: Picture, picker: SurrogatePicker, [low, high]: Range, signal: AbortSignal): Promise<void> {
  if (picker.picked.length === 0) {
    picture.empty('Nothing is picked. Tick a surrogate below, or add one by its name.');
    return;
  }
  const body = { x: { linspace: [low, high, points] }, surrogate: picker.wire };
  const requests: [ApiRequest, ApiRequest] = [{ path: '/surrogate/eval', body }, { path: '/surrogate/grad', body }];
  picture.loading();
  try {
    const [evaluated, differentiated] = await Promise.all([call<EvalAnswer>(requests[0], signal), call<GradAnswer>(requests[1], signal)]);
    const x = linspace(low, high, points);
    const { spike } = evaluated.body.results[0]!;
    const surrogates = evaluated.body.results.map(({ surrogate, value }, i) => ({ label: surrogateLabel(surrogate), value, grad: differentiated.body.results[i]!.grad }));
    picture.show({
      draw: (width) => surrogateFigure({ x, spike, surrogates, width, ...(width < 640 ? { height: 560, columns: 1 } : { height: 380, columns: 2 }) }),
      table: () => tableOf([['x', x], ['step', spike], ...surrogates.flatMap(({ label, value, grad }): [string, number[]][] => [[`${label} value`, value], [`${label} gradient`, grad]])]),
      requests,
      metas: [evaluated.body.meta, differentiated.body.meta],
      roundTripMs: Math.max(evaluated.roundTripMs, differentiated.roundTripMs),
    });
  } catch (error) {
    if (signal.aborted) return;
    picture.fail(error);
    if (error instanceof ApiError) complainOfParameters(error, picker);
  }
}

/** Says beside the parameters what the service finds wrong with them. */
export function complainOfParameters({ errors }: ApiError, picker: SurrogatePicker): void {
  for (const { path, message } of errors) {
    const place = /^\/surrogate\/(\d+)\/(.+)$/.exec(path);
    if (place !== null) picker.complain(Number(place[1]), place[2]!, message);
  }
}

function familySections(catalogue: readonly CatalogueEntry[], cards: ReadonlyMap<string, SurrogateCard>, bar: HTMLElement): HTMLElement {
  const families = new Map<string, CatalogueEntry[]>();
  for (const entry of catalogue) families.set(entry.family, [...(families.get(entry.family) ?? []), entry]);
  const sections = [...families].map(([family, entries]) => ({
    entries,
    section: element('section', { 'aria-label': family }, element('h3', {}, family), element('div', { class: 'cards' }, ...entries.map(({ name }) => cards.get(name)!.element))),
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
    state.textContent = found === 0 ? `No surrogate has "${text.trim()}" in its name, family, aliases or sources.` : `${found} of ${catalogue.length} surrogates`;
  };
  const id = newId();
  const search = element('input', { id, type: 'search', autocomplete: 'off', oninput: () => { filter(search.value); } });
  filter('');
  void drawSmall(catalogue, cards, state);
  return element(
    'section',
    { class: 'gallery', 'aria-label': 'Gallery' },
    element('h2', {}, 'All surrogates'),
    element('p', {}, 'Left the step and the value that stands for it, right the gradient, for x from −2 to 2; the gradient is scaled to its own height.'),
    element('div', { class: 'field search' }, element('label', { for: id }, 'Find by name, family, library or paper'), search),
    state,
    ...sections.map(({ section }) => section),
    bar,
  );
}

function searchText({ name, family, summary, aliases, references }: CatalogueEntry): string {
  return [name, family, summary, ...aliases.map(({ library, name: other }) => `${library} ${other}`), ...references].join(' ').toLowerCase();
}

/** All small pictures with two requests. */
async function drawSmall(catalogue: readonly CatalogueEntry[], cards: ReadonlyMap<string, SurrogateCard>, state: HTMLElement): Promise<void> {
  const [low, high] = usualRange;
  const body = { x: { linspace: [low, high, smallPoints] }, surrogate: catalogue.map(({ name }) => name) };
  try {
    const [evaluated, differentiated] = await Promise.all([call<EvalAnswer>({ path: '/surrogate/eval', body }), call<GradAnswer>({ path: '/surrogate/grad', body })]);
    const x = linspace(low, high, smallPoints);
    catalogue.forEach(({ name }, i) => {
      const { spike, value } = evaluated.body.results[i]!;
      cards.get(name)!.showCurves({ x, spike, value, grad: differentiated.body.results[i]!.grad });
    });
  } catch (error) {
    state.textContent = `The small pictures could not be drawn. ${(error as Error).message}`;
  }
}

/** The points that the service makes of a linspace. */
export function linspace(low: number, high: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? high : low + ((high - low) * i) / (count - 1)));
}
