import type { Pool } from 'undici';
import type { Call, Numbers, Work } from './works.ts';

/** As far as a number may be from the other side's, as a share of the largest gradient. */
const tolerance = 1e-4;
/** Of the neurons; the others come so near to the threshold that the last digit of float32 decides a spike. */
const leastInAgreement = 0.995;

/** Sends a call, and reads all of its answer. @throws {Error} when that is no 200. */
export async function send(pool: Pool, { path, headers, body }: Call): Promise<{ readonly bytes: Buffer; readonly jsonBytes: number }> {
  const answer = await pool.request({ path, method: 'POST', headers, body });
  const bytes = Buffer.from(await answer.body.arrayBuffer());
  if (answer.statusCode !== 200) throw new Error(`${path} was answered ${answer.statusCode}: ${bytes.toString().slice(0, 300)}`);
  return { bytes, jsonBytes: Number(answer.headers['inference-header-content-length'] ?? 0) };
}

export interface Agreement {
  /** Of the neurons (or values): how many have the same numbers on both sides. */
  readonly share: number;
  /** Of our answer. */
  readonly answerBytes: number;
}

/**
 * Compares both sides' numbers.
 *
 * @throws {Error} when too few are the same, or they are not of one number.
 */
export async function agreement(work: Work, ours: Pool, theirs: Pool): Promise<Agreement> {
  const [{ bytes, jsonBytes }, theirAnswer] = await Promise.all([send(ours, work.ours), send(theirs, work.theirs)]);
  const [mine, other] = [work.ours.read(bytes, jsonBytes), work.theirs.read(theirAnswer.bytes, theirAnswer.jsonBytes)];
  return { share: checkAgreement(work.name, mine, other), answerBytes: bytes.length };
}

/**
 * The share of neurons (or values) that have the same numbers on both sides.
 *
 * @throws {Error} when too few are the same, or they are not of one number.
 */
export function checkAgreement(name: string, mine: Numbers, other: Numbers): number {
  if (mine.grad.length !== other.grad.length || mine.counts?.length !== other.counts?.length) {
    throw new Error(
      `${name}: ${mine.grad.length} gradients against ${other.grad.length}, and ${mine.counts?.length ?? 0} counts against ${other.counts?.length ?? 0}`,
    );
  }
  const share = shareInAgreement(mine, other);
  if (!(share >= leastInAgreement)) throw new Error(`${name}: only ${(100 * share).toFixed(1)} % of the numbers agree to ${tolerance}`);
  return share;
}

function shareInAgreement(mine: Numbers, other: Numbers): number {
  const rows = mine.counts?.length ?? mine.grad.length;
  const perRow = mine.grad.length / rows;
  let largest = 0;
  for (const value of other.grad) largest = Math.max(largest, Math.abs(value));
  let agree = 0;
  for (let row = 0; row < rows; row++) {
    let same = mine.counts?.[row] === other.counts?.[row];
    for (let i = row * perRow; same && i < (row + 1) * perRow; i++) same = Math.abs(mine.grad[i]! - other.grad[i]!) <= tolerance * largest;
    if (same) agree++;
  }
  return agree / rows;
}
