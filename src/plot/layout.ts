import type { Figure, Mark, Panel, Style } from './figure.ts';
import type { Scale } from './scale.ts';

/** The axes of a panel, in pixels of the picture. */
export interface Frame {
  readonly panel: Panel;
  readonly x: Scale;
  /** Its range goes from the bottom to the top. */
  readonly y: Scale;
}

/** A label in the legend, and its place. */
export interface LegendEntry {
  readonly label: string;
  readonly mark: Mark;
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly frames: readonly Frame[];
  readonly legend: readonly LegendEntry[];
}

/** The size of text that all other sizes are given for. */
const usualFontSize = 12;
const lineHeight = 18;
/** The average width of a letter, rounded up. */
const letterWidth = usualFontSize * 0.58;
/** A legend's stroke and the space on both sides of it. */
const swatchWidth = 34;

const full = { left: 62, right: 14, top: 10, title: 18, bottom: 24, label: 18, legendGap: 6 };
const bare: typeof full = { left: 5, right: 5, top: 5, title: 0, bottom: 5, label: 0, legendGap: 0 };

/** The size of a picture's text in pixels. */
export function fontSizeOf({ fontSize = usualFontSize }: Figure): number {
  return fontSize;
}

/** Places the panels and the legend of a picture. */
export function layOut(figure: Figure): Layout {
  const unit = fontSizeOf(figure) / usualFontSize;
  const margins = figure.bare === true ? bare : scaled(full, unit);
  const columns = figure.columns ?? 1;
  const legend = figure.bare === true || figure.legend === false ? [] : placeLegend(figure, unit);
  const legendHeight = legend.length === 0 ? 0 : legend.at(-1)!.y + (lineHeight / 2) * unit + margins.legendGap;

  const rows = Array.from({ length: Math.ceil(figure.panels.length / columns) }, (_, row) =>
    figure.panels.slice(row * columns, (row + 1) * columns),
  );
  const weights = rows.map(([first]) => first!.weight ?? 1);
  const overheads = rows.map((panels) => rowOverhead(panels, margins));
  const room = figure.height - legendHeight - overheads.reduce((sum, { above, below }) => sum + above + below, 0);
  const perWeight = Math.max(0, room) / weights.reduce((sum, weight) => sum + weight, 0);

  const frames: Frame[] = [];
  const cell = figure.width / columns;
  let top = legendHeight;
  rows.forEach((panels, row) => {
    const { above, below } = overheads[row]!;
    const height = perWeight * weights[row]!;
    panels.forEach((panel, column) => {
      const frame: Frame = {
        panel,
        x: { domain: panel.x.domain, log: panel.x.log, range: [column * cell + margins.left, (column + 1) * cell - margins.right] },
        y: { domain: panel.y.domain, log: panel.y.log, range: [top + above + height, top + above] },
      };
      frames.push(panel.equalUnits === true ? withEqualUnits(frame) : frame);
    });
    top += above + height + below;
  });
  return { frames, legend };
}

/** The frame in the middle of its place, so large that one unit is as long on both axes. */
function withEqualUnits({ panel, x, y }: Frame): Frame {
  const perUnit = Math.min(...[x, y].map(({ domain, range }) => Math.abs(range[1] - range[0]) / (domain[1] - domain[0])));
  const shrunk = ({ domain, range, log }: Scale): Scale => {
    const middle = (range[0] + range[1]) / 2;
    const half = (Math.sign(range[1] - range[0]) * perUnit * (domain[1] - domain[0])) / 2;
    return { domain, log, range: [middle - half, middle + half] };
  };
  return { panel, x: shrunk(x), y: shrunk(y) };
}

function scaled(margins: typeof full, unit: number): typeof full {
  return Object.fromEntries(Object.entries(margins).map(([side, length]) => [side, length * unit])) as typeof full;
}

function rowOverhead(panels: readonly Panel[], margins: typeof full): { above: number; below: number } {
  const titled = panels.some(({ title }) => title !== undefined);
  const labelled = panels.some(({ x }) => x.label !== undefined);
  const numbered = panels.some(({ x }) => x.ticks !== false);
  return {
    above: margins.top + (titled ? margins.title : 0),
    below: numbered || margins === bare ? margins.bottom + (labelled ? margins.label : 0) : 4,
  };
}

/** Each label once, with the first mark that has it. */
export function namedMarks({ panels }: Figure): ReadonlyMap<string, Mark> {
  const named = new Map<string, Mark>();
  for (const { marks } of panels) for (const mark of marks) if (mark.label !== '' && !named.has(mark.label)) named.set(mark.label, mark);
  return named;
}

/** Each label once, in lines as long as the picture is wide. A single one is left out: the title and the axes name it. */
function placeLegend(figure: Figure, unit: number): LegendEntry[] {
  const named = namedMarks(figure);
  if (named.size < 2) return [];
  const entries: LegendEntry[] = [];
  let [x, y] = [8 * unit, (lineHeight / 2) * unit + 2];
  for (const [label, mark] of named) {
    const needed = (swatchWidth + label.length * letterWidth + 10) * unit;
    if (x > 8 * unit && x + needed > figure.width) [x, y] = [8 * unit, y + lineHeight * unit];
    entries.push({ label, mark, x, y });
    x += needed;
  }
  return entries;
}

/** The style of a mark; levels are grey. */
export function styleOf(mark: Mark): Style {
  return mark.kind === 'rule' ? 'neutral' : mark.style;
}
