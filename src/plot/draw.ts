import type { Axis, Cells, Emphasis, Figure, Mark } from './figure.ts';
import { fontSizeOf, layOut, styleOf, type Frame, type LegendEntry } from './layout.ts';
import { classOf, colourOf, dashOf, ink } from './palette.ts';
import { decadeTicks, numberText, ticks, toPixel } from './scale.ts';

export const grounds = ['opaque', 'transparent'] as const;
export type Ground = (typeof grounds)[number];

export interface DrawOptions {
  /** Draws a file of its own, with a title, on an opaque or a transparent ground. Within a page, without it, colours are set by class. */
  readonly file?: Ground;
  /** The prefix of ids within the picture; they must differ between the pictures of a document. */
  readonly idPrefix?: string;
}

/**
 * Draws a picture as SVG. Its look is in attributes: it needs no styles, scripts or fonts of its own.
 *
 * @example
 * writeFileSync('sigmoid.svg', drawFigure(surrogateFigure(curves, size), { file: 'opaque' }));
 */
export function drawFigure(figure: Figure, { file, idPrefix = 'panel' }: DrawOptions = {}): string {
  const { frames, legend } = layOut(figure);
  const { width, height, title, lineWidth = 2 } = figure;
  const sizes: Sizes = { unit: fontSizeOf(figure) / 12, lineWidth };
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}"`,
    ` font-family="system-ui, 'DejaVu Sans', Arial, sans-serif" font-size="${pixel(fontSizeOf(figure))}">`,
  ];
  if (file !== undefined) parts.push(`<title>${escapeXml(title)}</title>`);
  if (file === 'opaque') parts.push(`<rect width="${width}" height="${height}" fill="${ink.ground}"/>`);
  parts.push(
    ...legend.map((entry) => drawLegendEntry(entry, sizes)),
    ...frames.map((frame, i) => drawPanel(frame, `${idPrefix}-${i}`, sizes, figure.bare === true)),
    '</svg>',
  );
  return parts.join('');
}

/** How large text and lines are. */
interface Sizes {
  /** Pixels where text of 12 pixels has one. */
  readonly unit: number;
  readonly lineWidth: number;
}

function drawPanel(frame: Frame, id: string, sizes: Sizes, bare: boolean): string {
  const { panel, x, y } = frame;
  const [left, right] = x.range;
  const [bottom, top] = y.range;
  const clip = `<clipPath id="${id}"><rect x="${pixel(left)}" y="${pixel(top - 2)}" width="${pixel(right - left)}" height="${pixel(bottom - top + 4)}"/></clipPath>`;
  const axes = bare ? drawBareAxes(frame) : drawAxes(frame, sizes.unit);
  const title =
    panel.title === undefined || bare ? '' : text((left + right) / 2, top - 8 * sizes.unit, panel.title, { anchor: 'middle', weight: 600 });
  return `<g>${clip}${axes}${title}<g clip-path="url(#${id})">${panel.marks.map((mark) => drawMark(mark, frame, sizes.lineWidth)).join('')}</g></g>`;
}

/** A line under the panel, and one at 0, where the threshold is. */
function drawBareAxes({ x, y }: Frame): string {
  const zero = toPixel(x, 0);
  return (
    line(x.range[0], y.range[0], x.range[1], y.range[0], 'axis') +
    (zero >= x.range[0] && zero <= x.range[1] ? line(zero, y.range[0], zero, y.range[1], 'grid') : '')
  );
}

function drawAxes({ panel, x, y }: Frame, unit: number): string {
  const [left, right] = x.range;
  const [bottom, top] = y.range;
  const parts: string[] = [];
  if (panel.x.ticks !== false) {
    for (const tick of ticksOf(panel.x, Math.max(2, (right - left) / (80 * unit)))) {
      const at = toPixel(x, tick);
      parts.push(line(at, bottom, at, top, 'grid'), text(at, bottom + 16 * unit, numberText(tick), { anchor: 'middle' }));
    }
  }
  if (panel.y.ticks !== false) {
    for (const tick of ticksOf(panel.y, Math.max(2, (bottom - top) / (45 * unit)))) {
      const at = toPixel(y, tick);
      parts.push(line(left, at, right, at, 'grid'), text(left - 6, at + 4 * unit, numberText(tick), { anchor: 'end' }));
    }
  }
  parts.push(line(left, bottom, right, bottom, 'axis'), line(left, bottom, left, top, 'axis'));
  if (panel.x.label !== undefined) parts.push(text((left + right) / 2, bottom + 34 * unit, panel.x.label, { anchor: 'middle' }));
  if (panel.y.label !== undefined) {
    const [atX, atY] = [pixel(left - 48 * unit), pixel((bottom + top) / 2)];
    parts.push(
      `<text class="text" x="${atX}" y="${atY}" fill="${ink.text}" text-anchor="middle" transform="rotate(-90 ${atX} ${atY})">${escapeXml(panel.y.label)}</text>`,
    );
  }
  return parts.join('');
}

