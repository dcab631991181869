import { drawFigure } from '../src/plot/draw.ts';
import type { Figure } from '../src/plot/figure.ts';
import { numberText } from '../src/plot/scale.ts';
import type { ApiRequest, Meta } from './api-types.ts';
import { ApiError, hasKey, urlOf } from './api.ts';
import { Cursor, type Range } from './cursor.ts';
import { element, fromMarkup, newId } from './dom.ts';
import { retryControl } from './retry-control.ts';
import { saveCsv, savePng, saveSvg } from './save.ts';
import { snippets, type Snippet } from './snippets.ts';
import { thinned, type Table } from './table.ts';

/** What there is to be seen, and where it comes from. */
export interface Shown {
  /** The picture, as wide as there is room. */
  readonly draw: (width: number) => Figure;
  readonly table: () => Table;
  readonly requests: readonly ApiRequest[];
  readonly metas: readonly Meta[];
  readonly roundTripMs: number;
  /** What could not be computed beside the rest, and why. */
  readonly failures?: readonly string[];
  /** What the numbers come to, in a sentence or two. */
  readonly summary?: string;
  /** What they come to where that takes a table. */
  readonly statistics?: Table;
}

export interface PictureOptions {
  readonly title: string;
  /** What its files are called. */
  readonly fileName: string;
  readonly onZoom?: (range: Range | undefined) => void;
  /** Asks once more, after an error. */
  readonly onRetry: () => void;
}

/** A table for reading has no more rows. */
const maxRows = 60;

/** A picture with its values under the cursor, its numbers, its requests, and what can be saved of it. */
export class Picture {
  readonly element: HTMLElement;
  readonly #options: PictureOptions;
  readonly #cursor: Cursor;
  readonly #host: HTMLElement;
  readonly #readout = element('p', { class: 'readout', 'aria-hidden': 'true' });
  readonly #spoken = element('p', { class: 'unseen', 'aria-live': 'polite' });
  readonly #status = element('p', { class: 'status' }, 'Loading');
  readonly #statistics: HTMLElement;
  readonly #summary = element('p', { class: 'summary' });
  readonly #notes = element('ul', { class: 'notes', hidden: true });
  readonly #error = element('div', { class: 'error', role: 'alert', hidden: true });
  readonly #requests = element('div', { class: 'requests' });
  readonly #numbers: HTMLElement;
  readonly #tools: HTMLElement;
  readonly #numbersPart: HTMLDetailsElement;
  readonly #requestsPart: HTMLDetailsElement;
  readonly #drawingId = newId();
  readonly #hint: string;
  #shown: Shown | undefined;
  #figure: Figure | undefined;

