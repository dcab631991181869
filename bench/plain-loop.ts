/**
 * What one writes without the algebra and without a compiler of kernels: the contract's default LIF neuron (hard reset to 0,
 * forward Euler) with the sigmoid surrogate in float64 numbers, one neuron after the other.
 */

const leak = 0.1 / 10;
const threshold = 1;
const alpha = 4;

/** Writes each neuron's spike count; `current` is constant over the steps. */
export function plainForward(current: Float64Array, steps: number, counts: Int32Array): void {
  for (let b = 0; b < current.length; b++) {
    const input = current[b]!;
    let v = 0;
    let count = 0;
    for (let t = 0; t < steps; t++) {
      v += leak * (input - v);
      if (v >= threshold) {
        v = 0;
        count++;
      }
    }
    counts[b] = count;
  }
}

/** Writes the gradient of the spike counts' sum with respect to each neuron's current too, by back-propagation through time. */
export function plainGrad(current: Float64Array, steps: number, counts: Int32Array, grad: Float64Array): void {
  const trace = new Float64Array(steps);
  for (let b = 0; b < current.length; b++) {
    const input = current[b]!;
    let v = 0;
    let count = 0;
    for (let t = 0; t < steps; t++) {
      v += leak * (input - v);
      trace[t] = v;
      if (v >= threshold) {
        v = 0;
        count++;
      }
    }
    counts[b] = count;

    let vBar = 0;
    let sum = 0;
    for (let t = steps - 1; t >= 0; t--) {
      const vPre = trace[t]!;
      const s = 1 / (1 + Math.exp(-alpha * (vPre - threshold)));
      // The loss counts each spike once, and a spike takes the potential from v_pre to 0.
      const spikeBar = 1 - vBar * vPre;
      const vPreBar = spikeBar * alpha * s * (1 - s) + (vPre >= threshold ? 0 : vBar);
      sum += leak * vPreBar;
      vBar = (1 - leak) * vPreBar;
    }
    grad[b] = sum;
  }
}

/** How near a neuron's potential comes to the threshold. */
export function plainMargin(current: number, steps: number): number {
  let v = 0;
  let margin = Infinity;
  for (let t = 0; t < steps; t++) {
    v += leak * (current - v);
    margin = Math.min(margin, Math.abs(v - threshold));
    if (v >= threshold) v = 0;
  }
  return margin;
}
