import { float64Algebra as real } from '../../../src/compute/float64-algebra.ts';
import { integrate } from './integrate.ts';

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

/** What a formula may refer to beside numbers. */
interface References {
  /** Have subscripts from 1 on. Outside of a sum, `i` is the last item below x of the first list that has one above it. */
  readonly lists?: Readonly<Record<string, readonly number[]>>;
  /** What `g` stands for; it may have corners and jumps at the lists' numbers. */
  readonly g?: (x: number) => number;
}

/**
 * The number that a formula in LaTeX stands for, with `values` for its letters and names.
 *
 * @throws {Error} when it contains LaTeX that is not among what the formulas of the catalogue use.
 *
 * @example
 * evaluateLatex('\\frac{\\text{slope} \\, x}{2}', { slope: 3, x: 4 }); // 6
 */
export function evaluateLatex(latex: string, values: Readonly<Record<string, number>>, references: References = {}): number {
  const evaluator = new Evaluator(latex, { ...values, pi: Math.PI, e: Math.E }, references);
  const value = evaluator.sum();
  evaluator.expect('');
  return value;
}

/** Evaluates as it reads, by recursive descent. */
class Evaluator {
  readonly #latex: string;
  readonly #tokens: readonly string[];
  readonly #values: Record<string, number>;
  readonly #lists: NonNullable<References['lists']>;
  readonly #g: References['g'];
  #at = 0;
  #insideBars = false;

  constructor(latex: string, values: Record<string, number>, { lists = {}, g }: References) {
    this.#latex = latex;
    const [first] = Object.values(lists);
    const below = first?.slice(1, -1).filter((item) => item <= (values.x ?? NaN)).length;
    this.#values = below === undefined ? values : { ...values, i: below + 1 };
    this.#lists = lists;
    this.#g = g;
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
      case '\\int':
        return this.#integral();
      default:
        return this.#number(token);
    }
  }

  #number(token: string): number {
    if (/^\d/.test(token)) return Number(token);
    let name = /^\\text\{(.*)\}$/.exec(token)?.[1]?.replaceAll('\\', '') ?? token.replace('\\', '');
    if (this.#accept('_')) {
      const list = this.#lists[name];
      if (list !== undefined) return list[this.#group() - 1] ?? NaN;
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

  /** `\int_0^x g(t) dt`. */
  #integral(): number {
    for (const token of ['_', '0', '^', 'x', 'g', '(', 't', ')', 'd', 't']) this.expect(token);
    const { x = NaN } = this.#values;
    const breaks = Object.values(this.#lists).flat();
    const between = breaks.filter((at) => Math.min(0, x) < at && at < Math.max(0, x));
    const ends = [0, ...between.sort((a, b) => (x < 0 ? b - a : a - b)), x];
    const pieces = ends.slice(1).map((to, i) => integrate(this.#g ?? (() => NaN), ends[i]!, to).value);
    return pieces.reduce((sum, piece) => sum + piece, 0);
  }

  /** `\text{otherwise}`, or a chain of relations. */
  #condition(): boolean {
    if (this.#accept('\\text{otherwise}')) return true;
    let left = this.sum();
    let holds = true;
    for (let relation = relations[this.#next]; relation !== undefined; relation = relations[this.#next]) {
      this.#at++;
      const right = this.sum();
      holds &&= relation(left, right);
      left = right;
    }
    return holds;
  }

  #cases(): number {
    let chosen: number | undefined;
    do {
      const value = this.sum();
      this.expect('&');
      if (this.#condition()) chosen ??= value;
    } while (this.#accept('\\\\'));
    this.expect('\\end{cases}');
    if (chosen === undefined) throw new Error(`no case holds in ${this.#latex}`);
    return chosen;
  }
}
