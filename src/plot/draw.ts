import type { Axis, Figure, Mark } from './figure.ts';
import { fontSize, layOut, styleOf, type Frame, type LegendEntry } from './layout.ts';
import { classOf, colourOf, dashOf, ink } from './palette.ts';
import { pixel, polylinePath } from './polyline.ts';
import { decadeTicks, numberText, ticks, toPixel } from './scale.ts';

export interface DrawOptions {
  /** Makes a file of its own: with a title, on white, or on whatever is behind it. A page, without, has colours by class. */
  readonly file?: 'white' | 'transparent';
  /** What the names within the picture begin with, where a document holds several. */
  readonly idPrefix?: string;
}

/**
 * A picture as SVG, with all that it looks like in attributes: it needs neither styles nor scripts nor fonts of its own.
 *
 * @example
 * writeFileSync('sigmoid.svg', drawFigure(surrogateFigure(curves, size), { file: 'white' }));
 */
export function drawFigure(figure: Figure, { file, idPrefix = 'panel' }: DrawOptions = {}): string {
  const { frames, legend } = layOut(figure);
  const { width, height, title } = figure;
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}"`,
    ` font-family="system-ui, 'DejaVu Sans', Arial, sans-serif" font-size="${fontSize}">`,
  ];
  if (file !== undefined) parts.push(`<title>${escapeXml(title)}</title>`);
  if (file === 'white') parts.push(`<rect width="${width}" height="${height}" fill="${ink.ground}"/>`);
  parts.push(
    ...legend.map(drawLegendEntry),
    ...frames.map((frame, i) => drawPanel(frame, `${idPrefix}-${i}`, figure.bare === true)),
    '</svg>',
  );
  return parts.join('');
}

function drawPanel(frame: Frame, id: string, bare: boolean): string {
  const { panel, x, y } = frame;
  const [left, right] = x.range;
  const [bottom, top] = y.range;
  const clip = `<clipPath id="${id}"><rect x="${pixel(left)}" y="${pixel(top - 2)}" width="${pixel(right - left)}" height="${pixel(bottom - top + 4)}"/></clipPath>`;
  const axes = bare ? drawBareAxes(frame) : drawAxes(frame);
  const title = panel.title === undefined || bare ? '' : text((left + right) / 2, top - 8, panel.title, { anchor: 'middle', weight: 600 });
  return `<g>${clip}${axes}${title}<g clip-path="url(#${id})">${panel.marks.map((mark) => drawMark(mark, frame)).join('')}</g></g>`;
}

/** A line under the panel, and one at the middle, where the threshold is. */
function drawBareAxes({ x, y }: Frame): string {
  const zero = toPixel(x, 0);
  return (
    line(x.range[0], y.range[0], x.range[1], y.range[0], 'axis') +
    (zero >= x.range[0] && zero <= x.range[1] ? line(zero, y.range[0], zero, y.range[1], 'grid') : '')
  );
}

function drawAxes({ panel, x, y }: Frame): string {
  const [left, right] = x.range;
  const [bottom, top] = y.range;
  const parts: string[] = [];
  if (panel.x.ticks !== false) {
    for (const tick of ticksOf(panel.x, Math.max(2, (right - left) / 80))) {
      const at = toPixel(x, tick);
      parts.push(line(at, bottom, at, top, 'grid'), text(at, bottom + 16, numberText(tick), { anchor: 'middle' }));
    }
  }
  if (panel.y.ticks !== false) {
    for (const tick of ticksOf(panel.y, Math.max(2, (bottom - top) / 45))) {
      const at = toPixel(y, tick);
      parts.push(line(left, at, right, at, 'grid'), text(left - 6, at + 4, numberText(tick), { anchor: 'end' }));
    }
  }
  parts.push(line(left, bottom, right, bottom, 'axis'), line(left, bottom, left, top, 'axis'));
  if (panel.x.label !== undefined) parts.push(text((left + right) / 2, bottom + 34, panel.x.label, { anchor: 'middle' }));
  if (panel.y.label !== undefined) {
    const [atX, atY] = [pixel(left - 48), pixel((bottom + top) / 2)];
    parts.push(
      `<text class="text" x="${atX}" y="${atY}" fill="${ink.text}" text-anchor="middle" transform="rotate(-90 ${atX} ${atY})">${escapeXml(panel.y.label)}</text>`,
    );
  }
  return parts.join('');
}

