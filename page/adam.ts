const [meanDecay, squareDecay, epsilon] = [0.9, 0.999, 1e-8];

/** Values that Adam (Kingma and Ba 2015) moves against their gradient. */
export class AdamValues {
  readonly values: number[];
  readonly #means: number[];
  readonly #squares: number[];
  #step = 0;

  constructor(values: number[]) {
    this.values = values;
    this.#means = values.map(() => 0);
    this.#squares = values.map(() => 0);
  }

  /**
   * Takes one step.
   *
   * @throws {Error} when there are not as many derivatives as values, or one is not finite; the values stay as they are.
   */
  update(grad: readonly number[], rate: number): void {
    if (grad.length !== this.values.length) throw new Error(`There are ${this.values.length} values, and ${grad.length} derivatives.`);
    if (!grad.every(Number.isFinite)) throw new Error('A gradient is not finite; a smaller learning rate may help.');
    this.#step++;
    const [meanShare, squareShare] = [1 - meanDecay ** this.#step, 1 - squareDecay ** this.#step];
    grad.forEach((g, i) => {
      this.#means[i]! += (1 - meanDecay) * (g - this.#means[i]!);
      this.#squares[i]! += (1 - squareDecay) * (g * g - this.#squares[i]!);
      this.values[i]! -= (rate * this.#means[i]!) / meanShare / (Math.sqrt(this.#squares[i]! / squareShare) + epsilon);
    });
  }
}
