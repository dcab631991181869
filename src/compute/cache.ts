/**
 * Values that are made once for each key: as many as were asked for last. Keys that come from requests have no other bound.
 *
 * @example
 * const squares = new Cache<number>(100);
 * squares.get('3', () => 9);
 */
export class Cache<Value> {
  readonly #values = new Map<string, Value>();
  readonly #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The value of a key, made if it is not there. */
  get(key: string, make: () => Value): Value {
    return this.find(key) ?? this.set(key, make());
  }

  /** The value of a key, if it is there. */
  find(key: string): Value | undefined {
    const value = this.#values.get(key);
    // Moving it to the end costs more than the look-up, so only when evictions are near.
    if (value !== undefined && 2 * this.#values.size > this.#maxSize) {
      this.#values.delete(key);
      this.#values.set(key, value);
    }
    return value;
  }

  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** Adds a value, and drops the one that was asked for longest ago where there are too many. */
  set(key: string, value: Value): Value {
    this.#values.set(key, value);
    if (this.#values.size > this.#maxSize) this.#values.delete(this.#values.keys().next().value!);
    return value;
  }
}
