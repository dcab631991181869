import { surrogateFigure } from '../src/plot/surrogate-figure.ts';
import { readRange, readSurrogates, writeSurrogates } from './address.ts';
import type { Range } from './cursor.ts';
import { element } from './dom.ts';
import { familySections } from './family-sections.ts';
import { newest } from './newest.ts';
import type { PartOptions } from './part.ts';
import { pickedBar } from './picked-bar.ts';
import { Picture } from './picture.ts';
import { surrogateCard, type SurrogateCard } from './surrogate-card.ts';
import { fetchCurves } from './surrogate-curves.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf } from './table.ts';

/** What is compared at first: six shapes, scaled to be alike. */
const usualSurrogates = 'sigmoid;piecewise_quadratic;relu_grad;gaussian_grad;erf(alpha:2);arctan(alpha:3)';
const usualRange: Range = [-2, 2];
const points = 801;

/** All surrogates as small pictures, and those that are picked over each other. */
export function gallery({ catalogue, settings, remember }: PartOptions): HTMLElement {
  let range: Range = readRange(settings.get('x')) ?? usualRange;
  const store = (): void => {
    remember(
      new Map([
        ['compare', writeSurrogates(picker.picked)],
        ['x', range.join()],
      ]),
    );
  };

  const picture = new Picture({
    title: 'Values and gradients of the surrogates picked',
    fileName: 'surrogates',
    onZoom: (wanted) => {
      range = wanted ?? usualRange;
      store();
      draw();
    },
    onRetry: () => {
      draw();
    },
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
  const cards = new Map(
    catalogue.map((entry): [string, SurrogateCard] => [
      entry.name,
      surrogateCard(entry, (picked) => {
        if (picked) picker.add(entry.name);
        else picker.remove(entry.name);
      }),
    ]),
  );
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

async function drawComparison(picture: Picture, picker: SurrogatePicker, range: Range, signal: AbortSignal): Promise<void> {
  if (picker.picked.length === 0) {
    picture.empty('Nothing is picked. Tick a surrogate below, or add one by its name.');
    return;
  }
  await picture.fill(
    signal,
    async () => {
      const { x, spike, surrogates, ...origin } = await fetchCurves(picker.wire, range, points, signal);
      return {
        ...origin,
        draw: (width) =>
          surrogateFigure({ x, spike, surrogates, width, ...(width < 640 ? { height: 560, columns: 1 } : { height: 380, columns: 2 }) }),
        table: () =>
          tableOf([
            ['x', x],
            ['step', spike],
            ...surrogates.flatMap(({ label, value, grad }): [string, ArrayLike<number>][] => [
              [`${label} value`, value],
              [`${label} gradient`, grad],
            ]),
          ]),
      };
    },
    (errors) => {
      picker.complain(errors);
    },
  );
}
