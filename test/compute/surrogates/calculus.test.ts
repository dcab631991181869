import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { catalogue, flatParameters, formulaParameters, numericParameters } from '../../../src/compute/surrogates/catalogue.ts';
import type { FormulaParameters, Surrogate, SurrogateDefinition } from '../../../src/compute/surrogates/definition.ts';
import { roundedAlgebra } from '../../../support/rounded-algebra.ts';
import { integrate } from '../support/integrate.ts';
import { anySurrogate, extremes } from '../support/parameter-sets.ts';
import { roundingAlgebra } from '../support/rounding-algebra.ts';
import { numRuns } from '../../thorough.ts';

const largest = 3.4e38;
/** What float64's subnormal numbers, which have few digits, add up to. */
const tiny = 1e-300;
const definitions = [...catalogue.values()];

/** Points from 1e-6 to 1e4 on both sides of every place where something happens, and the places themselves, in order. */
function points({ landmarks, period }: SurrogateDefinition, { p, lists }: FormulaParameters<number>): number[] {
  const centres = [0, ...(landmarks?.(p, lists) ?? [])];
  const reach = period?.(p) ?? 1e4;
  const distances: number[] = [];
  for (let exponent = -6; exponent <= 4; exponent += 0.5) distances.push(10 ** exponent);
  const all = centres.flatMap((centre) => [centre, ...distances.flatMap((distance) => [centre - distance, centre + distance])]);
  return [...new Set(all)].filter((x) => Math.abs(x) <= reach).sort((a, b) => a - b);
}

/** The thresholds that a surrogate is tried at. */
const thresholds = ({ scalesWithThreshold }: SurrogateDefinition) => (scalesWithThreshold ? [1, 0.3] : [1]);

/** A surrogate's functions at a threshold, and at each of its points the value and how far rounding may have moved it. */
function sampled(definition: SurrogateDefinition, surrogate: Surrogate, threshold: number) {
  const parameters = numericParameters(definition, surrogate.parameters);
  const exact = (value: number) => ({ value, error: 0 });
  const numbers = flatParameters(surrogate.parameters);
  const withErrors = formulaParameters(definition, (name) => exact(numbers[name] ?? NaN), numbers, exact(threshold));
  const samples = points(definition, parameters).map((x) => ({ x, ...definition.value(roundingAlgebra, exact(x), withErrors) }));
  const steps = samples.slice(1).map((after, i) => ({ before: samples[i]!, after }));
  const { grad, value } = surrogateFunctions(surrogate);
  return {
    grad: (x: number) => grad(x, threshold),
    value: (x: number) => value(x, threshold),
    samples,
    steps,
    primitiveError: definition.primitiveError?.(parameters.p) ?? 0,
  };
}

/** value(b) - value(a) is the integral of grad over [a, b], between any two neighbouring points. */
function expectAntiderivative(definition: SurrogateDefinition, surrogate: Surrogate, threshold: number): void {
  const { grad, steps, primitiveError } = sampled(definition, surrogate, threshold);
  for (const { before, after } of steps) {
    const [a, b] = [before.x, after.x];
    const area = integrate(grad, a, b);
    const rise = after.value - before.value;
    // The area of a short interval keeps no more than the rounding of its ends: what lies within it of an end counts with the gradient
    // there, which a jump may part from that inside.
    const ends = Math.max(Math.abs(grad(a) * a), Math.abs(grad(b) * b));
    const tolerance = 1e-8 * area.magnitude + 4 * (before.error + after.error) + 1e-15 * ends + primitiveError + tiny;
    expect(
      Math.abs(rise - area.value),
      `${JSON.stringify(surrogate)} at a threshold of ${threshold} over [${a}, ${b}]: value rises by ${rise}, and the integral of grad is ${area.value}. If both are right, is a jump, corner or narrow peak missing from landmarks?`,
    ).toBeLessThanOrEqual(tolerance);
  }
}

describe('value is the antiderivative of grad', () => {
  describe.each(definitions.map((definition) => ({ name: definition.name, definition })))('$name', ({ definition }) => {
    it('at the default and at the ends of the ranges', () => {
      for (const threshold of thresholds(definition))
        for (const surrogate of extremes(definition)) expectAntiderivative(definition, surrogate, threshold);
    });

    it('anywhere within the ranges', () => {
      fc.assert(
        fc.property(anySurrogate(definition), fc.constantFrom(...thresholds(definition)), (surrogate, threshold) => {
          expectAntiderivative(definition, surrogate, threshold);
        }),
        { numRuns: numRuns(15) },
      );
    });

    it('with its constant at 0', () => {
      for (const surrogate of extremes(definition)) {
        const { value, samples, primitiveError } = sampled(definition, surrogate, 1);
        const { error } = samples.find(({ x }) => x === 0)!;
        const { valueAtZero = 0.5 } = definition;
        for (const zero of [0, -0]) {
          expect(
            Math.abs(value(zero) - valueAtZero),
            `value of ${JSON.stringify(surrogate)} at 0 is ${value(zero)}; it has to be 1/2, unless the formula sets valueAtZero`,
          ).toBeLessThanOrEqual(4 * error + primitiveError);
        }
      }
    });
  });
});

describe('value never falls, unless the summary says that grad is negative in places', () => {
  it.each(definitions.filter(({ summary }) => !summary.includes('negative')))('$name', (definition) => {
    for (const surrogate of extremes(definition)) {
      const { grad, samples, steps } = sampled(definition, surrogate, 1);
      const where = JSON.stringify(surrogate);
      for (const { x } of samples) {
        expect(grad(x), `grad of ${where} at ${x} is negative, which its summary should say`).toBeGreaterThanOrEqual(0);
      }
      for (const { before, after } of steps) {
        expect(after.value - before.value, where).toBeGreaterThanOrEqual(-4 * (before.error + after.error));
      }
    }
  });
});

describe('grad and value are finite', () => {
  const extreme = [0, 1e-45, 1.2e-38, 1e-20, 1, 1e4, 1e20, largest].flatMap((x) => [x, -x]);
  const advice = 'a select evaluates both of its branches, which have to stay finite (CONTRIBUTING.md)';

  it.each(definitions)('$name in float64', (definition) => {
    const check = (surrogate: Surrogate): void => {
      const { grad, value } = surrogateFunctions(surrogate);
      for (const x of extreme) {
        expect(grad(x), `grad of ${JSON.stringify(surrogate)} at ${x}: ${advice}`).toSatisfy(Number.isFinite);
        expect(value(x), `value of ${JSON.stringify(surrogate)} at ${x}: ${advice}`).toSatisfy(Number.isFinite);
      }
    };
    extremes(definition).forEach(check);
    fc.assert(fc.property(anySurrogate(definition), check), { numRuns: numRuns(30) });
  });

  it.each(definitions.filter(({ gradNeedsFloat64 }) => !gradNeedsFloat64))('$name in float32', (definition) => {
    const check = ({ parameters }: Surrogate): void => {
      const rounded = Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [name, typeof value === 'number' ? Math.fround(value) : value.map(Math.fround)]),
      );
      for (const x of extreme) {
        const grad = definition.grad(roundedAlgebra(Math.fround), Math.fround(x), numericParameters(definition, rounded));
        expect(grad, `grad with ${JSON.stringify(parameters)} at ${x} in float32: ${advice}`).toSatisfy(Number.isFinite);
      }
    };
    extremes(definition).forEach(check);
    fc.assert(fc.property(anySurrogate(definition), check), { numRuns: numRuns(30) });
  });
});
