import { drawFigure } from '../src/plot/draw.ts';
import type { Figure, Space } from '../src/plot/figure.ts';
import { numberText, toPixel } from '../src/plot/scale.ts';
import type { ApiRequest, Meta } from './api-types.ts';
import { ApiError, hasKey, urlOf } from './api.ts';
import { Cursor, type Range, type Reading } from './cursor.ts';
import { element, fromMarkup, newId } from './dom.ts';
import { Legend } from './legend.ts';
import { present } from './presentation.ts';
import { retryControl } from './retry-control.ts';
import { saveCsv, savePng, saveSvg } from './save.ts';
import type { WrongField } from './settings.ts';
import { snippets, type Snippet } from './snippets.ts';
import { thinned, type Table } from './table.ts';

/** What there is to be seen, and where it comes from. */
export interface Shown {
  readonly draw: (room: Space) => Figure;
  readonly table: () => Table;
  readonly requests: readonly ApiRequest[];
  readonly metas: readonly Meta[];
  readonly roundTripMs: number;
  /** What could not be computed beside the rest, and why. */
  readonly failures?: readonly string[];
  /** What the numbers come to, in a sentence or two. */
  readonly summary?: string;
  /** A button beside that sentence, and what it does. */
  readonly action?: { readonly text: string; readonly run: () => Promise<void> };
  /** What they come to where that takes a table. */
  readonly statistics?: Table;
}

export interface PictureOptions {
  readonly title: string;
  /** What its files are called. */
  readonly fileName: string;
  readonly onZoom?: (range?: Range, axis?: string) => void;
  /** Draws the picture with axes that go round every curve, or round most of them; where that can be chosen. */
  readonly onWhole?: (whole: boolean) => void;
  /** Asks once more, after an error. */
  readonly onRetry: () => void;
}

/** A table for reading has no more rows. */
const maxRows = 60;
/** What a panel needs beside others, in pixels for text of 12 pixels. */
const minPanelWidth = 250;

