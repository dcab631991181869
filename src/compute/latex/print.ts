import { add, isNumber, negate, type Call, type Cases, type Comparison, type Expression, type Factor, type Product } from './expression.ts';

/** The LaTeX of an expression, for math mode, without delimiters around it. */
export function print(e: Expression): string {
  switch (e.kind) {
    case 'product':
      return printProduct(e);
    case 'sum':
      return e.terms.map((term, i) => signed(print(term), i === 0)).join(' ');
    case 'letter':
      return e.latex;
    case 'call':
      return printCall(e);
    case 'cases':
      return printCases(e);
  }
}

function signed(term: string, first: boolean): string {
  if (first) return term;
  return term.startsWith('-') ? `- ${term.slice(1)}` : `+ ${term}`;
}

function printProduct(e: Product): string {
  const sign = e.numerator < 0 ? '-' : '';
  const above = inOrder(e.factors.filter(({ power }) => power > 0));
  const below = inOrder(e.factors.filter(({ power }) => power < 0).map(({ base, power }) => ({ base, power: -power })));
  const plainBelow = below.every(({ base }) => !isTall(base));
  // What is tall stands beside the fraction, unless it is the fraction's own matter, as in e / (1 + e).
  const beside = plainBelow && (below.length > 0 || e.denominator > 1) ? above.filter(({ base }) => isTall(base)) : [];
  const inside = above.filter((factor) => !beside.includes(factor));
  const top = printFactors(Math.abs(e.numerator), inside, below.length > 0 || e.denominator > 1);
  if (below.length === 0 && e.denominator === 1) return sign + top;
  const fraction = `\\frac{${top}}{${printFactors(e.denominator, below, true)}}`;
  return sign + join([fraction, ...beside.map((factor) => printFactor(factor, true))]);
}

/** A coefficient and factors side by side; `alone` when nothing stands beside them, so that one sum needs no parentheses. */
function printFactors(coefficient: number, factors: readonly Factor[], alone: boolean): string {
  const number = coefficient === 1 && factors.length > 0 ? [] : [String(coefficient)];
  const several = number.length + factors.length > 1 || !alone;
  return join([...number, ...factors.map((factor) => printFactor(factor, several))]);
}

function printFactor({ base, power }: Factor, several: boolean): string {
  if (base.kind === 'call' && base.name === 'sqrt' && power > 1) {
    return raised(base.args[0]!, power % 2 === 0 ? String(power / 2) : `${power}/2`);
  }
  if (power !== 1) return raised(base, String(power));
  return base.kind === 'sum' && several ? parentheses(print(base)) : print(base);
}

function raised(base: Expression, power: string): string {
  const exponent = power.length > 1 ? `{${power}}` : power;
  const simple = base.kind === 'letter' || (base.kind === 'call' && base.name === 'abs');
  return `${simple ? print(base) : parentheses(print(base))}^${exponent}`;
}

/** Words need a thin space to stand apart from what they are multiplied by. */
function join(parts: readonly string[]): string {
  return parts.reduce((text, part) => {
    const words = text.endsWith('}') && /\\text\{[^{}]*\}$/.test(text);
    return text === '' ? part : `${text}${words || part.startsWith('\\text') ? ' \\, ' : ' '}${part}`;
  }, '');
}

/** Numbers, then constants and parameters, then x, then what is built from it. */
function inOrder(factors: readonly Factor[]): readonly Factor[] {
  const rank = ({ base }: Factor): number => {
    if (base.kind === 'letter') return base.latex === '\\pi' ? 0 : base.latex === 'x' ? 2 : 1;
    if (base.kind === 'call') return base.name === 'sqrt' ? 3 : base.name === 'abs' ? 4 : 6;
    return 5;
  };
  return factors.toSorted((a, b) => rank(a) - rank(b));
}

/** Whether something is too high, or too much of a function, to stand in a fraction's numerator. */
function isTall(e: Expression): boolean {
  switch (e.kind) {
    case 'letter':
      return false;
    case 'call':
      return e.name !== 'abs' && e.name !== 'sqrt';
    case 'cases':
      return true;
    case 'sum':
      return e.terms.some(isTall);
    case 'product':
      return e.factors.some(({ base }) => isTall(base));
  }
}

function parentheses(text: string): string {
  return `\\left(${text}\\right)`;
}

function printCall({ name, args }: Call): string {
  const [a, b] = args as [Expression, Expression];
  switch (name) {
    case 'abs':
      return `\\left|${print(a)}\\right|`;
    case 'sqrt':
      return `\\sqrt{${print(a)}}`;
    case 'exp':
      return `e^{${print(a)}}`;
    case 'power':
      return `${parentheses(print(a))}^{${print(b)}}`;
    case 'ln':
    case 'arctan':
    case 'tanh':
    case 'max':
    case 'min':
      return `\\${name}${parentheses(args.map(print).join(',\\, '))}`;
    case 'erfc':
    case 'clip':
      return `\\operatorname{${name}}${parentheses(args.map(print).join(',\\, '))}`;
    case 'cosines':
      return `\\sum_{i=1}^{${print(b)}} \\cos${parentheses(print(a))}`;
    case 'sines':
      return `\\sum_{i=1}^{${print(b)}} \\frac{1}{2i-1} \\sin${parentheses(print(a))}`;
  }
}

function printCases({ condition, then, otherwise }: Cases): string {
  const [only, ...more] = condition;
  const first = condition.map((comparison) => printComparison(comparison, comparison.strict ? '<' : '\\le'));
  const second = only && more.length === 0 ? printComparison(only, only.strict ? '\\ge' : '>') : '\\text{otherwise}';
  const rows = [`${print(then)} & ${first.join(' \\text{ and } ')}`, `${print(otherwise)} & ${second}`];
  return `\\begin{cases} ${rows.join(' \\\\ ')} \\end{cases}`;
}

/** A comparison with numbers on its right side. */
function printComparison({ left, right }: Comparison, relation: string): string {
  const constant = left.kind === 'sum' && isNumber(right) ? left.terms.find(isNumber) : undefined;
  const [from, to] = constant ? [add(left, negate(constant)), add(right, negate(constant))] : [left, right];
  return `${print(from)} ${relation} ${print(to)}`;
}
