import { drawFigure } from '../src/plot/draw.ts';
import type { Figure } from '../src/plot/figure.ts';
import { csv, type Table } from './table.ts';

/** Pixels of a PNG for one of the picture, so that it is sharp on paper. */
const pngScale = 3;

/** Saves a picture as an SVG file on white. */
export function saveSvg(figure: Figure, name: string): void {
  saveBlob(new Blob([drawFigure(asFile(figure), { file: 'opaque' })], { type: 'image/svg+xml' }), `${name}.svg`);
}

/** A file has its legend within it. */
function asFile(figure: Figure): Figure {
  return { ...figure, legend: true };
}

/** Saves the numbers of a picture. */
export function saveCsv(table: Table, name: string): void {
  saveBlob(new Blob([csv(table)], { type: 'text/csv' }), `${name}.csv`);
}

/** Saves a picture as a PNG file on white. */
export async function savePng(figure: Figure, name: string): Promise<void> {
  const url = URL.createObjectURL(new Blob([drawFigure(asFile(figure), { file: 'opaque' })], { type: 'image/svg+xml' }));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [figure.width * pngScale, figure.height * pngScale];
    canvas.getContext('2d')!.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((resolve) => {
      canvas.toBlob(resolve, 'image/png');
    });
    if (blob === null) throw new Error('The browser cannot write a picture of this size as PNG; save it as SVG.');
    saveBlob(blob, `${name}.png`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 10_000);
}
