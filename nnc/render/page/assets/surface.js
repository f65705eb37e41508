// A canvas that is as large as its place in the page, in real pixels, and is painted once a frame at most.

export class Surface {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {() => void} paint
   * @param {(isFirst: boolean) => void} [resized] called before painting, when there is a new size
   */
  constructor(canvas, paint, resized = () => {}) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { alpha: false }));
    this.paint = paint;
    this.width = 0;
    this.height = 0;
    this.ratio = 1;
    this.isWaiting = false;
    new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = canvas;
      if (!width || !height) return;
      const isFirst = !this.width;
      [this.width, this.height, this.ratio] = [width, height, devicePixelRatio || 1];
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
      resized(isFirst);
      this.draw();
    }).observe(canvas);
  }

  /** Paint with the next frame. */
  draw() {
    if (this.isWaiting || !this.width) return;
    this.isWaiting = true;
    requestAnimationFrame(() => {
      this.isWaiting = false;
      this.paint();
    });
  }

  /**
   * Fill everything with a colour, in pixels of the page from here on.
   * @param {string} color
   */
  clear(color) {
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    this.context.fillStyle = color;
    this.context.fillRect(0, 0, this.width, this.height);
  }
}
