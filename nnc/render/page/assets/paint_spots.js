// Draws thousands of boxes that are too small to be read: spots of colour, and straight lines.

import { DIM } from "./scales.js";

/**
 * Draw curves as straight lines, all in one go.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Curve[]} curves
 * @param {import("./paint.js").View} view
 * @param {import("./palette.js").Palette} palette
 */
export function paintLines(context, curves, view, palette) {
  context.strokeStyle = palette.arrow;
  context.globalAlpha = 0.5;
  context.lineWidth = 0.7 / view.k;
  context.beginPath();
  for (const { points } of curves) {
    context.moveTo(points[0], points[1]);
    context.lineTo(points[points.length - 2], points[points.length - 1]);
  }
  context.stroke();
  context.globalAlpha = 1;
}

/**
 * Draw boxes as spots, those of one colour after the other.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box[]} boxes
 * @param {import("./palette.js").Palette} palette
 * @param {import("./paint.js").Look} look
 * @param {(id: string) => boolean} isLit
 */
export function paintSpots(context, boxes, palette, look, isLit) {
  for (const [tint, { fill, border }] of Object.entries(palette.kinds)) {
    const chosen = boxes.filter((box) => box.tint === tint);
    for (const isFrame of [true, false]) {
      context.fillStyle = isFrame ? fill : border;
      for (const box of chosen) {
        if (box.isFrame !== isFrame) continue;
        context.globalAlpha = (isFrame ? 0.4 : 0.75) * (isLit(box.id) ? 1 : DIM);
        context.fillRect(box.x, box.y, box.w, box.h);
      }
    }
  }
  context.globalAlpha = 1;
  context.fillStyle = palette.mark;
  for (const { id, isFrame, x, y, w, h } of boxes) {
    if (!isFrame && (id === look.selected || look.found.has(id))) context.fillRect(x - 6, y - 6, w + 12, h + 12);
  }
}
