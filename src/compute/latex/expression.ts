/**
 * Formulas as trees that simplify as they are built: fractions are collected, equal factors and terms merged, signs pulled out of odd
 * functions. Only identities that hold for every x and every positive parameter are used.
 */
export type Expression = Product | Atom;

/** What a product multiplies and a sum adds. */
export type Atom = Sum | Letter | Call | Cases;

/** numerator / denominator (whole numbers) times the factors; without factors, a number. */
export interface Product {
  readonly kind: 'product';
  readonly numerator: number;
  readonly denominator: number;
  readonly factors: readonly Factor[];
}

export interface Factor {
  readonly base: Atom;
  /** A whole number other than 0. */
  readonly power: number;
}

export interface Sum {
  readonly kind: 'sum';
  readonly terms: readonly Expression[];
}

/** Anything that is printed as it stands: x, a parameter, pi. */
export interface Letter {
  readonly kind: 'letter';
  readonly latex: string;
}

export type FunctionName =
  'abs' | 'arctan' | 'clip' | 'cosines' | 'erfc' | 'exp' | 'ln' | 'max' | 'min' | 'power' | 'sines' | 'sqrt' | 'tanh';

export interface Call {
  readonly kind: 'call';
  readonly name: FunctionName;
  readonly args: readonly Expression[];
}

/** `then` where the condition holds, else `otherwise`. */
export interface Cases {
  readonly kind: 'cases';
  readonly condition: Condition;
  readonly then: Expression;
  readonly otherwise: Expression;
}

/** Comparisons that hold together. */
export type Condition = readonly Comparison[];

/** left < right where strict, else left <= right. */
export interface Comparison {
  readonly left: Expression;
  readonly right: Expression;
  readonly strict: boolean;
}

export const pi: Letter = { kind: 'letter', latex: '\\pi' };
export const zero = rational(0, 1);
export const one = rational(1, 1);

/** A number as a fraction of whole ones where that is what it is, in powers of ten where it is one, else as it is written. */
export function number(value: number): Expression {
  if (value === Math.PI) return pi;
  if (Number.isInteger(value)) return rational(value, 1);
  const reciprocal = Math.round(1 / value);
  if (Math.abs(value) >= 0.01 && 1 / reciprocal === value) return rational(Math.sign(reciprocal), Math.abs(reciprocal));
  const exponent = Math.round(Math.log10(value));
  return { kind: 'letter', latex: value === Number(`1e${exponent}`) ? `10^{${exponent}}` : String(value) };
}

export function add(a: Expression, b: Expression): Expression {
  return sum([a, b]);
}

export function multiply(a: Expression, b: Expression): Expression {
  const cases = [a, b].find((side) => side.kind === 'cases');
  if (cases) return mapCases(cases, (branch) => multiply(a === cases ? branch : a, b === cases ? branch : b));
  const left = toProduct(a);
  const right = toProduct(b);
  if (left.numerator * right.numerator === 0) return zero;
  const factors = new Map<string, Factor>();
  for (const { base, power } of [...left.factors, ...right.factors]) {
    const merged = power + (factors.get(key(base))?.power ?? 0);
    factors.set(key(base), { base, power: merged });
  }
  return product(
    left.numerator * right.numerator,
    left.denominator * right.denominator,
    [...factors.values()].filter(({ power }) => power !== 0),
  );
}

export function negate(a: Expression): Expression {
  return multiply(rational(-1, 1), a);
}

export function reciprocal(a: Expression): Expression {
  const { numerator, denominator, factors } = toProduct(a);
  const inverse = factors.map(({ base, power }) => ({ base, power: -power }));
  return product(Math.sign(numerator) * denominator, Math.abs(numerator), inverse);
}

/** A function's value, simplified. */
export function call(name: FunctionName, ...args: Expression[]): Expression {
  const [a, b] = args as [Expression, Expression];
  const plain: Call = { kind: 'call', name, args };
  switch (name) {
    case 'abs':
      return isNumber(a) ? rational(Math.abs(a.numerator), a.denominator) : plain;
    case 'arctan':
      return isReciprocal(a) ? sum([multiply(rational(1, 2), pi), negate(call('arctan', reciprocal(a)))]) : oddFunction(plain, a);
    case 'tanh':
      return oddFunction(plain, a);
    case 'exp':
      return exponentialOfLogarithm(a) ?? plain;
    case 'min':
      return clip(a, b) ?? plain;
    default:
      return plain;
  }
}

/** `then` where the condition holds, else `otherwise`; one formula where the two are the same. */
export function cases(condition: Condition, then: Expression, otherwise: Expression): Expression {
  const below = condition.length === 1 && condition[0]!.strict && key(condition[0]!.right) === key(zero);
  const [negative, positive] = below ? bySign(condition[0]!.left, then, otherwise) : [then, otherwise];
  return key(negative) === key(positive) ? negative : { kind: 'cases', condition, then: negative, otherwise: positive };
}

