import { ApiError } from './api.ts';
import { element } from './dom.ts';
import { keyForm } from './key-form.ts';

/** What there is to be done about an error: a field for the key where one is missing, else a button that asks once more. */
export function retryControl(error: unknown, onRetry: () => void): HTMLElement {
  if (error instanceof ApiError && error.status === 401) return keyForm(onRetry);
  return element('button', { type: 'button', onclick: onRetry }, 'Try again');
}
