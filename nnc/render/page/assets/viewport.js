// How a scene lies on a surface: moved, zoomed, fitted, and on its way to somewhere else.

import { prefersStillness } from "./dom.js";

export const MARGIN = 14;
const LARGEST = 4;
const SMALLEST = 0.02;
/** Scales between which a scene is fitted. */
const [LEAST_FIT, MOST_FIT] = [1, 1.4]; // the smallest letters are 10 pixels of the scene
/** Pixels of the scene that stay in sight. */
const KEPT = 80;
/** Milliseconds. */
const GLIDE = 180;

/**
 * @typedef {{x: number, y: number, k: number}} View where a point of the scene is: `x + k * px`
 */

export class Viewport {
  /**
   * @param {import("./surface.js").Surface} surface
   * @param {() => {width: number, height: number}} scene its size
   */
  constructor(surface, scene) {
    this.surface = surface;
    this.scene = scene;
    /** @type {View} */
    this.view = { x: 0, y: 0, k: 1 };
    /** Whether it shows what `fit` chose, and nobody has moved it since. */
    this.isFitted = true;
    /** @type {object | null} the movement that is under way */
    this.gliding = null;
  }

  /** Show the scene from the top, as large as its width allows, and so large in any case that it can be read. */
  fit() {
    const { width, height } = this.scene();
    const room = { width: this.surface.width - 2 * MARGIN, height: this.surface.height - 2 * MARGIN };
    const wide = room.width / width;
    const k = Math.max(LEAST_FIT, Math.min(MOST_FIT, wide, room.height / height));
    this.center(k, height * k <= room.height + 1);
  }

  /** Show everything, however small. */
  fitAll() {
    const { width, height } = this.scene();
    const scales = [(this.surface.width - 2 * MARGIN) / width, (this.surface.height - 2 * MARGIN) / height];
    this.center(Math.max(SMALLEST, Math.min(MOST_FIT, ...scales)), true);
  }

  /**
   * @param {number} k
   * @param {boolean} isWhole whether there is room for all of the height
   */
  center(k, isWhole) {
    const { width, height } = this.scene();
    const y = isWhole ? MARGIN + (this.surface.height - 2 * MARGIN - height * k) / 2 : MARGIN;
    this.gliding = null;
    const x = (this.surface.width - width * k) / 2;
    this.view = { k, x: x < MARGIN / 2 ? MARGIN : x, y }; // what is wider than its room begins at its left
    this.isFitted = true;
    this.surface.draw();
  }

  /** @param {View} view */
  set(view) {
    this.view = view;
    this.move(0, 0);
  }

  /**
   * @param {number} dx
   * @param {number} dy
   */
  move(dx, dy) {
    const { width, height } = this.scene();
    const { x, y, k } = this.view;
    this.isFitted = false;
    this.view = {
      k,
      x: Math.min(this.surface.width - KEPT, Math.max(KEPT - width * k, x + dx)),
      y: Math.min(this.surface.height - KEPT, Math.max(KEPT - height * k, y + dy)),
    };
    this.surface.draw();
  }

  /**
   * @param {number} factor
   * @param {number} [x] what stays where it is, in pixels of the surface
   * @param {number} [y]
   */
  zoom(factor, x = this.surface.width / 2, y = this.surface.height / 2) {
    const k = Math.min(LARGEST, Math.max(SMALLEST, this.view.k * factor));
    const scale = k / this.view.k;
    this.set({ k, x: x - (x - this.view.x) * scale, y: y - (y - this.view.y) * scale });
  }

  /**
   * Move smoothly.
   * @param {View} target
   */
  glide(target) {
    const start = { ...this.view };
    this.isFitted = false;
    if (prefersStillness.matches || !this.surface.width) {
      this.view = target;
      this.surface.draw();
      return;
    }
    const began = performance.now();
    const token = (this.gliding = {});
    const step = (/** @type {number} */ now) => {
      if (this.gliding !== token) return;
      const t = Math.min(1, Math.max(0, (now - began) / GLIDE));
      const eased = 1 - (1 - t) ** 3;
      const between = (/** @type {number} */ a, /** @type {number} */ b) => a + (b - a) * eased;
      this.view = { k: between(start.k, target.k), x: between(start.x, target.x), y: between(start.y, target.y) };
      this.surface.draw();
      if (t < 1) requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  /**
   * Return what is under a point of the surface, in the scene's measure.
   * @param {number} x
   * @param {number} y
   */
  inScene(x, y) {
    return [(x - this.view.x) / this.view.k, (y - this.view.y) / this.view.k];
  }

  /**
   * Return where a rectangle of the scene lies on the surface.
   * @param {{x: number, y: number, w: number, h: number}} rect
   */
  onSurface({ x, y, w, h }) {
    const { view } = this;
    return { x: view.x + x * view.k, y: view.y + y * view.k, w: w * view.k, h: h * view.k };
  }
}
