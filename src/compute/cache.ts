/**
 * A function whose results are kept as long as the objects it was called with.
 *
 * @example
 * const fieldsOf = memoize((model: NeuronModel) => Object.keys(model.parameters));
 */
export function memoize<Key extends object, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const values = new WeakMap<Key, Value>();
  return (key) => {
    let value = values.get(key);
    if (value === undefined) values.set(key, (value = make(key)));
    return value;
  };
}

/**
 * A function from one name to another whose results are kept for good, so for names of the code and not of requests: V8 takes twenty times as long
 * to look a property up by a new string.
 *
 * @example
 * const arrayName = memoizeName((name) => `${name}.array`);
 */
export function memoizeName(make: (name: string) => string): (name: string) => string {
  const names = new Map<string, string>();
  return (name) => {
    let made = names.get(name);
    if (made === undefined) names.set(name, (made = make(name)));
    return made;
  };
}

/**
 * Values that are made once for each key: as many as were asked for last. Keys that come from requests have no other bound.
 *
 * @example
 * const squares = new Cache<number, number>(100);
 * squares.get(3, () => 9);
 */
export class Cache<Key, Value> {
  readonly #values = new Map<Key, Value>();
  readonly #maxSize: number;

  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /** The value of a key, made if it is not there. */
  get(key: Key, make: () => Value): Value {
    return this.find(key) ?? this.set(key, make());
  }

  /** The value of a key, if it is there. */
  find(key: Key): Value | undefined {
    const value = this.#values.get(key);
    // Moving it to the end costs more than the look-up, so only when evictions are near.
    if (value !== undefined && 2 * this.#values.size > this.#maxSize) {
      this.#values.delete(key);
      this.#values.set(key, value);
    }
    return value;
  }

  has(key: Key): boolean {
    return this.#values.has(key);
  }

  /** Adds a value, and drops the one that was asked for longest ago where there are too many. */
  set(key: Key, value: Value): Value {
    this.#values.set(key, value);
    if (this.#values.size > this.#maxSize) this.#values.delete(this.#values.keys().next().value!);
    return value;
  }
}