/** A picture with its legend, its values under the cursor, its numbers, its requests, and what can be saved of it. */
export class Picture {
  readonly element: HTMLElement;
  readonly #options: PictureOptions;
  readonly #cursor: Cursor;
  readonly #legend = new Legend(() => {
    this.#draw();
  });
  readonly #host: HTMLElement;
  readonly #readout = element('p', { class: 'readout resting', 'aria-hidden': 'true' });
  readonly #spoken = element('p', { class: 'unseen', 'aria-live': 'polite' });
  readonly #status = element('p', { class: 'status' }, 'Loading');
  readonly #statistics: HTMLElement;
  readonly #summary = element('p', { class: 'summary' });
  readonly #notes = element('ul', { class: 'notes', hidden: true });
  readonly #error = element('div', { class: 'error', role: 'alert', hidden: true });
  readonly #requests = element('div', { class: 'requests' });
  readonly #numbers: HTMLElement;
  readonly #tools: HTMLElement;
  readonly #cut: HTMLElement;
  readonly #numbersPart: HTMLDetailsElement;
  readonly #requestsPart: HTMLDetailsElement;
  readonly #drawingId = newId();
  readonly #hint: string;
  #shown: Shown | undefined;
  #isFirst = false;
  #figure: Figure | undefined;

  constructor(options: PictureOptions) {
    this.#options = options;
    const reads = matchMedia('(pointer: coarse)').matches
      ? 'Tap the picture to read its values'
      : 'Point at the picture to read its values';
    const zooms = matchMedia('(pointer: coarse)').matches ? '' : '; drag across it to zoom in, double-click to see all';
    this.#hint = `${reads}${options.onZoom === undefined ? '' : zooms}.`;
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
      onMove: (reading, spoken) => {
        this.#legend.read(reading);
        this.#readout.textContent = reading === undefined ? this.#hint : readoutText(reading, this.#figure);
        this.#readout.classList.toggle('resting', reading === undefined);
        if (spoken && reading) this.#spoken.textContent = spokenText(reading);
      },
      ...(options.onZoom && { onZoom: options.onZoom }),
    });
    this.#tools = this.#makeTools();
    this.#cut = element('p', { class: 'cut', hidden: true });
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
    this.element = element(
      'figure',
      { 'aria-label': options.title, 'aria-busy': 'true' },
      element('h2', {}, options.title),
      this.#error,
      this.#legend.element,
      this.#readout,
      this.#host,
      this.#spoken,
      element('figcaption', {}, this.#cut, this.#summary, this.#notes),
      element('div', { class: 'foot' }, this.#tools, this.#requestsPart, this.#numbersPart),
      this.#status,
      this.#statistics,
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
   * @returns whether it is shown.
   */
  async fill(signal: AbortSignal, request: () => Promise<Shown>, complain: (errors: ApiError['errors']) => void): Promise<boolean> {
    this.element.setAttribute('aria-busy', 'true');
    try {
      this.#show(await request());
      return true;
    } catch (error) {
      if (signal.aborted) return false;
      this.#fail(error);
      if (error instanceof ApiError) complain(error.errors);
      return false;
    }
  }

  #show(shown: Shown): void {
    if (this.#shown === undefined) this.#readout.textContent = this.#hint;
    this.#shown = shown;
    this.#isFirst = isFirstOfKind(shown.requests);
    this.element.removeAttribute('aria-busy');
    this.#host.classList.remove('empty');
    this.#error.hidden = true;
    this.#summary.replaceChildren(shown.summary ?? '', ...this.#actionOf(shown));
    this.#sayNotes(notesOf(shown));
    this.#status.textContent = statusText(shown, this.#isFirst);
    this.#statistics.hidden = shown.statistics === undefined;
    this.#statistics.replaceChildren(
      ...(shown.statistics === undefined ? [] : [tableElement(shown.statistics, 'Statistics of the curves', 5)]),
    );
    this.#setEmpty(false);
    this.#draw();
    this.#fillNumbers();
    this.#fillRequests();
  }

  #actionOf({ action }: Shown): HTMLElement[] {
    if (action === undefined) return [];
    const run = (): void => {
      action.run().catch((error: unknown) => {
        this.#fail(error);
      });
    };
    return [element('button', { type: 'button', onclick: run }, action.text)];
  }

  #sayNotes(texts: readonly string[]): void {
    this.#notes.hidden = texts.length === 0;
    this.#notes.replaceChildren(...texts.map((text) => element('li', {}, text)));
  }

  /** Hides what only makes sense beside a picture, or shows it again. */
  #setEmpty(isEmpty: boolean): void {
    for (const part of [this.#tools, this.#requestsPart, this.#numbersPart, this.#legend.element, this.#readout]) part.hidden = isEmpty;
  }

  /** Says that there is nothing to draw, and why. */
  empty(text: string): void {
    this.#shown = undefined;
    this.#figure = undefined;
    this.element.removeAttribute('aria-busy');
    this.#host.querySelector(':scope > svg:not(.overlay)')?.remove();
    this.#host.classList.add('empty');
    this.#error.hidden = this.#cut.hidden = true;
    this.#summary.textContent = '';
    this.#sayNotes([]);
    this.#statistics.hidden = true;
    this.#status.textContent = this.#spoken.textContent = text;
    this.#setEmpty(true);
  }

  /** Names the fields that are wrong, which may be out of sight; the last good picture stays. */
  hold(wrong: readonly WrongField[]): void {
    if (this.#shown === undefined) this.empty('There is no picture until these settings are right.');
    else this.#sayOld(this.#shown);
    this.element.removeAttribute('aria-busy');
    this.#error.replaceChildren(
      ...wrong.map(({ problem, focus }) =>
        element('p', {}, `${problem}. `, element('button', { type: 'button', onclick: focus }, 'Go to the field')),
      ),
    );
    this.#error.hidden = wrong.length === 0;
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
    this.#status.textContent = `The picture is of the last settings that worked. ${statusText(shown, this.#isFirst)}`;
  }

  #draw(): void {
    const width = Math.floor(this.#host.clientWidth);
    if (this.#shown === undefined || width === 0) return;
    const isPresented = this.element.classList.contains('presented');
    const fontSize = 0.875 * Number.parseFloat(getComputedStyle(this.element).fontSize);
    const unit = fontSize / 12;
    const available = this.#host.clientHeight;
    const whole = this.#shown.draw({
      width,
      fits: (panels) => width >= panels * minPanelWidth * unit,
      height: (usual) => (isPresented ? available : Math.round(usual * unit)),
      isPresented,
    });
    this.#figure = this.#legend.apply({ ...whole, fontSize, lineWidth: isPresented ? 5 : Math.max(2, 1.6 * unit), legend: false });
    this.#host.querySelector(':scope > svg:not(.overlay)')?.remove();
    this.#host.prepend(fromMarkup(drawFigure(this.#figure, { idPrefix: this.#drawingId })));
    this.#cursor.show(this.#figure);
    this.#sayCut(this.#figure);
  }

  /** Names the curves that go beyond the picture, with a button that shows all of them. */
  #sayCut(figure: Figure): void {
    const { onWhole } = this.#options;
    const cut = onWhole === undefined ? [] : cutOff(figure);
    this.#cut.hidden = cut.length === 0;
    this.#cut.replaceChildren(
      `${cut.join(', ')} ${cut.length === 1 ? 'goes' : 'go'} beyond the axes, so that the other curves keep their shape. `,
      element('button', { type: 'button', onclick: () => onWhole?.(true) }, 'Show all of it'),
    );
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
        onZoom();
      }),
    ];
    const link = element('button', { type: 'button' }, 'Copy link');
    link.addEventListener('click', () => {
      void copy(location.href, link);
    });
    const presentation = button('Present', () => {
      present(this.element, () => {
        this.#draw();
      });
    });
    presentation.title = 'Fills the window with the picture, for a projector';
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
      presentation,
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

