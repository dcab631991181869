import { modelVersion } from '../requests/inference-models.ts';
import type { Operation } from '../requests/plan.ts';
import type { ModelStatistics } from '../schemas/inference.ts';

/** A sample of a count or a sum: its metric, its operation, and its stage where it has one. */
const sample = /^(\w+)\{op="(\w+)"(?:,stage="(\w+)",backend="\w+")?\} (\S+)$/gm;

/**
 * What models have done since the server started, as Triton's statistics tell it.
 *
 * @param metrics in Prometheus' text format, of all processes.
 */
export function modelStatistics(models: readonly Operation[], metrics: string): ModelStatistics[] {
  const totals = new Map<string, number>();
  for (const [, metric, op, stage = '', value] of metrics.matchAll(sample)) {
    const key = `${metric!} ${op!} ${stage}`;
    totals.set(key, (totals.get(key) ?? 0) + Number(value));
  }
  return models.map((model) => statisticsOf(model, (metric, stage = '') => totals.get(`${metric} ${model} ${stage}`) ?? 0));
}

function statisticsOf(name: Operation, total: (metric: string, stage?: string) => number): ModelStatistics {
  const duration = (metric: string, stage?: string) => ({
    count: total(`${metric}_count`, stage),
    ns: Math.round(1e9 * total(`${metric}_sum`, stage)),
  });
  const stage = (which: string) => duration('surrogate_stage_duration_seconds', which);
  const stages = {
    queue: stage('queue'),
    compute_input: stage('decode'),
    compute_infer: stage('compute'),
    compute_output: stage('encode'),
  };
  const { count } = stages.compute_infer;
  const ns = Object.values(stages).reduce((sum, each) => sum + each.ns, 0);
  const none = { count: 0, ns: 0 };
  return {
    name,
    version: modelVersion,
    last_inference: Math.round(1000 * total('surrogate_last_answer_timestamp_seconds')),
    inference_count: count,
    execution_count: count,
    inference_stats: {
      success: { count, ns },
      fail: duration('surrogate_failure_duration_seconds'),
      ...stages,
      cache_hit: none,
      cache_miss: none,
    },
    batch_stats: [],
  };
}
