import { createHash } from 'node:crypto';

import type { FastifyRequest } from 'fastify';

/** The tag of an answer's content: weak, since it stands for its compressed forms as well. */
export function entityTag(content: string | Uint8Array): string {
  return `W/"${createHash('sha256').update(content).digest('base64url').slice(0, 27)}"`;
}

/** Whether who asks has what the tag stands for already. */
export function hasCurrent({ headers }: FastifyRequest, tag: string): boolean {
  return headers['if-none-match']?.includes(tag) === true;
}