/** Two branches, of which the first holds for z < 0 and the second for z >= 0, with |z| resolved. */
function bySign(z: Expression, below: Expression, above: Expression): [Expression, Expression] {
  const magnitude = key(call('abs', z));
  return [substitute(below, magnitude, negate(z)), substitute(above, magnitude, z)];
}

/** The same text for what is the same expression up to the order of its terms and factors. */
export function key(e: Expression): string {
  switch (e.kind) {
    case 'letter':
      return e.latex;
    case 'sum':
      return `(${e.terms.map(key).sort().join('+')})`;
    case 'call':
      return `${e.name}(${e.args.map(key).join(',')})`;
    case 'cases':
      return `cases(${conditionKey(e.condition)},${key(e.then)},${key(e.otherwise)})`;
    case 'product':
      return [`${e.numerator}/${e.denominator}`, ...e.factors.map(({ base, power }) => `${key(base)}^${power}`).sort()].join('*');
  }
}

export function toProduct(e: Expression): Product {
  return e.kind === 'product' ? e : { kind: 'product', numerator: 1, denominator: 1, factors: [{ base: e, power: 1 }] };
}

export function isNumber(e: Expression): e is Product {
  return e.kind === 'product' && e.factors.length === 0;
}

function conditionKey(condition: Condition): string {
  return condition.map(({ left, right, strict }) => [key(left), key(right), strict].join()).join('&');
}