function ticksOf({ domain, log }: Axis, wanted: number): number[] {
  return log === true ? decadeTicks(domain, wanted) : ticks(domain, wanted);
}

function drawMark(mark: Mark, { x, y }: Frame): string {
  const style = styleOf(mark);
  const colour = colourOf(style);
  switch (mark.kind) {
    case 'line': {
      const path = polylinePath(
        pixels(mark.x, (value) => toPixel(x, value)),
        pixels(mark.y, (value) => toPixel(y, value)),
      );
      return `<path class="${classOf(style)}" d="${path}" fill="none" stroke="${colour}" stroke-width="2" stroke-linejoin="round"${dashAttribute(mark)}/>`;
    }
    case 'dots': {
      const dots = Array.from(
        mark.x,
        (value, i) => `<circle cx="${pixel(toPixel(x, value))}" cy="${pixel(toPixel(y, mark.y[i]!))}" r="4"/>`,
      );
      return `<g class="${classOf(style)} filled" fill="${colour}">${dots.join('')}</g>`;
    }
    case 'rule':
      return `<path class="neutral" d="M${pixel(x.range[0])} ${pixel(toPixel(y, mark.y))}H${pixel(x.range[1])}" fill="none" stroke="${colour}" stroke-width="1.5"${dashAttribute(mark)}/>`;
    case 'raster': {
      const strokes = mark.rows.flatMap(({ y: row, times }) => {
        const [from, to] = [pixel(toPixel(y, row - mark.size / 2)), pixel(toPixel(y, row + mark.size / 2))];
        return Array.from(times, (time) => `M${pixel(toPixel(x, time))} ${from}V${to}`);
      });
      return `<path class="${classOf(style)}" d="${strokes.join('')}" fill="none" stroke="${colour}" stroke-width="1.5"/>`;
    }
  }
}

function pixels(values: ArrayLike<number>, scale: (value: number) => number): Float64Array {
  return Float64Array.from(values, scale);
}

function drawLegendEntry({ label, mark, x, y }: LegendEntry): string {
  const style = styleOf(mark);
  const colour = colourOf(style);
  const swatch =
    mark.kind === 'dots'
      ? `<circle class="${classOf(style)} filled" cx="${pixel(x + 12)}" cy="${pixel(y)}" r="4" fill="${colour}"/>`
      : mark.kind === 'raster'
        ? `<path class="${classOf(style)}" d="M${pixel(x + 12)} ${pixel(y - 6)}V${pixel(y + 6)}" fill="none" stroke="${colour}" stroke-width="2"/>`
        : `<path class="${classOf(style)}" d="M${pixel(x)} ${pixel(y)}H${pixel(x + 24)}" fill="none" stroke="${colour}" stroke-width="2"${dashAttribute(mark)}/>`;
  return swatch + text(x + 29, y + 4, label, { anchor: 'start' });
}

function dashAttribute(mark: Mark): string {
  const dashed = mark.kind === 'rule' || (mark.kind === 'line' && mark.dashed === true);
  const dash = dashed ? '6 4' : dashOf(styleOf(mark));
  return dash === '' ? '' : ` stroke-dasharray="${dash}"`;
}

function line(x1: number, y1: number, x2: number, y2: number, kind: 'axis' | 'grid'): string {
  return `<path class="${kind}" d="M${pixel(x1)} ${pixel(y1)}L${pixel(x2)} ${pixel(y2)}" fill="none" stroke="${ink[kind]}"/>`;
}

function text(x: number, y: number, content: string, { anchor, weight }: { anchor: 'start' | 'middle' | 'end'; weight?: number }): string {
  const bold = weight === undefined ? '' : ` font-weight="${weight}"`;
  return `<text class="text" x="${pixel(x)}" y="${pixel(y)}" fill="${ink.text}" text-anchor="${anchor}"${bold}>${escapeXml(content)}</text>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text as XML has it, between tags and in quotes. */
export function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, (letter) => entities[letter]!);
}
