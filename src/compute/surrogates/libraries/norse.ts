import { defineSurrogates } from '../define.ts';
import { circular } from '../formulas/arctangent.ts';
import { fixedPeakGaussian } from '../formulas/gaussian.ts';
import { superSpike } from '../formulas/inverse-power.ts';
import { sechSquared } from '../formulas/logistic.ts';
import { unitWidthTriangle } from '../formulas/piecewise.ts';
import { papers } from './papers.ts';

const library = { name: 'Norse', source: 'Norse, norse.torch.functional (commit 065a3b4)', strictThreshold: true };

function disagreement(primitive: string, where: string): string {
  const documented = `Norse documents the primitive ${primitive}, whose derivative is its gradient only at ${where}`;
  return `${documented}; value is the antiderivative of the gradient with value 1/2 at 0.`;
}

/** Norse's own surrogates. */
export const norse = defineSurrogates(library, {
  'norse.superspike': { ...superSpike({ alpha: 100 }), references: [papers.zenke2018], notes: ['Norse\'s method "super", its default.'] },
  'norse.heavi_erfc': {
    ...fixedPeakGaussian({ alpha: 100 }),
    aliases: [{ library: 'braintools', name: 'erf', note: 'area 1 at every steepness; equal at alpha = 2' }],
    notes: [disagreement('1/2 + erfc(alpha x) / 2', 'alpha = 2, and with erf for erfc')],
  },
  'norse.tanh': {
    ...sechSquared({ alpha: 100 }),
    aliases: [{ library: 'braintools', name: 'sigmoid', note: 'with 2 alpha for alpha, and greater by the factor alpha / 2' }],
    notes: [disagreement('1/2 + tanh(alpha x) / 2', 'alpha = 2')],
  },
  'norse.circ': {
    ...circular({ alpha: 100 }),
    notes: [
      'alpha is a width here, but Norse gives it the default of its steepnesses, 100, at which the gradient is about 1 everywhere.',
      disagreement('1/2 + x / (2 sqrt(x^2 + alpha^2))', 'alpha = 1/2'),
    ],
  },
  'norse.triangle': {
    ...unitWidthTriangle({ alpha: 0.3 }),
    aliases: [{ library: 'braintools', name: 'relu_grad', note: 'with a width' }],
    references: [papers.bellec2018, papers.bellec2020],
    notes: ["Norse's LIFParameters have alpha = 100: whoever changes only the method there gets a peak of 100."],
  },
});
