import formulas from 'virtual:formulas';

import { element, fromMarkup } from './dom.ts';

/**
 * A formula as MathML, or as LaTeX where the page is older than the service.
 *
 * @param left what stands before it: `σ(x) =`.
 */
export function formula(latex: string, left = ''): HTMLElement {
  const mathMl = formulas[latex];
  // Wide ones scroll, by keys too.
  return element(
    'div',
    { class: 'formula', tabindex: 0, role: 'group', 'aria-label': 'Formula' },
    left === '' ? null : element('span', { class: 'math' }, left),
    mathMl === undefined ? element('code', {}, latex) : fromMarkup(mathMl),
  );
}
