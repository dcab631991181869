import { drawFigure } from '../src/plot/draw.ts';
import { numberText } from '../src/plot/scale.ts';
import { surrogateFigure } from '../src/plot/surrogate-figure.ts';
import type { CatalogueEntry } from './api-types.ts';
import { urlOf } from './api.ts';
import { element, fromMarkup, newId } from './dom.ts';
import { formula } from './formula.ts';
import { interestingReach, within } from './interesting-range.ts';

/** A surrogate's curves, as its small picture shows them. */
export interface SmallCurves {
  readonly x: ArrayLike<number>;
  readonly spike: ArrayLike<number>;
  readonly value: ArrayLike<number>;
  readonly grad: ArrayLike<number>;
}

/** A surrogate in the gallery. */
export interface SurrogateCard {
  readonly element: HTMLElement;
  showCurves(curves: SmallCurves): void;
  showPicked(picked: boolean): void;
}

/** A card with a small picture, a box to compare it, and what there is to be known of it. */
export function surrogateCard(entry: CatalogueEntry, onPick: (picked: boolean) => void): SurrogateCard {
  const id = newId();
  const box = element('input', {
    id,
    type: 'checkbox',
    onchange: () => {
      onPick(box.checked);
    },
  });
  const picture = element('div', { class: 'small' });
  const scale = element('p', { class: 'scale' }, '\u00a0');
  const details = element('details', {}, element('summary', {}, 'Formula, parameters, sources'));
  details.addEventListener('toggle', () => {
    if (details.open && details.children.length === 1) details.append(...description(entry));
  });
  return {
    element: element(
      'article',
      { class: 'card', 'aria-label': entry.name },
      picture,
      scale,
      element('div', { class: 'pick' }, box, element('label', { for: id }, entry.name)),
      element('p', {}, entry.summary),
      details,
    ),
    showCurves(curves) {
      const reach = interestingReach(curves.x, curves.grad);
      const [x = [], spike = [], value = [], grad = []] = within(reach, curves.x, curves.spike, curves.value, curves.grad);
      const figure = surrogateFigure({ x, spike, surrogates: [{ label: entry.name, value, grad }], width: 300, height: 100, bare: true });
      picture.replaceChildren(fromMarkup(drawFigure(figure, { idPrefix: id })));
      const peak = grad.reduce((most, one) => Math.max(most, one), -Infinity);
      scale.textContent = `x from ${numberText(-reach)} to ${reach}, σ′ up to ${numberText(peak, 3)}`;
    },
    showPicked(picked) {
      box.checked = picked;
    },
  };
}

function description({ name, formulas: latex, parameters, aliases, references, notes }: CatalogueEntry): HTMLElement[] {
  const rows = Object.entries(parameters).map(([parameter, { default: usual, minimum, maximum, meaning }]) =>
    element(
      'tr',
      {},
      element('th', { scope: 'row' }, parameter),
      element('td', { class: 'number' }, [usual].flat().join(', ')),
      element('td', {}, `${minimum} to ${maximum}`),
      element('td', {}, meaning),
    ),
  );
  const list = (title: string, items: readonly (string | HTMLElement)[]): HTMLElement[] =>
    items.length === 0 ? [] : [element('h4', {}, title), element('ul', {}, ...items.map((item) => element('li', {}, item)))];
  return [
    element('h4', {}, 'Surrogate gradient'),
    formula(latex.grad, 'σ′(x) ='),
    element('h4', {}, 'Surrogate function'),
    formula(latex.value, 'σ(x) ='),
    ...(rows.length === 0
      ? [element('p', {}, 'It has no parameters.')]
      : [
          element(
            'table',
            {},
            element('caption', {}, 'Parameters'),
            element(
              'thead',
              {},
              element('tr', {}, ...['name', 'default', 'range', 'meaning'].map((column) => element('th', { scope: 'col' }, column))),
            ),
            element('tbody', {}, ...rows),
          ),
        ]),
    ...list(
      'In other libraries',
      aliases.map(({ library, name: other, note }) => `${library}: ${other}${note === undefined ? '' : ` (${note})`}`),
    ),
    ...list('Sources', references.map(linked)),
    ...list('Notes', notes),
    element(
      'p',
      {},
      element('a', { href: urlOf(`/surrogates/${name}.svg`) }, 'The picture as a file'),
      ' · ',
      element('a', { href: urlOf(`/surrogates/${name}`) }, 'JSON'),
    ),
  ];
}

/** A text whose address, if it has one, is a link. */
function linked(text: string): HTMLElement {
  const parts = text.split(/(https?:\/\/\S+?)(?=[.,;)]?(?:\s|$))/);
  return element(
    'span',
    {},
    ...parts.map((part) => (/^https?:/.test(part) ? element('a', { href: part, rel: 'noreferrer' }, part) : part)),
  );
}
