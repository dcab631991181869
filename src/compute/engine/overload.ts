/** There is more to do than can be done soon, or than there is memory for. */
export class OverloadError extends Error {
  override readonly name = 'OverloadError';
  readonly of: 'time' | 'memory';
  /** When it is worth another try, in milliseconds from now. */
  readonly retryAfterMs: number;

  constructor(of: 'time' | 'memory', message: string, retryAfterMs: number) {
    super(message);
    this.of = of;
    this.retryAfterMs = retryAfterMs;
  }
}
