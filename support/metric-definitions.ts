import type { MetricObject, Registry } from 'prom-client';

export interface MetricDefinition {
  name: string;
  help: string;
  type: string;
  labelNames: readonly string[];
  aggregator: string;
}

/** What a registry's metrics are. prom-client declares their type as an enum that is text at run time, and no labels. */
export function metricDefinitions(registry: Registry): MetricDefinition[] {
  return (registry.getMetricsAsArray() as (MetricObject & { labelNames: string[] })[]).map(({ type, ...definition }) => ({
    ...definition,
    type: String(type),
  }));
}
