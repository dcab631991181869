import type { Formula, SurrogateDefinition } from '../surrogates/definition.ts';
import type { Expression } from './expression.ts';
import { latexAlgebra, symbolicTerms } from './latex-algebra.ts';
import { print } from './print.ts';

/** A surrogate's formulas in LaTeX, for math mode, without delimiters. */
export interface SurrogateFormulas {
  /** The surrogate gradient as a function of x. */
  readonly grad: string;
  /** Its antiderivative. */
  readonly value: string;
}

/** The formulas of a definition, printed from what the back-ends evaluate. */
export function formulas(definition: SurrogateDefinition): SurrogateFormulas {
  const p: Record<string, Expression> = {};
  const n: Record<string, number> = {};
  for (const [name, { integer }] of Object.entries(definition.parameters)) {
    if (integer) n[name] = symbolicTerms;
    else p[name] = { kind: 'letter', latex: parameterLatex(name) };
  }
  const x: Expression = { kind: 'letter', latex: 'x' };
  const latex = (formula: Formula): string => print(formula(latexAlgebra, x, { p, n }));
  return { grad: latex(definition.grad), value: latex(definition.value) };
}

const greek: ReadonlySet<string> = new Set(['alpha', 'beta', 'gamma', 'mu', 'omega', 'sigma']);

/** A parameter's name as a symbol: Greek letters, single letters with a subscript in words, or a word. */
export function parameterLatex(name: string): string {
  if (greek.has(name)) return `\\${name}`;
  if (name.length === 1) return name;
  const subscripted = /^([A-Za-z])_([a-z]+)$/.exec(name);
  return subscripted ? `${subscripted[1]!}_{\\text{${subscripted[2]!}}}` : `\\text{${name.replaceAll('_', '\\_')}}`;
}
