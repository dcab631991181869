import type { ParameterDefinition } from './definition.ts';

/** A factor of x, which makes the curve narrower; positive. */
export function steepness(defaultValue: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum: 1e-3, maximum: 1e4, meaning };
}

/** A distance on the axis of x; positive. */
export function width(defaultValue: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum: 1e-3, maximum: 1e4, meaning };
}

/** A factor of the gradient; positive. */
export function height(defaultValue: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum: 1e-6, maximum: 1e4, meaning };
}

/** A gradient that may be 0, such as the leak of a rectifier. */
export function slope(defaultValue: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum: 0, maximum: 1e4, meaning };
}

/** A point on the axis of x, of either sign. */
export function position(defaultValue: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum: -1e4, maximum: 1e4, meaning };
}

/** The height of a multi-Gaussian's negative lobes, relative to its peak. */
export function lobeHeight(defaultValue: number): ParameterDefinition {
  return { default: defaultValue, minimum: 0, maximum: 100, meaning: 'weight of the negative lobes' };
}

/** The width of a multi-Gaussian's negative lobes, relative to its peak. */
export function lobeWidth(defaultValue: number): ParameterDefinition {
  return { default: defaultValue, minimum: 0.01, maximum: 1000, meaning: "the lobes' width in units of the peak's" };
}

/** A number of terms up to 64. */
export function terms(defaultValue: number, minimum: number, meaning: string): ParameterDefinition {
  return { default: defaultValue, minimum, maximum: 64, integer: true, meaning };
}
