import { float64Algebra as real } from '../../../src/compute/backends/reference/float64-algebra.ts';

const functions: Readonly<Record<string, (...args: number[]) => number>> = {
  '\\arctan': Math.atan,
  '\\cos': Math.cos,
  '\\ln': Math.log,
  '\\max': Math.max,
  '\\min': Math.min,
  '\\sin': Math.sin,
  '\\tanh': Math.tanh,
  '\\operatorname{clip}': (a = NaN, low = NaN, high = NaN) => Math.min(Math.max(a, low), high),
  '\\operatorname{erf}': (a = NaN) => 1 - erfc(a),
  '\\operatorname{erfc}': (a = NaN) => erfc(a),
  '\\operatorname{sgn}': Math.sign,
};

const relations: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '<': (a, b) => a < b,
  '>': (a, b) => a > b,
  '\\le': (a, b) => a <= b,
  '\\ge': (a, b) => a >= b,
};

function erfc(a: number): number {
  return a < 0 ? 2 - real.erfc(-a) : real.erfc(a);
}

/**
 * The number that a formula in LaTeX stands for, with `values` for its letters and names.
 *
 * @throws {Error} when it contains LaTeX that is not among what the formulas of the catalogue use.
 *
 * @example
 * evaluateLatex('\\frac{\\text{slope} \\, x}{2}', { slope: 3, x: 4 }); // 6
 */
export function evaluateLatex(latex: string, values: Readonly<Record<string, number>>): number {
  const evaluator = new Evaluator(latex, { ...values, pi: Math.PI, e: Math.E });
  const value = evaluator.sum();
  evaluator.expect('');
  return value;
}

/** Evaluates as it reads, by recursive descent. */
class Evaluator {
  readonly #latex: string;
  readonly #tokens: readonly string[];
  readonly #values: Record<string, number>;
  #at = 0;
  #insideBars = false;

  constructor(latex: string, values: Record<string, number>) {
    this.#latex = latex;
    this.#values = values;
    const tokens = latex.match(/\\(?:operatorname|begin|end)\{\w+\}|\\text\{(?:\\_|[^{}\\])*\}|\\[A-Za-z]+|\\.|\d+(?:\.\d+)?|\S/g) ?? [];
    this.#tokens = tokens.filter((token) => !['\\,', '\\left', '\\right'].includes(token));
  }

  get #next(): string {
    return this.#tokens[this.#at] ?? '';
  }

  expect(token: string): void {
    if (this.#next !== token) throw new Error(`expected "${token}", not "${this.#next}", as token ${this.#at} of ${this.#latex}`);
    this.#at++;
  }

  #accept(token: string): boolean {
    const isNext = this.#next === token;
    if (isNext) this.#at++;
    return isNext;
  }

  sum(): number {
    let total = this.#accept('-') ? -this.#product() : this.#product();
    for (;;) {
      if (this.#accept('+')) total += this.#product();
      else if (this.#accept('-')) total -= this.#product();
      else return total;
    }
  }

  #product(): number {
    let total = this.#power();
    for (;;) {
      if (this.#accept('/')) total /= this.#power();
      else if (/^(?:[\w(]|\\(?!\\|end|[lg]e$).+)$/.test(this.#next) || (this.#next === '|' && !this.#insideBars)) total *= this.#power();
      else return total;
    }
  }

  #power(): number {
    const base = this.#atom();
    return this.#accept('^') ? base ** this.#group() : base;
  }

  #atom(): number {
    const token = this.#next;
    this.#at++;
    const apply = functions[token];
    if (apply) return apply(...this.#arguments());
    switch (token) {
      case '(':
        this.#at--;
        return this.#arguments()[0] ?? NaN;
      case '|':
        return Math.abs(this.#within('|', true));
      case '\\frac':
        return this.#group() / this.#group();
      case '\\sqrt':
        return Math.sqrt(this.#group());
      case '\\sum':
        return this.#series();
      case '\\begin{cases}':
        return this.#cases();
      default:
        return this.#number(token);
    }
  }

  #number(token: string): number {
    if (/^\d/.test(token)) return Number(token);
    let name = /^\\text\{(.*)\}$/.exec(token)?.[1]?.replaceAll('\\', '') ?? token.replace('\\', '');
    if (this.#accept('_')) {
      this.expect('{');
      name += `_${/^\\text\{(.*)\}$/.exec(this.#next)?.[1] ?? ''}`;
      this.#at++;
      this.expect('}');
    }
    const value = Object.hasOwn(this.#values, name) ? this.#values[name] : undefined;
    if (value === undefined) throw new Error(`no value for "${token}" in ${this.#latex}`);
    return value;
  }

  /** A sum up to `close`, which may itself contain bars unless it stands between bars. */
  #within(close: string, bars = false): number {
    const outer = this.#insideBars;
    this.#insideBars = bars;
    const value = this.sum();
    this.#insideBars = outer;
    this.expect(close);
    return value;
  }

  /** What a command or an exponent applies to: a group, or a single token. */
  #group(): number {
    return this.#accept('{') ? this.#within('}') : this.#atom();
  }

  #arguments(): number[] {
    this.expect('(');
    const outer = this.#insideBars;
    this.#insideBars = false;
    const args = [this.sum()];
    while (this.#accept(',')) args.push(this.sum());
    this.#insideBars = outer;
    this.expect(')');
    return args;
  }

  /** `\sum_{i=1}^{last}` of the product that follows. */
  #series(): number {
    for (const token of ['_', '{', 'i', '=', '1', '}', '^']) this.expect(token);
    const last = this.#group();
    const start = this.#at;
    let total = 0;
    for (let i = 1; i <= last; i++) {
      this.#at = start;
      this.#values.i = i;
      total += this.#product();
    }
    return total;
  }

  #cases(): number {
    let chosen: number | undefined;
    do {
      const value = this.sum();
      this.expect('&');
      const left = this.sum();
      const holds = relations[this.#next];
      this.#at++;
      if (holds?.(left, this.sum())) chosen ??= value;
    } while (this.#accept('\\\\'));
    this.expect('\\end{cases}');
    if (chosen === undefined) throw new Error(`no case holds in ${this.#latex}`);
    return chosen;
  }
}
