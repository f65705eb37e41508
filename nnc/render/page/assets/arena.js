// Where a memory picture has its bytes and its moments.

export const LEFT = 80;
export const RIGHT = 12;
export const TOP = 22;
export const BOTTOM = 22;
const MOST_ZOOM = 400;

/** The arena of one plan on a surface of some size, more or less stretched in time. */
export class Arena {
  /**
   * @param {import("./model.js").Memory} memory
   * @param {{width: number, height: number}} surface
   */
  constructor(memory, surface) {
    this.memory = memory;
    this.surface = surface;
    this.zoom = 1;
    this.offset = 0;
    const widths = new Array(memory.end + 1).fill(1);
    for (const loop of memory.loops) widths[loop.moment] = Math.max(1, loop.moments);
    let sum = 0;
    /** Where each moment begins, in columns; a loop has as many as one of its rounds has moments. */
    this.columns = [0, ...widths.map((width) => (sum += width))];
  }

  get right() {
    return this.surface.width - RIGHT;
  }

  get highest() {
    return Math.max(1, this.memory.arena, this.memory.bound);
  }

  /**
   * Where a moment begins, in pixels.
   * @param {number} moment
   */
  left(moment) {
    const { columns } = this;
    return LEFT + this.offset + (columns[moment] * (this.right - LEFT) * this.zoom) / columns[columns.length - 1];
  }

  /**
   * How high a byte lies, in pixels from the top.
   * @param {number} byte
   */
  height(byte) {
    const { height } = this.surface;
    return height - BOTTOM - (byte * (height - TOP - BOTTOM)) / this.highest;
  }

  /** @param {import("./model.js").Buffer} buffer */
  rectangle({ start, end, offset, bytes }) {
    const [x, right, y, low] = [this.left(start), this.left(end + 1), this.height(offset + bytes), this.height(offset)];
    return { x, y, w: Math.max(1, right - x), h: Math.max(1, low - y) };
  }

  /**
   * Return the smallest buffer under a point, because the parts of a pack lie on it.
   * @param {number} px
   * @param {number} py
   */
  at(px, py) {
    let best = null;
    if (px < LEFT || px > this.right) return null;
    for (const buffer of this.memory.buffers) {
      const { x, y, w, h } = this.rectangle(buffer);
      if (px >= x && px <= x + w && py >= y && py <= y + h && (!best || buffer.bytes <= best.bytes)) best = buffer;
    }
    return best;
  }

  /** @param {number} dx */
  move(dx) {
    this.offset = Math.min(0, Math.max((this.right - LEFT) * (1 - this.zoom), this.offset + dx));
  }

  /**
   * @param {number} factor
   * @param {number} x what stays where it is
   */
  stretch(factor, x) {
    const zoom = Math.min(MOST_ZOOM, Math.max(1, this.zoom * factor));
    this.offset = x - LEFT - ((x - LEFT - this.offset) * zoom) / this.zoom;
    this.zoom = zoom;
    this.move(0);
  }
}