function ticksOf({ domain, log, counts = false }: Axis, wanted: number): number[] {
  if (log === true) return decadeTicks(domain, wanted);
  return ticks(domain, wanted).filter((tick) => !counts || Number.isInteger(tick));
}

/** More dots are small ones. */
const maxLargeDots = 25;

function drawMark(mark: Mark, { x, y }: Frame, lineWidth: number): string {
  const style = styleOf(mark);
  const colour = colourOf(style);
  switch (mark.kind) {
    case 'line': {
      const path = polylinePath(
        pixels(mark.x, (value) => toPixel(x, value)),
        pixels(mark.y, (value) => toPixel(y, value)),
      );
      return `<path class="${classOf(style)}" d="${path}" fill="none" stroke="${colour}" stroke-linejoin="round"${lineAttributes(lineWidth, mark.emphasis)}${dashAttribute(mark, lineWidth)}/>`;
    }
    case 'dots': {
      const radius = pixel((mark.x.length > maxLargeDots ? 1.3 : 2) * lineWidth);
      const dots = Array.from(
        mark.x,
        (value, i) => `<circle cx="${pixel(toPixel(x, value))}" cy="${pixel(toPixel(y, mark.y[i]!))}" r="${radius}"/>`,
      );
      return `<g class="${classOf(style)} filled" fill="${colour}">${dots.join('')}</g>`;
    }
    case 'cells':
      return `<path class="${classOf(style)} filled" d="${cellsPath(mark, { x, y })}" fill="${colour}" fill-opacity="${cellOpacity}" shape-rendering="crispEdges"/>`;
    case 'rule':
      return `<path class="neutral" d="M${pixel(x.range[0])} ${pixel(toPixel(y, mark.y))}H${pixel(x.range[1])}" fill="none" stroke="${colour}" stroke-width="${pixel(0.75 * lineWidth)}"${dashAttribute(mark, lineWidth)}/>`;
    case 'raster': {
      const strokes = mark.rows.flatMap(({ y: row, times }) => {
        const [from, to] = [pixel(toPixel(y, row - mark.size / 2)), pixel(toPixel(y, row + mark.size / 2))];
        return Array.from(times, (time) => `M${pixel(toPixel(x, time))} ${from}V${to}`);
      });
      return `<path class="${classOf(style)}" d="${strokes.join('')}" fill="none" stroke="${colour}" stroke-width="${pixel(0.75 * lineWidth)}"/>`;
    }
  }
}

/** How much of the ground a cell covers; dots of the same colour stand out on it. */
const cellOpacity = 0.3;

/** A rectangle for each stretch of cells that touch in a row. */
function cellsPath({ x: xs, y: ys, size }: Cells, { x, y }: Pick<Frame, 'x' | 'y'>): string {
  const parts: string[] = [];
  for (let first = 0, i = 1; i <= xs.length; i++) {
    if (i < xs.length && ys[i] === ys[first] && xs[i]! - xs[i - 1]! < 1.5 * size) continue;
    const [left, right] = [pixel(toPixel(x, xs[first]! - size / 2)), pixel(toPixel(x, xs[i - 1]! + size / 2))];
    const [bottom, top] = [pixel(toPixel(y, ys[first]! - size / 2)), pixel(toPixel(y, ys[first]! + size / 2))];
    parts.push(`M${left} ${bottom}V${top}H${right}V${bottom}Z`);
    first = i;
  }
  return parts.join('');
}

function pixels(values: ArrayLike<number>, scale: (value: number) => number): Float64Array {
  return Float64Array.from(values, scale);
}

function drawLegendEntry({ label, mark, x, y }: LegendEntry, { unit, lineWidth }: Sizes): string {
  return drawSwatch(mark, [x, y], 24 * unit, lineWidth) + text(x + 29 * unit, y + 4 * unit, label, { anchor: 'start' });
}

/** What stands for a mark in a legend: a dot, a stroke, or a line of that length to the right of a point. */
export function drawSwatch(mark: Mark, [x, y]: readonly [number, number], length: number, lineWidth: number): string {
  const style = styleOf(mark);
  const colour = colourOf(style);
  if (mark.kind === 'dots')
    return `<circle class="${classOf(style)} filled" cx="${pixel(x + length / 2)}" cy="${pixel(y)}" r="${pixel(2 * lineWidth)}" fill="${colour}"/>`;
  if (mark.kind === 'cells')
    return `<rect class="${classOf(style)} filled" x="${pixel(x + length / 4)}" y="${pixel(y - length / 4)}" width="${pixel(length / 2)}" height="${pixel(length / 2)}" fill="${colour}" fill-opacity="${cellOpacity}"/>`;
  const path =
    mark.kind === 'raster'
      ? `M${pixel(x + length / 2)} ${pixel(y - length / 4)}V${pixel(y + length / 4)}`
      : `M${pixel(x)} ${pixel(y)}H${pixel(x + length)}`;
  return `<path class="${classOf(style)}" d="${path}" fill="none" stroke="${colour}" stroke-width="${lineWidth}"${dashAttribute(mark, lineWidth)}/>`;
}

