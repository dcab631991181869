/** A picture as data. `draw.ts` draws it; a page reads the same data for its tables and its cursor. */
export interface Figure {
  /** A sentence on what it shows, for screen readers. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly panels: readonly Panel[];
  /** The number of panels in a row; 1 unless given. */
  readonly columns?: number;
  /** Leaves out the numbers and labels of the axes, for small pictures. */
  readonly bare?: boolean;
  /** The size of its text in pixels, by which its margins grow; 12 unless given. */
  readonly fontSize?: number;
  /** The width of its lines in pixels; 2 unless given. */
  readonly lineWidth?: number;
  /** False to leave out the legend, where something else names the series. */
  readonly legend?: boolean;
}

/** The room for a picture. */
export interface Space {
  readonly width: number;
  /** The height for one that usually has this one, in pixels for text of 12 pixels. */
  readonly height: (usual: number) => number;
  /** Whether that many panels fit beside each other. */
  readonly fits: (panels: number) => boolean;
  /** Whether it is read from afar, with text and lines so large that there is only room for what matters. */
  readonly isPresented?: boolean;
}

/** One pair of axes. */
export interface Panel {
  readonly title?: string;
  /** What its y axis has, as briefly as a legend needs it: `σ(x)`. */
  readonly symbol?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  /** Whether one unit of x is as long as one of y; the panel is then narrower, or lower, than its place. */
  readonly equalUnits?: boolean;
  /** The height of its row relative to other rows, of the first panel in the row; 1 unless given. */
  readonly weight?: number;
}

export interface Axis {
  readonly label?: string;
  /** The numbers at its ends, in ascending order. */
  readonly domain: readonly [number, number];
  /** Whether it is logarithmic, with a positive domain. */
  readonly log?: boolean;
  /** False to leave out numbers without a meaning, as of a raster with one neuron. */
  readonly ticks?: boolean;
  /** Whether it counts, so that only whole numbers stand at it. */
  readonly counts?: boolean;
  /** What it measures, where a stretch of it can be seen alone: a page asks for it by this name. */
  readonly zooms?: string;
}

/** The index of a colour in the palette, or grey for what is not among the compared series. */
export type Style = number | 'neutral';

/** Whether a line stands out from the others or steps back. */
export type Emphasis = 'strong' | 'faint';

export type Mark = Line | Dots | Cells | Rule | Raster;

/** Points of a labelled series. */
interface Points {
  readonly label: string;
  readonly style: Style;
  readonly x: ArrayLike<number>;
  readonly y: ArrayLike<number>;
}

/** A curve through points. It is broken where a number is not finite. */
export interface Line extends Points {
  readonly kind: 'line';
  readonly dashed?: boolean;
  readonly emphasis?: Emphasis;
}

/** Points alone. */
export interface Dots extends Points {
  readonly kind: 'dots';
}

/** Squares around points, row by row, which let the ground show through: the part of an area that belongs to the series. */
export interface Cells extends Points {
  readonly kind: 'cells';
  /** The side of a square, in units of both axes. */
  readonly size: number;
}

/** A level, across the whole panel. */
export interface Rule {
  readonly kind: 'rule';
  readonly label: string;
  readonly y: number;
}

/** Spikes: for each row the times of its strokes. */
export interface Raster {
  readonly kind: 'raster';
  readonly label: string;
  readonly style: Style;
  readonly rows: readonly { readonly y: number; readonly times: ArrayLike<number> }[];
  /** The height of a stroke, in units of y. */
  readonly size: number;
}