function rational(numerator: number, denominator: number): Product {
  const divisor = greatestCommonDivisor(Math.abs(numerator), denominator);
  return { kind: 'product', numerator: numerator / divisor, denominator: denominator / divisor, factors: [] };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

function product(numerator: number, denominator: number, factors: readonly Factor[]): Expression {
  const coefficient = rational(numerator, denominator);
  const only = factors.length === 1 ? factors[0] : undefined;
  if (only?.power === 1 && coefficient.numerator === 1 && coefficient.denominator === 1) return only.base;
  const plain: Product = { ...coefficient, factors };
  return logisticRatio(plain) ?? dividedByPi(plain) ?? plain;
}

function sum(parts: readonly Expression[]): Expression {
  const choice = parts.find((part) => part.kind === 'cases');
  if (choice) return mapCases(choice, (branch) => sum(parts.map((part) => (part === choice ? branch : part))));
  const merged = new Map<string, Product>();
  for (const term of parts.flatMap(termsOf).map(toProduct)) {
    const like = key({ ...term, numerator: 1, denominator: 1 });
    const { numerator, denominator } = merged.get(like) ?? { numerator: 0, denominator: 1 };
    const total = rational(numerator * term.denominator + term.numerator * denominator, denominator * term.denominator);
    merged.set(like, { ...total, factors: term.factors });
  }
  const terms = [...merged.values()]
    .filter(({ numerator }) => numerator !== 0)
    .map(({ numerator, denominator, factors }) => product(numerator, denominator, factors));
  if (terms.length === 0) return zero;
  return terms.length === 1 ? terms[0]! : (complement(terms) ?? { kind: 'sum', terms });
}

/** The terms of a sum or of its negative; anything else is one term. */
function termsOf(e: Expression): readonly Expression[] {
  if (e.kind === 'sum') return e.terms;
  if (e.kind !== 'product' || e.denominator !== 1 || e.numerator !== -1) return [e];
  const [only, ...more] = e.factors;
  return only?.base.kind === 'sum' && only.power === 1 && more.length === 0 ? only.base.terms.map(negate) : [e];
}

function mapCases(e: Cases, map: (branch: Expression) => Expression): Expression {
  return cases(e.condition, map(e.then), map(e.otherwise));
}

function substitute(e: Expression, target: string, replacement: Expression): Expression {
  if (key(e) === target) return replacement;
  const inside = (part: Expression): Expression => substitute(part, target, replacement);
  switch (e.kind) {
    case 'letter':
      return e;
    case 'sum':
      return sum(e.terms.map(inside));
    case 'call':
      return call(e.name, ...e.args.map(inside));
    case 'cases':
      return cases(e.condition, inside(e.then), inside(e.otherwise));
    case 'product':
      return e.factors.reduce<Expression>(
        (result, { base, power }) => multiply(result, raise(inside(base), power)),
        rational(e.numerator, e.denominator),
      );
  }
}

function raise(e: Expression, power: number): Expression {
  const base = power < 0 ? reciprocal(e) : e;
  let result: Expression = one;
  for (let i = 0; i < Math.abs(power); i++) result = multiply(result, base);
  return result;
}

/** f(-a) = -f(a). */
function oddFunction(plain: Call, a: Expression): Expression {
  return toProduct(a).numerator < 0 ? negate({ ...plain, args: [negate(a)] }) : plain;
}

/** Whether everything but a number stands below the fraction's bar. */
function isReciprocal(e: Expression): boolean {
  const { factors } = toProduct(e);
  return factors.length > 0 && factors.every(({ power }) => power < 0);
}

/** e^(b ln a) = a^b. */
function exponentialOfLogarithm(exponent: Expression): Expression | undefined {
  const { numerator, denominator, factors } = toProduct(exponent);
  const logarithm = factors.find(({ base, power }) => base.kind === 'call' && base.name === 'ln' && power === 1);
  if (logarithm?.base.kind !== 'call') return undefined;
  const rest = product(
    numerator,
    denominator,
    factors.filter((factor) => factor !== logarithm),
  );
  return { kind: 'call', name: 'power', args: [logarithm.base.args[0]!, rest] };
}

/** min(max(a, -b), b) = clip(a, -b, b). */
function clip(limited: Expression, upper: Expression): Expression | undefined {
  if (limited.kind !== 'call' || limited.name !== 'max') return undefined;
  const [a, lower] = limited.args as [Expression, Expression];
  return key(lower) === key(negate(upper)) ? { kind: 'call', name: 'clip', args: [a, lower, upper] } : undefined;
}

/** u where the expression is e^u. */
function exponentOf(e: Expression | undefined): Expression | undefined {
  return e?.kind === 'call' && e.name === 'exp' ? e.args[0] : undefined;
}

/** u and the sign where a factor is 1 + e^u or 1 - e^u. */
function onePlusExponential(base: Atom): { exponent: Expression; sign: number } | undefined {
  if (base.kind !== 'sum' || base.terms.length !== 2 || key(base.terms[0]!) !== key(one)) return undefined;
  const term = toProduct(base.terms[1]!);
  const exponent = term.denominator === 1 && Math.abs(term.numerator) === 1 ? exponentOf(term.factors[0]?.base) : undefined;
  return exponent && term.factors.length === 1 && term.factors[0]!.power === 1 ? { exponent, sign: term.numerator } : undefined;
}

/** e^u / (1 + e^u) = 1 / (1 + e^-u), and (1 - e^u) / (1 + e^u) = -tanh(u/2). */
function logisticRatio(e: Product): Expression | undefined {
  const below = e.factors.find(({ base, power }) => power === -1 && onePlusExponential(base)?.sign === 1);
  const exponent = below && onePlusExponential(below.base)?.exponent;
  if (!exponent) return undefined;
  for (const above of e.factors) {
    if (above.power !== 1) continue;
    const rest = (): Expression =>
      product(
        e.numerator,
        e.denominator,
        e.factors.filter((factor) => factor !== above && factor !== below),
      );
    const same = (other: Expression | undefined): boolean => other !== undefined && key(other) === key(exponent);
    if (same(exponentOf(above.base))) {
      return multiply(rest(), reciprocal(sum([one, call('exp', negate(exponent))])));
    }
    const difference = onePlusExponential(above.base);
    if (difference?.sign === -1 && same(difference.exponent)) {
      return multiply(rest(), negate(call('tanh', multiply(rational(1, 2), exponent))));
    }
  }
  return undefined;
}

/** (pi / 2 - a) / pi, multiplied out. */
function dividedByPi(e: Product): Expression | undefined {
  const hasPi = (part: Expression): boolean => toProduct(part).factors.some(({ base, power }) => base === pi && power > 0);
  const divided = e.factors.some(({ base, power }) => base === pi && power < 0);
  const factor = e.factors.find(({ base, power }) => base.kind === 'sum' && power === 1 && base.terms.some(hasPi));
  if (!divided || factor?.base.kind !== 'sum') return undefined;
  const rest = product(
    e.numerator,
    e.denominator,
    e.factors.filter((other) => other !== factor),
  );
  return sum(factor.base.terms.map((term) => multiply(rest, term)));
}

/** 1 - 1 / (1 + e^u) = 1 / (1 + e^-u), and 1 - erfc(u) / 2 = erfc(-u) / 2. */
function complement(terms: readonly Expression[]): Expression | undefined {
  const [first, second] = terms as [Expression, Expression];
  const { numerator, denominator, factors } = toProduct(second);
  const factor = factors[0];
  if (terms.length !== 2 || key(first) !== key(one) || numerator !== -1 || factors.length !== 1 || !factor) return undefined;
  if (denominator === 2 && factor.power === 1 && factor.base.kind === 'call' && factor.base.name === 'erfc') {
    return multiply(rational(1, 2), call('erfc', negate(factor.base.args[0]!)));
  }
  const logistic = denominator === 1 && factor.power === -1 ? onePlusExponential(factor.base) : undefined;
  return logistic?.sign === 1 ? reciprocal(sum([one, call('exp', negate(logistic.exponent))])) : undefined;
}
