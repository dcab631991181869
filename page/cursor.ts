import type { Figure, Line } from '../src/plot/figure.ts';
import { layOut, type Frame } from '../src/plot/layout.ts';
import { classOf } from '../src/plot/draw.ts';
import { fromPixel, numberText, toPixel } from '../src/plot/scale.ts';
import { svgElement } from './dom.ts';

export type Range = readonly [number, number];

export interface CursorOptions {
  /** What a picture is in: the cursor lies over it. */
  readonly host: HTMLElement;
  /** Shows what is under the cursor; `spoken` where someone moves it by keys. */
  readonly onMove: (text: string, spoken: boolean) => void;
  /** A stretch of the x axis that someone wants to see alone, or, without, all of it. */
  readonly onZoom?: (range: Range | undefined) => void;
}

/** A line across the panels at one x, with the values there; drawing it over a stretch zooms. */
export class Cursor {
  readonly #options: CursorOptions;
  readonly #overlay = svgElement('svg', { class: 'overlay', 'aria-hidden': 'true' });
  #frames: readonly Frame[] = [];
  #at: { frame: Frame; x: number } | undefined;
  #drag: { frame: Frame; from: number } | undefined;

  constructor(options: CursorOptions) {
    this.#options = options;
    const { host } = options;
    host.append(this.#overlay);
    host.addEventListener('pointermove', (event) => {
      this.#pointAt(event);
    });
    host.addEventListener('pointerleave', () => {
      if (this.#drag === undefined) this.#leave();
    });
    host.addEventListener('pointerdown', (event) => {
      this.#beginDrag(event);
    });
    host.addEventListener('pointerup', (event) => {
      this.#endDrag(event);
    });
    host.addEventListener('dblclick', () => {
      options.onZoom?.(undefined);
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
    this.#frames = layOut(figure).frames;
    this.#overlay.setAttribute('viewBox', `0 0 ${figure.width} ${figure.height}`);
    this.#overlay.setAttribute('width', String(figure.width));
    this.#overlay.setAttribute('height', String(figure.height));
    if (this.#at !== undefined) this.#leave();
  }

  /** Halves or doubles the stretch that is seen. */
  zoom(factor: number): void {
    const [frame] = this.#frames;
    if (frame === undefined) return;
    const [low, high] = frame.x.domain;
    const centre = this.#at?.x ?? (low + high) / 2;
    this.#zoomTo(centre - (centre - low) * factor, centre + (high - centre) * factor);
  }

  #zoomTo(low: number, high: number): void {
    this.#options.onZoom?.([Number(low.toPrecision(4)), Number(high.toPrecision(4))]);
  }

  #pointAt(event: PointerEvent): void {
    const x = this.#pixelOf(event);
    const frame = this.#drag?.frame ?? this.#frameAt(event);
    if (frame === undefined) {
      this.#leave();
      return;
    }
    const [left, right] = frame.x.range;
    this.#moveTo(frame, fromPixel(frame.x, Math.min(right, Math.max(left, x))), false);
  }

  #beginDrag(event: PointerEvent): void {
    const frame = this.#frameAt(event);
    // A finger scrolls.
    if (frame === undefined || this.#options.onZoom === undefined || event.button !== 0 || event.pointerType === 'touch') return;
    this.#drag = { frame, from: fromPixel(frame.x, this.#pixelOf(event)) };
    this.#options.host.setPointerCapture(event.pointerId);
  }

  #endDrag(event: PointerEvent): void {
    const drag = this.#drag;
    this.#drag = undefined;
    if (drag === undefined || this.#at === undefined) return;
    this.#options.host.releasePointerCapture(event.pointerId);
    const [low, high] = [Math.min(drag.from, this.#at.x), Math.max(drag.from, this.#at.x)];
    if (toPixel(drag.frame.x, high) - toPixel(drag.frame.x, low) > 6) this.#zoomTo(low, high);
  }

  #press(event: KeyboardEvent): void {
    const frame = this.#at?.frame ?? this.#frames[0];
    if (frame === undefined) return;
    const [low, high] = frame.x.domain;
    const step = (high - low) / (event.shiftKey ? 10 : 100);
    const x = this.#at?.x ?? (low + high) / 2;
    const moves: Readonly<Record<string, number>> = { ArrowLeft: x - step, ArrowRight: x + step, Home: low, End: high };
    const to = moves[event.key];
    if (to !== undefined) this.#moveTo(frame, Math.min(high, Math.max(low, to)), true);
    else if (event.key === '+' || event.key === '=') this.zoom(0.5);
    else if (event.key === '-') this.zoom(2);
    else if (event.key === 'Escape' || event.key === '0') this.#options.onZoom?.(undefined);
    else return;
    event.preventDefault();
  }

  #moveTo(frame: Frame, x: number, spoken: boolean): void {
    this.#at = { frame, x };
    const parts: SVGElement[] = [];
    const texts = new Map<string, string[]>();
    let shown = x;
    const among = this.#frames.filter(({ panel }) => String(panel.x.domain) === String(frame.panel.x.domain));
    for (const other of among) {
      const [bottom, top] = other.y.range;
      for (const mark of other.panel.marks) {
        if (mark.kind !== 'line') continue;
        const i = nearest(mark, x);
        if (i < 0) continue;
        shown = mark.x[i]!;
        const y = mark.y[i]!;
        const text = among.length > 1 && other.panel.title !== undefined ? `${wordOf(other.panel.title)} ${numberText(y)}` : numberText(y);
        texts.set(mark.label, [...(texts.get(mark.label) ?? []), text]);
        const at = toPixel(other.y, y);
        if (Number.isFinite(at) && at <= bottom + 1 && at >= top - 1)
          parts.push(svgElement('circle', { class: `${classOf(mark.style)} filled`, cx: toPixel(other.x, shown), cy: at, r: 3.5 }));
      }
      const at = toPixel(other.x, shown);
      parts.unshift(svgElement('path', { class: 'cursor', d: `M${at} ${bottom}V${top}` }));
      if (this.#drag !== undefined) {
        const [a, b] = [toPixel(other.x, this.#drag.from), toPixel(other.x, x)];
        parts.unshift(svgElement('rect', { class: 'selection', x: Math.min(a, b), y: top, width: Math.abs(a - b), height: bottom - top }));
      }
    }
    this.#overlay.replaceChildren(...parts);
    const name = (frame.panel.x.label ?? this.#frames[0]?.panel.x.label ?? 'x').replace(/ [=(].*$/, '');
    this.#options.onMove(
      `${name} = ${numberText(shown, 4)}: ${[...texts].map(([label, values]) => `${label} ${values.join(', ')}`).join('; ')}`,
      spoken,
    );
  }

  #leave(): void {
    this.#at = undefined;
    this.#overlay.replaceChildren();
    this.#options.onMove('', false);
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

/** A title within a sentence: words become small, symbols stay. */
function wordOf(title: string): string {
  return /^[A-Z][a-z]+$/.test(title) ? title.toLowerCase() : title;
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