/** What a reading says above the picture: where it is, and what the numbers in the legend are. */
function readoutText({ at, row }: Reading, figure: Figure | undefined): string {
  const symbols = [...new Set(figure?.panels.flatMap(({ symbol }) => symbol ?? []) ?? [])];
  return [at, row ?? (symbols.length > 1 ? `in the legend: ${symbols.join(' · ')}` : undefined)].filter(Boolean).join(' — ');
}

function spokenText({ at, row, values }: Reading): string {
  const curves = [...values].map(([label, all]) => `${label} ${all.map(({ symbol, value }) => `${symbol} ${value}`.trim()).join(', ')}`);
  return `${at}: ${[...(row === undefined ? [] : [row]), ...curves].join('; ')}`;
}

/** The labels of curves that leave their panel above or below. */
function cutOff({ panels }: Figure): string[] {
  const labels = panels.flatMap(({ x, y, marks }) =>
    marks.flatMap((mark) => {
      if (mark.kind !== 'line') return [];
      const scale = { domain: y.domain, range: [0, 1] } as const;
      const isOut = Array.from(mark.y).some((value, i) => {
        const share = toPixel(scale, value);
        return mark.x[i]! >= x.domain[0] && mark.x[i]! <= x.domain[1] && (share > 1.001 || share < -0.001);
      });
      return isOut ? [mark.label] : [];
    }),
  );
  return [...new Set(labels)];
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

/** Compiling takes longer than this, and pictures of what is compiled less. */
const minCompilationMs = 10;

/** Kinds of requests that have been answered before. */
const answeredKinds = new Set<string>();

/** What answered and how long it took. */
function statusText({ metas, roundTripMs, requests }: Shown, isFirst: boolean): string {
  const [first] = metas;
  if (first === undefined) return '';
  const elapsed = metas.reduce((sum, { elapsed_ms }) => sum + elapsed_ms, 0);
  const fallback = first.fallback === undefined ? '' : ', in the place of another back-end';
  const compiled = isFirst && elapsed >= minCompilationMs ? ', with the compilation that the first run of a kind needs' : '';
  const count = requests.length === 1 ? '1 request' : `${requests.length} requests`;
  return `${first.backend} on ${first.device}, ${first.dtype}${fallback}: ${numberText(elapsed, 3)} ms in the service${compiled}; ${count}, answered in ${numberText(Math.round(roundTripMs))} ms`;
}

/** Whether these are the first requests of their kind from this page; what differs in numbers alone is of one kind. */
function isFirstOfKind(requests: readonly ApiRequest[]): boolean {
  const isNumeric = (value: unknown): boolean => typeof [value].flat(2)[0] === 'number';
  const kind = JSON.stringify(requests, (_key, value: unknown) => (isNumeric(value) ? undefined : value));
  const isFirst = !answeredKinds.has(kind);
  answeredKinds.add(kind);
  return isFirst;
}

/** What the service says is surely not meant, and what it could not compute; each once. */
function notesOf({ metas, failures = [] }: Shown): readonly string[] {
  const notes = metas.flatMap(({ notes = [] }) => notes.map(({ path, message }) => `${path}: ${message}`));
  return [...new Set([...failures, ...notes])];
}
