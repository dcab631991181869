/** Numbers without a pattern between two bounds, the same in every run. */
export function scattered(count: number, low: number, high: number, seed: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    const fraction = Math.abs(Math.sin(12.9898 * (i + 1) + 78.233 * seed) * 43758.5453) % 1;
    return low + (high - low) * fraction;
  });
}
