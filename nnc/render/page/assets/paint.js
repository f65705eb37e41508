// Draws the scene: only what is in sight, and of that only what can be read at this size.

import { paintBoxes, paintFrame } from "./paint_boxes.js";
import { paintCurves } from "./paint_curves.js";
import { paintLines, paintSpots } from "./paint_spots.js";
import { SPOT } from "./scales.js";
import { fontOf } from "./text.js";

/**
 * @typedef {import("./viewport.js").View} View
 * @typedef {{isLit: ((id: string) => boolean) | null, selected: string | null, hovered: string | null,
 *   found: Set<string>, showsNew: boolean}} Look
 */

/**
 * @param {import("./surface.js").Surface} surface
 * @param {import("./scene.js").Scene} scene
 * @param {View} view
 * @param {import("./palette.js").Palette} palette
 * @param {Look} look
 * @returns {{boxes: number, curves: number}} how many were drawn
 */
export function paint(surface, scene, view, palette, look) {
  const { context, width, height, ratio } = surface;
  surface.clear(palette.ground);
  context.setTransform(ratio * view.k, 0, 0, ratio * view.k, ratio * view.x, ratio * view.y);
  const sight = {
    left: -view.x / view.k,
    top: -view.y / view.k,
    right: (width - view.x) / view.k,
    bottom: (height - view.y) / view.k,
  };
  const boxes = scene.boxes.filter(
    (box) => box.x < sight.right && box.y < sight.bottom && box.x + box.w > sight.left && box.y + box.h > sight.top,
  );
  const curves = scene.curves.filter(
    (curve) =>
      curve.left < sight.right && curve.top < sight.bottom && curve.right > sight.left && curve.bottom > sight.top,
  );
  const isLit = look.isLit ?? (() => true);
  const [frames, leaves] = [boxes.filter((box) => box.isFrame), boxes.filter((box) => !box.isFrame)];
  paintHeadings(context, scene, view, palette);
  if (view.k < SPOT) {
    paintLines(context, curves, view, palette);
    paintSpots(context, boxes, palette, look, isLit);
    return { boxes: boxes.length, curves: curves.length };
  }
  for (const frame of frames) paintFrame(context, frame, palette, look);
  paintCurves(context, curves, view, palette, (curve) => isLit(curve.from) && isLit(curve.to));
  paintBoxes(context, leaves, view, palette, look, isLit);
  return { boxes: boxes.length, curves: curves.length };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Scene} scene
 * @param {View} view
 * @param {import("./palette.js").Palette} palette
 */
function paintHeadings(context, scene, view, palette) {
  const size = Math.min(40, Math.max(15, 11 / view.k));
  context.font = fontOf("title", size);
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (const { text, x, arrow } of scene.headings) {
    context.fillStyle = palette.kinds[text].border;
    context.fillText(`${text} ${arrow}`, x, 15);
  }
}
