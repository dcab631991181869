/** A picture as data: what is drawn, not how. Drawing is `draw.ts`'s; a page reads the same data for its tables and its cursor. */
export interface Figure {
  /** What it shows, in a sentence: its name for those who cannot see it. */
  readonly title: string;
  readonly width: number;
  readonly height: number;
  /** Row by row. */
  readonly panels: readonly Panel[];
  /** How many panels stand beside each other; 1 unless given. */
  readonly columns?: number;
  /** Small pictures have neither numbers nor names on their axes. */
  readonly bare?: boolean;
}

/** One pair of axes. */
export interface Panel {
  readonly title?: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Mark[];
  /** Its share of the height, relative to the other rows'; 1 unless given. The first panel of a row decides. */
  readonly weight?: number;
}

export interface Axis {
  readonly label?: string;
  /** The numbers at its two ends, the smaller one first. */
  readonly domain: readonly [number, number];
  /** Whether it is logarithmic; its domain is positive then. */
  readonly log?: boolean;
  /** False where its numbers mean nothing, such as a raster's with one neuron. */
  readonly ticks?: boolean;
}

/** The place of a colour in the palette, or grey for what is not one of the things compared. */
export type Style = number | 'neutral';

export type Mark = Line | Dots | Rule | Raster;

/** Points, and whose they are. */
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

/** Spikes: for each row the times at which there is a stroke. */
export interface Raster {
  readonly kind: 'raster';
  readonly label: string;
  readonly style: Style;
  readonly rows: readonly { readonly y: number; readonly times: ArrayLike<number> }[];
  /** How tall a stroke is, in units of y. */
  readonly size: number;
}
