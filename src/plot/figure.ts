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
}

/** One pair of axes. */
export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
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
}

/** The index of a colour in the palette, or grey for what is not among the compared series. */
export type Style = number | 'neutral';

export type Mark = Line | Dots | Rule | Raster;

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
}

/** Points alone. */
export interface Dots extends Points {
  readonly kind: 'dots';
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
