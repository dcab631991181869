import type { Figure, Line, Raster } from '../src/plot/figure.ts';
import { layOut, type Frame } from '../src/plot/layout.ts';
import { classOf } from '../src/plot/palette.ts';
import { fromPixel, numberText, toPixel } from '../src/plot/scale.ts';
import { svgElement } from './dom.ts';

export type Range = readonly [number, number];

/** What is under the cursor. */
export interface Reading {
  /** The place on the x axis: `x = 0.04`. */
  readonly at: string;
  /** By the label of a curve its values, each with the symbol of its panel. */
  readonly values: ReadonlyMap<string, readonly { readonly symbol: string; readonly value: string }[]>;
  /** The row of a raster: which neuron it is, and when it spiked. */
  readonly row?: string | undefined;
}

export interface CursorOptions {
  /** What a picture is in: the cursor lies over it. */
  readonly host: HTMLElement;
  /** Shows what is under the cursor, or that nothing is; `spoken` where someone moves it by keys. */
  readonly onMove: (reading: Reading | undefined, spoken: boolean) => void;
  /** A stretch of an x axis that someone wants to see alone, by the axis's name; without a stretch, all of everything. */
  readonly onZoom?: (range?: Range, axis?: string) => void;
}

interface Place {
  readonly frame: Frame;
  readonly x: number;
  /** The row of a raster; the pointer chooses it, and the keys up and down. */
  readonly row: number;
}

/** A line across the panels at one x, with the values there; drawing it over a stretch zooms. */
export class Cursor {
  readonly #options: CursorOptions;
  readonly #overlay = svgElement('svg', { class: 'overlay', 'aria-hidden': 'true' });
  #frames: readonly Frame[] = [];
  #at: Place | undefined;
  #drag: { frame: Frame; from: number } | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
    const { host } = options;
    host.append(this.#overlay);
    host.addEventListener('pointermove', (event) => {
      this.#pointAt(event);
    });
    host.addEventListener('pointerleave', (event) => {
      // A finger that is lifted leaves too, and what it has pointed at stays to be read.
      if (this.#drag === undefined && event.pointerType !== 'touch') this.#leave();
    });
    host.addEventListener('pointerdown', (event) => {
      this.#pointAt(event);
      this.#beginDrag(event);
    });
    host.addEventListener('pointerup', (event) => {
      this.#endDrag(event);
    });
    host.addEventListener('dblclick', () => {
      options.onZoom?.();
    });
    host.addEventListener('keydown', (event) => {
      this.#press(event);
    });
    host.addEventListener('blur', () => {
      this.#leave();
    });
  }

  /** Takes the picture that is drawn now. */
  show(figure: Figure): void {
    const at = this.#at;
    const panel = at === undefined ? -1 : this.#frames.indexOf(at.frame);
    this.#frames = layOut(figure).frames;
    this.#overlay.setAttribute('viewBox', `0 0 ${figure.width} ${figure.height}`);
    this.#overlay.setAttribute('width', String(figure.width));
    this.#overlay.setAttribute('height', String(figure.height));
    if (at === undefined) return;
    // The pointer is where it was, and the values there may be others.
    const frame = this.#frames[panel];
    if (frame !== undefined && at.x >= frame.x.domain[0] && at.x <= frame.x.domain[1]) this.#moveTo({ ...at, frame }, false);
    else this.#leave();
  }

  /** Halves or doubles the stretch that is seen. */
  zoom(factor: number): void {
    const frame = this.#at?.frame ?? this.#frames.find(({ panel }) => panel.x.zooms !== undefined);
    if (frame?.panel.x.zooms === undefined) return;
    const [low, high] = frame.x.domain;
    const centre = this.#at?.x ?? (low + high) / 2;
    this.#zoomTo(frame, centre - (centre - low) * factor, centre + (high - centre) * factor);
  }

  #zoomTo(frame: Frame, low: number, high: number): void {
    this.#options.onZoom?.([Number(low.toPrecision(4)), Number(high.toPrecision(4))], frame.panel.x.zooms);
  }

