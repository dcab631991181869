import { float64Backends } from '../compute/backend.ts';
import type { Wish } from '../compute/choice.ts';
import type { Dtype } from '../compute/jobs.ts';
import { quote } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/** Checks that what a request says of back-end and precision goes together. */
export function checkWish({ backend = 'auto', dtype }: Wish & { readonly dtype?: Dtype }, errors: InputErrors): void {
  if (dtype !== 'float64' || backend === 'auto' || float64Backends.includes(backend)) return;
  errors.add(
    '/dtype',
    `"float64" is computed by the back-ends ${float64Backends.map(quote).join(' and ')} only, not by ${quote(backend)}; leave /backend out, or leave /dtype out for float32`,
  );
}

/** What a request wishes of the engine; undefined when it leaves that to the server. */
export function wishOf({ backend }: Wish): Wish | undefined {
  return backend && { backend };
}
