import type { Space } from '../src/plot/figure.ts';
import { surrogateFigure, surrogateGridFigure } from '../src/plot/surrogate-figure.ts';
import { writeSurrogates } from './address.ts';
import { controls } from './controls.ts';
import type { Range } from './cursor.ts';
import { element } from './dom.ts';
import { fieldGroup } from './fields.ts';
import { familySections } from './family-sections.ts';
import { newest } from './newest.ts';
import type { Part, PartOptions } from './part.ts';
import { pickedBar } from './picked-bar.ts';
import { Picture } from './picture.ts';
import { Settings } from './settings.ts';
import { surrogateCard, type SurrogateCard } from './surrogate-card.ts';
import { fetchCurves } from './surrogate-curves.ts';
import { SurrogatePicker } from './surrogate-picker.ts';
import { tableOf } from './table.ts';

/** What is compared at first: six shapes, scaled to be alike. */
const usualSurrogates = 'sigmoid;piecewise_quadratic;relu_grad;gaussian_grad;erf(alpha:2);arctan(alpha:3)';
const usualRange: Range = [-2, 2];
const usualPoints = 801;

const layouts = [
  ['together', 'over each other'],
  ['grid', 'each in a picture of its own'],
] as const;

/** All surrogates as small pictures, and those that are picked over each other. */
export const gallery: Part = { title: 'Surrogates', surrogates: 'compare', make: makeGallery };

function makeGallery(options: PartOptions): HTMLElement {
  const { catalogue, remember, report } = options;
  const changed = (): void => {
    remember(settings.texts);
    draw();
  };
  const settings = new Settings(options, changed);
  let range: Range = settings.range('x') ?? usualRange;
  const picture = new Picture({
    title: 'Surrogates compared',
    fileName: 'surrogates',
    onZoom: (wanted) => {
      range = wanted ?? usualRange;
      settings.set('x', range.join());
      if (wanted === undefined) whole.set(false);
      settings.set('whole', undefined);
      changed();
    },
    onWhole: () => {
      whole.set(true);
      settings.set('whole', 'true');
      changed();
    },
    onRetry: () => {
      draw();
    },
  });
  const picker = new SurrogatePicker({
    catalogue,
    picked: settings.text('compare', usualSurrogates),
    report,
    onChange: () => {
      showPicked();
      settings.set('compare', writeSurrogates(picker.picked));
      changed();
    },
  });
  const points = settings.number('points', usualPoints, {
    label: 'Points',
    hint: 'of each curve; up to 60 are drawn as dots',
    minimum: 2,
    maximum: 5000,
    integer: true,
    slider: [2, 1001],
  });
  const layout = settings.choice('layout', 'together', { label: 'Curves', choices: layouts });
  const whole = settings.check('whole', false, { label: 'Axes go round every curve' });
  const bar = pickedBar(picture.element);
  const draw = newest(async (signal) => {
    const wrong = [...picker.wrongFields, ...settings.wrongFields(['points'])];
    if (wrong.length > 0) {
      picture.hold(wrong);
      return;
    }
    const how = { range, points: points.value()!, isGrid: layout.value() === 'grid' && picker.picked.length > 0, whole: whole.value()! };
    await drawComparison(picture, picker, how, signal);
  });
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
  settings.reportUnknown();

  return element(
    'div',
    {},
    element(
      'section',
      { class: 'with-controls fitted', 'aria-label': 'Comparison' },
      element('div', { class: 'picture' }, picture.element),
      controls('Surrogates and their parameters', picker.element, fieldGroup('Picture', layout.element, points.element, whole.element)),
    ),
    familySections(catalogue, cards, bar.element),
  );
}

interface ComparisonOptions {
  readonly range: Range;
  readonly points: number;
  readonly isGrid: boolean;
  readonly whole: boolean;
}

async function drawComparison(
  picture: Picture,
  picker: SurrogatePicker,
  { range, points, isGrid, whole }: ComparisonOptions,
  signal: AbortSignal,
): Promise<void> {
  await picture.fill(
    signal,
    async () => {
      const { x, spike, surrogates, ...origin } = await fetchCurves(picker.wire, { linspace: [...range, points] }, signal);
      const curves = { x, spike, surrogates, whole, hasDots: points <= 60 };
      return {
        ...origin,
        draw: (room) =>
          isGrid
            ? surrogateGridFigure({ ...curves, ...gridSize(room, surrogates.length) })
            : surrogateFigure({
                ...curves,
                width: room.width,
                height: room.height(room.fits(2) ? comparisonHeight() : 500),
                columns: room.fits(2) ? 2 : 1,
              }),
        table: () =>
          tableOf([
            ['x', x],
            ['step', spike],
            ...surrogates.flatMap(({ label, value, grad }): [string, ArrayLike<number>][] => [
              [`${label} value`, value],
              [`${label} gradient`, grad],
            ]),
          ]),
        ...(surrogates.length === 0 && {
          summary:
            'The derivative of a spike is 0 wherever it exists, so no gradient passes through it. Add a surrogate to put its gradient in the place of the true one.',
        }),
      };
    },
    (errors) => {
      picker.complain(errors);
    },
  );
}

/** Low enough for the gallery to begin within a laptop's window, in pixels for text of 12 pixels. */
function comparisonHeight(): number {
  return Math.min(340, Math.max(220, (innerHeight - 490) * 0.8));
}

function gridSize({ width, fits, height }: Space, count: number): { width: number; height: number; columns: number } {
  const columns = [4, 3, 2].find((most) => count >= most && fits(most)) ?? 1;
  return { width, columns, height: height(40 + Math.ceil(count / columns) * 190) };
}
