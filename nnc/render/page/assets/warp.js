// Stretches an axis so that boxes that have grown have room, and nothing that was apart comes together.

/**
 * A monotone, piecewise linear map of an axis.
 *
 * Each interval [start, end] of the axis becomes at least `size` long. What several intervals share is stretched by the
 * one that needs most, so that boxes side by side grow together.
 */
export class Warp {
  /**
   * @param {number} length of the axis
   * @param {{start: number, end: number, size: number}[]} intervals
   */
  constructor(length, intervals) {
    const growing = intervals.filter(({ start, end, size }) => size > end - start);
    /** Whether nothing is stretched, as most axes are not. */
    this.isEven = growing.length === 0;
    /** @type {number[]} */
    this.from = [0, length];
    /** @type {number[]} */
    this.to = [0, length];
    if (!this.isEven) this.stretch(length, growing);
  }

  /**
   * @param {number} length
   * @param {{start: number, end: number, size: number}[]} growing
   */
  stretch(length, growing) {
    this.from = [...new Set([0, length, ...growing.flatMap(({ start, end }) => [start, end])])].sort((a, b) => a - b);
    const slopes = new Float64Array(this.from.length).fill(1);
    const position = new Map(this.from.map((cut, index) => [cut, index]));
    for (const { start, end, size } of growing) {
      const slope = size / (end - start);
      for (let index = position.get(start) ?? 0; this.from[index] < end; index += 1) {
        slopes[index] = Math.max(slopes[index], slope);
      }
    }
    this.to = [0];
    for (let index = 1; index < this.from.length; index += 1) {
      this.to.push(this.to[index - 1] + (this.from[index] - this.from[index - 1]) * slopes[index - 1]);
    }
  }

  /** Length of the axis afterwards. */
  get length() {
    return this.to[this.to.length - 1];
  }

  /**
   * @param {number} x
   * @returns {number} where x lies afterwards
   */
  at(x) {
    const { from, to } = this;
    const last = from.length - 1;
    if (x <= 0 || this.isEven) return x;
    if (x >= from[last]) return to[last] + x - from[last];
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (from[middle] <= x) low = middle;
      else high = middle;
    }
    return to[low] + ((x - from[low]) * (to[high] - to[low])) / (from[high] - from[low]);
  }
}
