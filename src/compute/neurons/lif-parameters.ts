/** A parameter of a neuron: a number for all neurons, or one per neuron. Gradients can be taken with respect to each. */
export interface NeuronParameter {
  readonly default: number;
  /** All values are greater. */
  readonly exclusiveMinimum?: number;
  /** Left out where it is dimensionless. */
  readonly unit?: string;
  readonly meaning: string;
}

function defineParameters<Name extends string>(parameters: Readonly<Record<Name, NeuronParameter>>): typeof parameters {
  return parameters;
}

/** The parameters of the LIF neuron by their names in requests. Back-ends, requests, answers and documentation all read this table. */
export const lifParameters = defineParameters({
  tau: { default: 10, exclusiveMinimum: 0, unit: 'ms', meaning: 'Membrane time constant' },
  v_threshold: { default: 1, meaning: 'Threshold' },
  v_reset: { default: 0, meaning: 'Potential after a hard reset' },
  v_rest: { default: 0, meaning: 'Resting potential' },
  resistance: { default: 1, meaning: 'Membrane resistance' },
  v_init: { default: 0, meaning: 'Potential before the first step' },
});
export type LifParameter = keyof typeof lifParameters;

export const lifParameterNames = Object.keys(lifParameters) as readonly LifParameter[];

/** Adds a property for each parameter to an object, in a loop since a spread would take a microsecond; returns the object. */
export function addLifParameters<Target extends object, Value>(
  target: Target,
  make: (name: LifParameter) => Value,
): Target & Record<LifParameter, Value> {
  const record: Partial<Record<LifParameter, Value>> = target;
  for (const name of lifParameterNames) record[name] = make(name);
  return target as Target & Record<LifParameter, Value>;
}

/**
 * A record of all parameters, made by their names.
 *
 * @example
 * lifParameterRecord((name) => lifParameters[name].default); // { tau: 10, v_threshold: 1, ... }
 */
export function lifParameterRecord<Value>(make: (name: LifParameter) => Value): Record<LifParameter, Value> {
  return addLifParameters({}, make);
}
