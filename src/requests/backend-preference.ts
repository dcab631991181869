import { float64Backends } from '../compute/engine/backend.ts';
import type { BackendPreference } from '../compute/engine/backend-router.ts';
import type { Dtype } from '../compute/jobs.ts';
import { quote } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/** Checks that what a request says of back-end and precision goes together. */
export function checkPreference({ backend = 'auto', dtype }: BackendPreference & { readonly dtype?: Dtype }, errors: InputErrors): void {
  if (dtype !== 'float64' || backend === 'auto' || float64Backends.includes(backend)) return;
  errors.add(
    '/dtype',
    `"float64" is computed by the back-ends ${float64Backends.map(quote).join(' and ')} only, not by ${quote(backend)}; leave /backend out, or leave /dtype out for float32`,
  );
}

/** What a request wishes of the engine; undefined when it leaves that to the server. */
export function preferenceOf({ backend }: BackendPreference): BackendPreference | undefined {
  return backend && { backend };
}
