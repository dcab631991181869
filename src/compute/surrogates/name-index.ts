/** The longest name that is compared with others; a longer one is none. */
const maxLength = 100;

/**
 * Finds surrogates by names that differ in case and underscores. Those without a library come first; a library's may be named without the library.
 *
 * @example
 * const index = new NameIndex(['gaussian_grad', 'spikingjelly.ATan', 'slax.atan', 'norse.tanh', 'spyx.tanh']);
 * index.find('GaussianGrad');   // 'gaussian_grad'
 * index.find('ATan');           // 'spikingjelly.ATan', which is spelled so
 * index.find('tanh');           // undefined
 * index.candidates('tanh');     // ['norse.tanh', 'spyx.tanh']
 */
export class NameIndex {
  readonly #names: ReadonlySet<string>;
  readonly #own = new Map<string, string[]>();
  /** By names with the library and without. */
  readonly #ofLibraries = new Map<string, string[]>();

  constructor(names: Iterable<string>) {
    this.#names = new Set(names);
    for (const name of this.#names) {
      const index = name.includes('.') ? this.#ofLibraries : this.#own;
      for (const key of new Set([fold(name), fold(withoutLibrary(name))])) index.set(key, [...(index.get(key) ?? []), name]);
    }
  }

  /** The one name that is meant; of several, the one that is spelled so. */
  find(name: string): string | undefined {
    if (this.#names.has(name)) return name;
    const meant = this.candidates(name);
    return onlyOne(meant) ?? onlyOne(meant.filter((one) => withoutLibrary(one) === name));
  }

  /** The names that may be meant. */
  candidates(name: string): readonly string[] {
    if (name.length > maxLength) return [];
    const key = fold(name);
    return this.#own.get(key) ?? this.#ofLibraries.get(key) ?? [];
  }
}

function onlyOne(names: readonly string[]): string | undefined {
  return names.length === 1 ? names[0] : undefined;
}

function withoutLibrary(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll('_', '');
}
