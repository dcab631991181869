import type { Wish } from '../compute/choice.ts';
import { quote } from '../errors/describe.ts';
import type { InputErrors } from '../errors/input-errors.ts';

/** Checks that what a request says of back-end and precision goes together. */
export function checkWish({ backend, dtype }: Wish, errors: InputErrors): void {
  if (dtype !== 'float64' || backend === undefined || backend === 'auto' || backend === 'reference') return;
  errors.add('/dtype', `"float64" is computed by the back-end "reference" only, not by ${quote(backend)}; leave /backend out, or leave /dtype out for float32`);
}

/** What a request wishes of the engine; undefined when it leaves that to the server. */
export function wishOf({ backend, dtype }: Wish): Wish | undefined {
  if (backend === undefined && dtype === undefined) return undefined;
  return { ...(backend && { backend }), ...(dtype && { dtype }) };
}