  constructor(options: PictureOptions) {
    this.#options = options;
    this.#hint =
      options.onZoom === undefined
        ? 'Point at the picture to read its values.'
        : 'Point at the picture to read its values; draw over a stretch to zoom in, click twice to see all.';
    this.#readout.textContent = this.#hint;
    this.#host = element('div', {
      class: 'plot empty',
      tabindex: 0,
      role: 'group',
      'aria-label': `${options.title}: arrow keys read values, plus and minus zoom`,
    });
    this.#statistics = element('div', {
      class: 'statistics',
      tabindex: 0,
      role: 'region',
      'aria-label': `${options.title}: statistics`,
      hidden: true,
    });
    this.#numbers = element('div', { class: 'numbers', tabindex: 0, role: 'region', 'aria-label': `${options.title}: numbers` });
    this.#cursor = new Cursor({
      host: this.#host,
      onMove: (text, spoken) => {
        this.#readout.textContent = text === '' ? this.#hint : text;
        if (spoken) this.#spoken.textContent = text;
      },
      ...(options.onZoom && { onZoom: options.onZoom }),
    });
    this.#tools = this.#makeTools();
    this.#numbersPart = element(
      'details',
      {
        ontoggle: () => {
          this.#fillNumbers();
        },
      },
      element('summary', {}, 'Numbers'),
      this.#numbers,
    );
    this.#requestsPart = element(
      'details',
      {
        ontoggle: () => {
          this.#fillRequests();
        },
      },
      element('summary', {}, 'Request'),
      this.#requests,
    );
    const caption = element('figcaption', {}, this.#summary, this.#notes, this.#statistics, this.#status);
    this.element = element(
      'figure',
      { 'aria-label': options.title, 'aria-busy': 'true' },
      this.#error,
      this.#host,
      this.#readout,
      this.#spoken,
      caption,
      this.#tools,
      this.#requestsPart,
      this.#numbersPart,
    );
    let width = 0;
    new ResizeObserver(() => {
      if (this.#host.clientWidth === width) return;
      width = this.#host.clientWidth;
      this.#draw();
    }).observe(this.#host);
  }

  /**
   * Shows what a request brings, or says what went wrong with it, unless a newer one has taken its place.
   *
   * @param complain is told what the service finds wrong with the request, to say it beside the fields.
   */
  async fill(signal: AbortSignal, request: () => Promise<Shown>, complain: (errors: ApiError['errors']) => void): Promise<void> {
    this.element.setAttribute('aria-busy', 'true');
    try {
      this.#show(await request());
    } catch (error) {
      if (signal.aborted) return;
      this.#fail(error);
      if (error instanceof ApiError) complain(error.errors);
    }
  }

  #show(shown: Shown): void {
    this.#shown = shown;
    this.element.removeAttribute('aria-busy');
    this.#host.classList.remove('empty');
    this.#error.hidden = true;
    this.#summary.textContent = shown.summary ?? '';
    this.#sayNotes(notesOf(shown));
    this.#status.textContent = statusText(shown);
    this.#statistics.hidden = shown.statistics === undefined;
    this.#statistics.replaceChildren(
      ...(shown.statistics === undefined ? [] : [tableElement(shown.statistics, 'Statistics of the curves', 5)]),
    );
    this.#tools.hidden = this.#requestsPart.hidden = this.#numbersPart.hidden = false;
    this.#draw();
    this.#fillNumbers();
    this.#fillRequests();
  }

  #sayNotes(texts: readonly string[]): void {
    this.#notes.hidden = texts.length === 0;
    this.#notes.replaceChildren(...texts.map((text) => element('li', {}, text)));
  }

  /** Says that there is nothing to draw, and why. */
  empty(text: string): void {
    this.#shown = undefined;
    this.#figure = undefined;
    this.element.removeAttribute('aria-busy');
    this.#host.querySelector(':scope > svg:not(.overlay)')?.remove();
    this.#host.classList.add('empty');
    this.#error.hidden = true;
    this.#summary.textContent = '';
    this.#sayNotes([]);
    this.#statistics.hidden = true;
    this.#status.textContent = this.#spoken.textContent = text;
    this.#tools.hidden = this.#requestsPart.hidden = this.#numbersPart.hidden = true;
  }

  /** Says that what is set cannot be drawn until the fields that are marked are right; the last good picture stays. */
  hold(): void {
    this.element.removeAttribute('aria-busy');
    if (this.#shown === undefined) this.empty('There is no picture until the marked fields are right.');
    else this.#sayOld(this.#shown);
  }

  /** Says what went wrong, in the service's words; the last good picture stays. */
  #fail(error: unknown): void {
    this.element.removeAttribute('aria-busy');
    const texts =
      error instanceof ApiError && error.errors.length > 0 ? error.errors.map(({ path, message }) => `${path}: ${message}`) : [];
    const children: HTMLElement[] = [element('p', {}, error instanceof Error ? error.message : String(error))];
    if (texts.length > 1) children.push(element('ul', {}, ...texts.map((text) => element('li', {}, text))));
    children.push(retryControl(error, this.#options.onRetry));
    this.#error.replaceChildren(...children);
    this.#error.hidden = false;
    if (this.#shown === undefined) this.#status.textContent = 'No picture yet';
    else this.#sayOld(this.#shown);
  }

  #sayOld(shown: Shown): void {
    this.#status.textContent = `The picture is the last one that could be computed. ${statusText(shown)}`;
  }

  #draw(): void {
    const width = Math.floor(this.#host.clientWidth);
    if (this.#shown === undefined || width === 0) return;
    this.#figure = this.#shown.draw(width);
    this.#host.querySelector(':scope > svg:not(.overlay)')?.remove();
    this.#host.prepend(fromMarkup(drawFigure(this.#figure, { idPrefix: this.#drawingId })));
    this.#cursor.show(this.#figure);
  }

  #makeTools(): HTMLElement {
    const { fileName, onZoom } = this.#options;
    const button = (text: string, action: () => void, label?: string): HTMLElement =>
      element('button', { type: 'button', onclick: action, 'aria-label': label }, text);
    const zoom = onZoom && [
      button(
        '+',
        () => {
          this.#cursor.zoom(0.5);
        },
        'Zoom in',
      ),
      button(
        '−',
        () => {
          this.#cursor.zoom(2);
        },
        'Zoom out',
      ),
      button('Whole range', () => {
        onZoom(undefined);
      }),
    ];
    const link = element('button', { type: 'button' }, 'Copy link');
    link.addEventListener('click', () => {
      void copy(location.href, link);
    });
    return element(
      'div',
      { class: 'tools' },
      ...(zoom ?? []),
      element('span', {}, 'Save'),
      button(
        'SVG',
        () => {
          if (this.#figure) saveSvg(this.#figure, fileName);
        },
        'Save as SVG',
      ),
      button(
        'PNG',
        () => {
          if (this.#figure)
            savePng(this.#figure, fileName).catch((error: unknown) => {
              this.#fail(error);
            });
        },
        'Save as PNG',
      ),
      button(
        'CSV',
        () => {
          if (this.#shown) saveCsv(this.#shown.table(), fileName);
        },
        'Save as CSV',
      ),
      link,
    );
  }

  #fillNumbers(): void {
    if (!this.#numbersPart.open || this.#shown === undefined) return;
    const { columns, rows } = this.#shown.table();
    const some = thinned(rows, maxRows);
    const caption = some.length < rows.length ? `${some.length} of ${rows.length} rows; the CSV has all` : `${rows.length} rows`;
    this.#numbers.replaceChildren(tableElement({ columns, rows: some }, caption, 8));
  }

  #fillRequests(): void {
    if (!this.#requestsPart.open || this.#shown === undefined) return;
    this.#requests.replaceChildren(...snippets(this.#shown.requests, urlOf, hasKey()).map(snippetElement));
  }
}

function tableElement({ columns, rows }: Table, caption: string, digits: number): HTMLElement {
  const text = (value: number | string): string => (typeof value === 'number' ? numberText(value, digits) : value);
  return element(
    'table',
    {},
    element('caption', {}, caption),
    element('thead', {}, element('tr', {}, ...columns.map((column) => element('th', { scope: 'col' }, column)))),
    element(
      'tbody',
      {},
      ...rows.map((row) =>
        element('tr', {}, ...row.map((value) => element('td', typeof value === 'number' ? { class: 'number' } : {}, text(value)))),
      ),
    ),
  );
}

function snippetElement({ language, text }: Snippet): HTMLElement {
  const button = element('button', { type: 'button', 'aria-label': `Copy as ${language}` }, 'Copy');
  button.addEventListener('click', () => {
    void copy(text, button);
  });
  return element(
    'div',
    {},
    element('h3', {}, language, ' ', button),
    element('pre', { tabindex: 0, 'aria-label': `The request as ${language}` }, element('code', {}, text)),
  );
}

/** Copies a text, and says on the button how that went. */
async function copy(text: string, button: HTMLButtonElement): Promise<void> {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = 'Copied';
  } catch {
    button.textContent = 'Not allowed by the browser';
  }
  setTimeout(() => {
    button.textContent = before;
  }, 1500);
}

function statusText({ metas, roundTripMs }: Shown): string {
  const [first] = metas;
  if (first === undefined) return '';
  const elapsed = metas.reduce((sum, { elapsed_ms }) => sum + elapsed_ms, 0);
  const fallback = first.fallback === undefined ? '' : ', in the place of another back-end';
  return `${first.backend} on ${first.device}, ${first.dtype}${fallback}: computed in ${numberText(elapsed, 3)} ms, ${numberText(Math.round(roundTripMs))} ms there and back`;
}

/** What the service says is surely not meant, and what it could not compute; each once. */
function notesOf({ metas, failures = [] }: Shown): readonly string[] {
  const notes = metas.flatMap(({ notes = [] }) => notes.map(({ path, message }) => `${path}: ${message}`));
  return [...new Set([...failures, ...notes])];
}
