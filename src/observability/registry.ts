import type { Instrument } from './instruments.ts';
import { headOf, type MetricSnapshot } from './snapshot.ts';

/** Texts of more characters would be put together in memory that is new each time, which costs ten times what printing them does. */
const chunkLength = 16_384;

/** Metrics that are told together. */
export class Registry {
  readonly contentType = 'text/plain; version=0.0.4; charset=utf-8';
  readonly #instruments = new Map<string, Instrument>();
  readonly #beforeScrape: (() => void)[] = [];

  get instruments(): readonly Instrument[] {
    return [...this.#instruments.values()];
  }

  /** @throws {Error} when there is one of that name. */
  add<I extends Instrument>(instrument: I): I {
    if (this.#instruments.has(instrument.name)) throw new Error(`there is a metric ${instrument.name} already`);
    this.#instruments.set(instrument.name, instrument);
    return instrument;
  }

  /** Has something done before the metrics are read: where one look gives several of them. */
  beforeScrape(look: () => void): void {
    this.#beforeScrape.push(look);
  }

  /** All metrics in Prometheus' text format, as UTF-8 in pieces. */
  scrape(): readonly Buffer[] {
    for (const look of this.#beforeScrape) look();
    const chunks: Buffer[] = [];
    let text = '';
    for (const instrument of this.#instruments.values()) {
      text += headOf(instrument);
      for (const lines of instrument.samples()) {
        text += lines;
        if (text.length < chunkLength) continue;
        chunks.push(Buffer.from(text));
        text = '';
      }
    }
    chunks.push(Buffer.from(text));
    return chunks;
  }

  /** All metrics as they stand, to be joined with those of other processes. */
  snapshot(): readonly MetricSnapshot[] {
    for (const look of this.#beforeScrape) look();
    return this.instruments.map((instrument) => {
      const { name, help, type, joining } = instrument;
      return { name, help, type, joining, samples: [...instrument.samples()].join('') };
    });
  }
}
