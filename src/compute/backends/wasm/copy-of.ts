import { isShared, placeFor } from '../../slab.ts';
import type { ResultView, Surroundings } from './launch.ts';

/** A copy, for results that must outlive the arena. */
export const copyOf: Surroundings['take'] = <View extends ResultView>(view: View): View => {
  if (!isShared(view.byteLength)) return view.slice() as View;
  const { buffer, offset } = placeFor(view.byteLength);
  const copy = viewOf(view, buffer, offset);
  copy.set(view);
  return copy;
};

/** A view as long as another and of its kind. */
function viewOf<View extends ResultView>({ constructor, length }: View, buffer: ArrayBuffer, offset: number): View {
  return new (constructor as new (buffer: ArrayBuffer, offset: number, length: number) => View)(buffer, offset, length);
}