/** The width of a line, and how much of the ground shows through it. */
function lineAttributes(lineWidth: number, emphasis: Emphasis | undefined): string {
  if (emphasis === 'faint') return ` stroke-width="${lineWidth}" stroke-opacity="0.25"`;
  return ` stroke-width="${emphasis === 'strong' ? 1.75 * lineWidth : lineWidth}"`;
}

/** Dashes are given for lines 2 wide, and grow with them. */
function dashAttribute(mark: Mark, lineWidth: number): string {
  const dashed = mark.kind === 'rule' || (mark.kind === 'line' && mark.dashed === true);
  const dash = dashed ? '6 4' : mark.kind === 'line' ? dashOf(styleOf(mark)) : '';
  if (dash === '') return '';
  const scaled = dash.split(' ').map((length) => pixel((Number(length) * lineWidth) / 2));
  return ` stroke-dasharray="${scaled.join(' ')}"`;
}

function line(x1: number, y1: number, x2: number, y2: number, kind: 'axis' | 'grid'): string {
  return `<path class="${kind}" d="M${pixel(x1)} ${pixel(y1)}L${pixel(x2)} ${pixel(y2)}" fill="none" stroke="${ink[kind]}"/>`;
}

function text(x: number, y: number, content: string, { anchor, weight }: { anchor: 'start' | 'middle' | 'end'; weight?: number }): string {
  const bold = weight === undefined ? '' : ` font-weight="${weight}"`;
  return `<text class="text" x="${pixel(x)}" y="${pixel(y)}" fill="${ink.text}" text-anchor="${anchor}"${bold}>${escapeXml(content)}</text>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Escapes text for XML, between tags and in quotes. */
export function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (letter) => entities[letter]!);
}

/** The greatest distance of a drawn line from the true one, in pixels. */
const tolerance = 0.07;

/**
 * The `d` of a path through points in pixels, without those that lie on a line through their neighbours. It is broken where a point is not
 * finite.
 */
export function polylinePath(xs: ArrayLike<number>, ys: ArrayLike<number>): string {
  let path = '';
  for (const [first, last] of finiteRuns(xs, ys)) {
    const kept = simplify(xs, ys, first, last);
    path += `M${kept.map((i) => `${pixel(xs[i]!)} ${pixel(ys[i]!)}`).join('L')}`;
  }
  return path;
}

/** A coordinate, rounded to a hundredth of a pixel. */
export function pixel(value: number): string {
  return String(Math.round(value * 100) / 100);
}

/** The first and the last point of each stretch without a gap. */
function* finiteRuns(xs: ArrayLike<number>, ys: ArrayLike<number>): Generator<[number, number]> {
  let first = -1;
  for (let i = 0; i <= xs.length; i++) {
    const there = i < xs.length && Number.isFinite(xs[i]) && Number.isFinite(ys[i]);
    if (there && first < 0) first = i;
    if (!there && first >= 0) {
      yield [first, i - 1];
      first = -1;
    }
  }
}

/** The number of points that are simplified together: the time of one stretch may grow with the square of its length. */
const stretch = 64;

/** The points that a path keeps, in order. */
function simplify(xs: ArrayLike<number>, ys: ArrayLike<number>, first: number, last: number): number[] {
  const kept = [first];
  for (let from = first; from < last; from += stretch) {
    const to = Math.min(from + stretch, last);
    keepCorners(xs, ys, from, to, kept);
    kept.push(to);
  }
  return kept;
}

/** The Ramer-Douglas-Peucker algorithm: keeps the point that is farthest from the chord, and goes on with both sides of it. */
function keepCorners(xs: ArrayLike<number>, ys: ArrayLike<number>, from: number, to: number, kept: number[]): void {
  const [x, y] = [xs[from]!, ys[from]!];
  const [dx, dy] = [xs[to]! - x, ys[to]! - y];
  const length = Math.hypot(dx, dy);
  let farthest = -1;
  let distance = tolerance;
  for (let i = from + 1; i < to; i++) {
    const px = xs[i]! - x;
    const py = ys[i]! - y;
    const away = length === 0 ? Math.hypot(px, py) : Math.abs(px * dy - py * dx) / length;
    if (away > distance) {
      distance = away;
      farthest = i;
    }
  }
  if (farthest < 0) return;
  keepCorners(xs, ys, from, farthest, kept);
  kept.push(farthest);
  keepCorners(xs, ys, farthest, to, kept);
}