  #pointAt(event: PointerEvent): void {
    const frame = this.#drag?.frame ?? this.#frameAt(event);
    if (frame === undefined) {
      this.#leave();
      return;
    }
    const [left, right] = frame.x.range;
    const x = fromPixel(frame.x, Math.min(right, Math.max(left, this.#pixelOf(event))));
    const y = fromPixel(frame.y, event.clientY - this.#options.host.getBoundingClientRect().top);
    this.#moveTo({ frame, x, row: nearestRow(rasterOf(frame), y) }, false);
  }

  #beginDrag(event: PointerEvent): void {
    const frame = this.#frameAt(event);
    // A finger scrolls.
    if (frame?.panel.x.zooms === undefined || this.#options.onZoom === undefined || event.button !== 0 || event.pointerType === 'touch')
      return;
    this.#drag = { frame, from: fromPixel(frame.x, this.#pixelOf(event)) };
    this.#options.host.setPointerCapture(event.pointerId);
  }

  #endDrag(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag === undefined || this.#at === undefined) return;
    this.#options.host.releasePointerCapture(event.pointerId);
    const [low, high] = [Math.min(drag.from, this.#at.x), Math.max(drag.from, this.#at.x)];
    if (toPixel(drag.frame.x, high) - toPixel(drag.frame.x, low) > 6) this.#zoomTo(drag.frame, low, high);
  }

  #press(event: KeyboardEvent): void {
    const frame = this.#at?.frame ?? this.#frames[0];
    if (frame === undefined) return;
    const [low, high] = frame.x.domain;
    const step = (high - low) / (event.shiftKey ? 10 : 100);
    const { x, row } = this.#at ?? { x: (low + high) / 2, row: 0 };
    const rows = rasterOf(frame)?.rows.length ?? 0;
    const moves: Readonly<Record<string, [x: number, row: number]>> = {
      ArrowLeft: [x - step, row],
      ArrowRight: [x + step, row],
      Home: [low, row],
      End: [high, row],
      ...(rows > 1 && { ArrowUp: [x, Math.min(rows - 1, row + 1)], ArrowDown: [x, Math.max(0, row - 1)] }),
    };
    const to = moves[event.key];
    if (to !== undefined) this.#moveTo({ frame, x: Math.min(high, Math.max(low, to[0])), row: to[1] }, true);
    else if (event.key === '+' || event.key === '=') this.zoom(0.5);
    else if (event.key === '-') this.zoom(2);
    else if (event.key === 'Escape' || event.key === '0') this.#options.onZoom?.();
    else return;
    event.preventDefault();
  }

  #moveTo(place: Place, spoken: boolean): void {
    const { frame, x, row } = place;
    this.#at = place;
    const parts: SVGElement[] = [];
    const values = new Map<string, { symbol: string; value: string }[]>();
    let shown = x;
    const among = this.#frames.filter(
      ({ panel }) => panel.x.zooms === frame.panel.x.zooms && String(panel.x.domain) === String(frame.panel.x.domain),
    );
    for (const other of among) {
      const [bottom, top] = other.y.range;
      for (const mark of other.panel.marks) {
        if (mark.kind !== 'line') continue;
        const i = nearest(mark, x);
        if (i < 0) continue;
        shown = mark.x[i]!;
        const y = mark.y[i]!;
        const symbol = other.panel.symbol ?? '';
        const known = values.get(mark.label) ?? [];
        if (!known.some((one) => one.symbol === symbol))
          values.set(mark.label, [...known, { symbol, value: Number.isNaN(y) ? '–' : numberText(y, 4) }]);
        const at = toPixel(other.y, y);
        if (Number.isFinite(at) && at <= bottom + 1 && at >= top - 1)
          parts.push(svgElement('circle', { class: `${classOf(mark.style)} filled`, cx: toPixel(other.x, shown), cy: at, r: 4 }));
      }
      const at = toPixel(other.x, shown);
      parts.unshift(svgElement('path', { class: 'cursor', d: `M${at} ${bottom}V${top}` }));
      if (this.#drag !== undefined) {
        const [a, b] = [toPixel(other.x, this.#drag.from), toPixel(other.x, x)];
        parts.unshift(svgElement('rect', { class: 'selection', x: Math.min(a, b), y: top, width: Math.abs(a - b), height: bottom - top }));
      }
    }
    this.#overlay.replaceChildren(...parts);
    const [name = 'x', unit = ''] = (frame.panel.x.label ?? this.#frames.at(-1)?.panel.x.label ?? 'x').split(/ (?:= .*|\((.*)\))$/);
    const raster = rasterOf(frame);
    this.#options.onMove(
      {
        at: `${name} = ${numberText(shown, 4)}${unit === '' ? '' : ` ${unit}`}`,
        values,
        row: raster !== undefined && raster.rows.length > 1 ? rowText(raster, row, frame.panel.y.label ?? 'y') : undefined,
      },
      spoken,
    );
  }

  #leave(): void {
    this.#at = undefined;
    this.#overlay.replaceChildren();
    this.#options.onMove(undefined, false);
  }

  #pixelOf(event: PointerEvent): number {
    return event.clientX - this.#options.host.getBoundingClientRect().left;
  }

  #frameAt(event: PointerEvent): Frame | undefined {
    const { left, top } = this.#options.host.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    return this.#frames.find(
      (frame) => x >= frame.x.range[0] && x <= frame.x.range[1] && y <= frame.y.range[0] + 20 && y >= frame.y.range[1] - 10,
    );
  }
}

function rasterOf({ panel }: Frame): Raster | undefined {
  return panel.marks.find((mark) => mark.kind === 'raster');
}

function nearestRow(raster: Raster | undefined, y: number): number {
  const distances = raster?.rows.map((row) => Math.abs(row.y - y)) ?? [];
  return Math.max(0, distances.indexOf(Math.min(...distances)));
}

/** A row of a raster in words: `current I = 2.31: 3 spikes, at 4.1, 8.2, 12.3`. */
function rowText({ rows }: Raster, row: number, axis: string): string {
  const { y, times } = rows[row]!;
  const most = 6;
  const first = Array.from(times, (time) => numberText(time, 4)).slice(0, most);
  const count = `${times.length} ${times.length === 1 ? 'spike' : 'spikes'}`;
  return `${axis} = ${numberText(y, 4)}: ${count}${times.length === 0 ? '' : `, at ${first.join(', ')}${times.length > most ? ', …' : ''}`}`;
}

/** The place of the point nearest to x; a curve's points go from left to right. */
function nearest({ x: xs }: Line, x: number): number {
  let [low, high] = [0, xs.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (xs[middle]! < x) low = middle + 1;
    else high = middle;
  }
  return low > 0 && Math.abs(xs[low - 1]! - x) < Math.abs(xs[low]! - x) ? low - 1 : low;
}
