import type { ResultView, Surroundings } from './launch.ts';

/** Copies of so many bytes share buffers: one of its own costs a microsecond, and as much again to collect. V8 keeps shorter arrays beside its objects. */
const inSlab = { from: 65, to: 4096 };
const slabBytes = 64 * 1024;
let slab = new ArrayBuffer(slabBytes);
let slabTop = 0;

/** A copy, for results that must outlive the arena. */
export const copyOf: Surroundings['take'] = <View extends ResultView>(view: View): View => {
  if (view.byteLength < inSlab.from || view.byteLength > inSlab.to) return view.slice() as View;
  if (slabTop + view.byteLength > slabBytes) {
    slab = new ArrayBuffer(slabBytes);
    slabTop = 0;
  }
  const copy = viewOf(view, slab, slabTop);
  copy.set(view);
  slabTop += Math.ceil(view.byteLength / 8) * 8;
  return copy;
};

/** A view as long as another and of its kind. */
function viewOf<View extends ResultView>({ constructor, length }: View, buffer: ArrayBuffer, offset: number): View {
  return new (constructor as new (buffer: ArrayBuffer, offset: number, length: number) => View)(buffer, offset, length);
}
