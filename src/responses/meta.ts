import type { AnswerNode } from '../codecs/answer.ts';
import type { Answer } from '../compute/engine/engine.ts';
import { fallbackReasonTexts } from '../compute/engine/engine.ts';
import { inMicroseconds } from './milliseconds.ts';

/** `meta` of an answer: what did the work, and whether it was not the first choice. */
export function metaNode({ backend, fallback, queueMs, computeMs }: Omit<Answer, 'result'>): AnswerNode {
  const { name, device, dtype } = backend;
  const meta = { backend: name, device, dtype, elapsed_ms: inMicroseconds(queueMs + computeMs) };
  return fallback === undefined ? meta : { ...meta, fallback: { from: fallback.from, reason: fallbackReasonTexts[fallback.reason] } };
}
