import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/evaluate.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import type { Surrogate, SurrogateDefinition } from '../../../src/compute/surrogates/definition.ts';
import { roundedAlgebra } from '../../../support/rounded-algebra.ts';
import { integrate } from '../support/integrate.ts';
import { anySurrogate, extremes } from '../support/parameter-sets.ts';

const largest = 3.4e38;
const definitions = [...catalogue.values()].map((definition) => ({ name: definition.name, definition }));

/** Points from 1e-6 to 1e4 on both sides of every place where something happens, and the places themselves, in order. */
function points(definition: SurrogateDefinition, { parameters }: Surrogate): number[] {
  const lobe = definition.family === 'multi-gaussian' ? (parameters.sigma ?? parameters.lens!) : 0;
  const centres = [0, parameters.mu ?? 0, lobe, -lobe, ...(definition.kinks?.(parameters) ?? [])];
  const reach = parameters.t_period ?? parameters.T_period ?? 1e4;
  const distances: number[] = [];
  for (let exponent = -6; exponent <= 4; exponent += 0.5) distances.push(10 ** exponent);
  const all = centres.flatMap((centre) => [centre, ...distances.flatMap((distance) => [centre - distance, centre + distance])]);
  return [...new Set(all)].filter((x) => Math.abs(x) <= reach).sort((a, b) => a - b);
}

/** value(b) - value(a) is the integral of grad over [a, b], between any two neighbouring points. */
function expectAntiderivative(definition: SurrogateDefinition, surrogate: Surrogate): void {
  const { grad, value } = surrogateFunctions(surrogate);
  const at = points(definition, surrogate);
  for (let i = 1; i < at.length; i++) {
    const [a, b] = [at[i - 1]!, at[i]!];
    const area = integrate(grad, a, b);
    const rise = value(b) - value(a);
    // The difference of two values keeps no more than their own rounding, and the area of a short interval that of its ends: what lies
    // within it of an end counts with the gradient there, which a jump may part from that inside.
    const ends = Math.max(Math.abs(grad(a) * a), Math.abs(grad(b) * b));
    const rounding = 1e-14 * (1 + Math.abs(value(a)) + Math.abs(value(b)) + cancelled(surrogate));
    const tolerance = 1e-8 * area.magnitude + rounding + 1e-15 * ends + epsilon(definition, surrogate);
    expect(Math.abs(rise - area.value), `${JSON.stringify(surrogate)} over [${a}, ${b}]`).toBeLessThanOrEqual(tolerance);
  }
}

/** What the libraries add in the logarithm of S2NN's primitive, and with it to a jump at 0 and to the slope above. */
function epsilon({ name, family }: SurrogateDefinition, { parameters }: Surrogate): number {
  return family === 'single step' ? parameters.beta! * (name === 's2nn' ? 1e-8 : 1e-5) : 0;
}

/** The size of terms that a value is a difference of: the areas of what it adds and takes away. */
function cancelled({ parameters: { h = 0, height = 0, ...rest } }: Surrogate): number {
  const { scale = 0, gamma = 0, grad_scale = 0, alpha = 1, beta = 1, slope = 0 } = rest;
  const reciprocal = alpha === 0 ? 0 : 1 / alpha;
  return Math.max(scale, gamma, grad_scale, 1) * (1 + h + height) + alpha + reciprocal + (beta === 0 ? 0 : slope / beta);
}

describe('value is the antiderivative of grad', () => {
  describe.each(definitions)('$name', ({ definition }) => {
    it('at the default and at the ends of the ranges', () => {
      for (const surrogate of extremes(definition)) expectAntiderivative(definition, surrogate);
    });

    it('anywhere within the ranges', () => {
      fc.assert(
        fc.property(anySurrogate(definition), (surrogate) => {
          expectAntiderivative(definition, surrogate);
        }),
        { numRuns: 15 },
      );
    });
  });
});

describe('value never falls where grad is never negative', () => {
  const signed = new Set(['square wave', 'multi-gaussian']);
  it.each(definitions.filter(({ definition }) => !signed.has(definition.family)))('$name', ({ definition }) => {
    for (const surrogate of extremes(definition)) {
      const { grad, value } = surrogateFunctions(surrogate);
      const at = points(definition, surrogate);
      for (let i = 0; i < at.length; i++) {
        expect(grad(at[i]!)).toBeGreaterThanOrEqual(0);
        if (i === 0) continue;
        const [before, after] = [value(at[i - 1]!), value(at[i]!)];
        expect(after - before, JSON.stringify(surrogate)).toBeGreaterThanOrEqual(-1e-15 * (Math.abs(before) + cancelled(surrogate)));
      }
    }
  });
});

describe('grad and value are finite', () => {
  const extreme = [0, 1e-45, 1.2e-38, 1e-20, 1, 1e4, 1e20, largest].flatMap((x) => [x, -x]);

  it.each(definitions)('$name in float64', ({ definition }) => {
    const check = (surrogate: Surrogate): void => {
      const { grad, value } = surrogateFunctions(surrogate);
      for (const x of extreme) {
        expect(grad(x), `grad of ${JSON.stringify(surrogate)} at ${x}`).toSatisfy(Number.isFinite);
        expect(value(x), `value of ${JSON.stringify(surrogate)} at ${x}`).toSatisfy(Number.isFinite);
      }
    };
    extremes(definition).forEach(check);
    fc.assert(fc.property(anySurrogate(definition), check), { numRuns: 30 });
  });

  it.each(definitions.filter(({ definition }) => !definition.gradNeedsFloat64))('$name in float32', ({ definition }) => {
    const check = ({ parameters }: Surrogate): void => {
      for (const x of extreme) {
        const grad = definition.grad(roundedAlgebra(Math.fround), Math.fround(x), { p: rounded(parameters), n: {} });
        expect(grad, `${JSON.stringify(parameters)} at ${x}`).toSatisfy(Number.isFinite);
      }
    };
    extremes(definition).forEach(check);
    fc.assert(fc.property(anySurrogate(definition), check), { numRuns: 30 });
  });
});

function rounded(parameters: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, Math.fround(value)]));
}
