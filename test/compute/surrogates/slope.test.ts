import { describe, expect, it } from 'vitest';
import { surrogateFunctions } from '../../../src/compute/backends/reference/surrogates.ts';
import { catalogue } from '../../../src/compute/surrogates/catalogue.ts';
import { withDefaults } from '../support/parameter-sets.ts';

/** Away from 0, and from the places where a piecewise curve has its corners at the defaults. */
const points = [-2.37, -0.73, -0.31, -0.062, 0.043, 0.17, 0.61, 1.13, 3.3];

describe("the derivative of a surrogate's value with respect to its parameters", () => {
  const cases = [...catalogue.values()].flatMap((definition) =>
    Object.entries(definition.parameters).flatMap(([parameter, { integer, list }]) =>
      integer || list ? [] : [{ name: definition.name, parameter, definition }],
    ),
  );
  it.each(cases)('is that of central differences: $name, $parameter', ({ definition, parameter }) => {
    const surrogate = withDefaults(definition);
    const { slope } = surrogateFunctions(surrogate);
    const centre = Number(surrogate.parameters[parameter]);
    const h = 1e-5 * Math.max(1e-2, Math.abs(centre));
    const valueAt = (value: number, x: number, threshold: number) =>
      surrogateFunctions({ ...surrogate, parameters: { ...surrogate.parameters, [parameter]: value } }).value(x, threshold);
    for (const threshold of definition.scalesWithThreshold ? [1, 0.7] : [1]) {
      for (const x of points) {
        const [below, above] = [valueAt(centre - h, x, threshold), valueAt(centre + h, x, threshold)];
        const rounding = (4e-16 * Math.max(1, Math.abs(above))) / h;
        const difference = (above - below) / (2 * h);
        expect(Math.abs(slope(parameter, x, threshold) - difference), `at x = ${x}`).toBeLessThan(
          1e-6 * Math.max(1, Math.abs(difference)) + rounding,
        );
      }
    }
  });
});
