/**
 * A copy of plain data, in which every typed array is what `map` makes of it.
 *
 * @example
 * mapArrays({ x: Float32Array.of(1), steps: 2 }, (array) => array.slice());
 */
export function mapArrays<Data>(data: Data, map: (array: Float32Array | Float64Array) => unknown): Data {
  const copy = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (node instanceof Float32Array || node instanceof Float64Array) return map(node);
    if (Array.isArray(node)) return node.map(copy);
    if (Object.getPrototypeOf(node) !== Object.prototype) return node;
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, copy(child)]));
  };
  return copy(data) as Data;
}
