import type { ApiAnswer, ApiRequest } from './api-types.ts';
import { ApiError, call } from './api.ts';

/**
 * `call`, and once more as often as the service is busy, after the time that it asks for.
 *
 * @param onWait is told for how many seconds it waits, and 0 when it asks again.
 * @throws {ApiError} when the service says no or nothing, for another reason.
 */
export async function patientCall<Body>(
  request: ApiRequest,
  signal: AbortSignal,
  onWait: (seconds: number) => void,
): Promise<ApiAnswer<Body>> {
  for (;;) {
    try {
      return await call<Body>(request, signal);
    } catch (error) {
      if (!(error instanceof ApiError) || (error.status !== 429 && error.status !== 503)) throw error;
      const seconds = error.retryAfter ?? 1;
      onWait(seconds);
      await delay(seconds * 1000, signal);
      onWait(0);
    }
  }
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
