import { Arena } from '../compute/engine/arena.ts';
import { JsonNumbersReader } from './json-numbers-reader.ts';

/** Reads JSON with its numbers from anywhere, in memory of its own that is used again each time. */
export class InlineNumbers {
  readonly #arena = new Arena();
  readonly #reader: JsonNumbersReader;
  readonly #start: number;

  constructor(module: WebAssembly.Module) {
    this.#reader = new JsonNumbersReader(module, this.#arena, { take: (view) => view.slice() });
    this.#start = this.#arena.mark();
  }

  get hasPacked(): boolean {
    return this.#reader.hasPacked;
  }

  /** @throws {Problem} for what is not JSON, not UTF-8, or more than a request may have. */
  parse(json: Uint8Array): unknown {
    this.#arena.release(this.#start);
    const address = this.#arena.allocate(json.length);
    this.#arena.setBytes(address, json);
    return this.#reader.parse(this.#arena.bytes(address, json.length));
  }
}
