import { drawSwatch } from '../src/plot/draw.ts';
import type { Figure, Mark } from '../src/plot/figure.ts';
import { namedMarks, styleOf } from '../src/plot/layout.ts';
import type { Reading } from './cursor.ts';
import { element, fromMarkup } from './dom.ts';

/** The legend of a picture: a button for each curve shows and hides it, and has its values under the cursor. */
export class Legend {
  readonly element = element('ul', { class: 'legend', 'aria-label': 'Curves' });
  readonly #redraw: () => void;
  readonly #hidden = new Set<string>();
  #strong: string | undefined;
  #labels = '';
  #slots = new Map<string, HTMLElement>();

  /** @param redraw draws the picture as the legend has it now. */
  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** The figure without what is hidden, and with what is pointed at before the others. */
  apply(figure: Figure): Figure {
    this.#fill(figure);
    if (this.#hidden.size === 0 && this.#strong === undefined) return figure;
    return {
      ...figure,
      panels: figure.panels.map((panel) => ({
        ...panel,
        marks: panel.marks.filter((mark) => !this.#hidden.has(keyOf(mark))).map((mark) => this.#emphasized(mark)),
      })),
    };
  }

  /** Shows the values under the cursor, or none. */
  read(reading: Reading | undefined): void {
    for (const [label, slot] of this.#slots)
      slot.textContent =
        reading?.values
          .get(label)
          ?.map(({ value }) => value)
          .join(' · ') ?? '';
  }

  #emphasized(mark: Mark): Mark {
    if (mark.kind !== 'line' || this.#strong === undefined) return mark;
    return { ...mark, emphasis: keyOf(mark) === this.#strong ? 'strong' : 'faint' };
  }

  /** Makes the buttons anew where the curves are others. */
  #fill(figure: Figure): void {
    const marks = [...namedMarks(figure)];
    const labels = JSON.stringify(marks.map(([label, mark]) => [label, keyOf(mark)]));
    if (labels === this.#labels) return;
    if (marks.length !== this.#slots.size) this.#hidden.clear();
    this.#labels = labels;
    this.#slots = new Map(marks.map(([label]) => [label, element('span', { class: 'values', 'aria-hidden': 'true' })]));
    this.element.hidden = marks.length < 2;
    this.element.replaceChildren(...marks.map(([label, mark]) => element('li', {}, this.#button(label, mark))));
  }

  #button(label: string, mark: Mark): HTMLElement {
    const key = keyOf(mark);
    const highlight = (strong: string | undefined) => () => {
      if (this.#hidden.has(key) || this.#strong === strong) return;
      this.#strong = strong;
      this.#redraw();
    };
    const button = element(
      'button',
      {
        type: 'button',
        title: label,
        'aria-pressed': String(!this.#hidden.has(key)),
        onmouseenter: highlight(key),
        onmouseleave: highlight(undefined),
        onfocus: () => {
          if (button.matches(':focus-visible')) highlight(key)();
        },
        onblur: highlight(undefined),
        onclick: () => {
          this.#strong = undefined;
          if (!this.#hidden.delete(key)) this.#hidden.add(key);
          button.setAttribute('aria-pressed', String(!this.#hidden.has(key)));
          this.#redraw();
        },
      },
      swatchOf(mark),
      element('span', { class: 'label' }, label),
      this.#slots.get(label),
    );
    return button;
  }
}

/** A piece of the line as it is drawn, dashes and all. */
export function swatchOf(mark: Mark): Element {
  return fromMarkup(
    `<svg class="swatch" viewBox="0 0 28 16" width="28" height="16" aria-hidden="true">${drawSwatch(mark, [1, 8], 26, 3)}</svg>`,
  );
}

/** What a series is told by while its label changes with its parameters. */
function keyOf(mark: Mark): string {
  const style = styleOf(mark);
  return style === 'neutral' ? mark.label : String(style);
}
