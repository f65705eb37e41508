// Draws curves, with their arrowheads and labels.

import { DIM, READABLE } from "./scales.js";
import { fontOf } from "./text.js";

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Curve[]} curves
 * @param {import("./paint.js").View} view
 * @param {import("./palette.js").Palette} palette
 * @param {(curve: import("./scene.js").Curve) => boolean} isLit
 */
export function paintCurves(context, curves, view, palette, isLit) {
  context.font = fontOf("detail");
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const lit of [false, true]) {
    for (const kind of ["data", "gradient", "kept"]) {
      const chosen = curves.filter((curve) => curve.kind === kind && isLit(curve) === lit);
      if (!chosen.length) continue;
      context.globalAlpha = lit ? 1 : DIM;
      context.strokeStyle = curveColor(kind, palette);
      context.fillStyle = context.strokeStyle;
      context.lineWidth = Math.min(2.5, Math.max(1.1, 0.6 / view.k));
      context.setLineDash(kind === "kept" ? [4, 3] : []);
      context.beginPath();
      for (const { points } of chosen) {
        context.moveTo(points[0], points[1]);
        for (let i = 2; i + 5 < points.length; i += 6) {
          context.bezierCurveTo(points[i], points[i + 1], points[i + 2], points[i + 3], points[i + 4], points[i + 5]);
        }
      }
      context.stroke();
      context.setLineDash([]);
      for (const curve of chosen) arrowhead(context, curve);
      if (view.k >= READABLE) {
        context.fillStyle = palette.faint;
        for (const { label, labelX, labelY } of chosen) if (label) context.fillText(label, labelX, labelY);
      }
    }
  }
  context.globalAlpha = 1;
}

/**
 * @param {string} kind
 * @param {import("./palette.js").Palette} palette
 */
function curveColor(kind, palette) {
  if (kind === "kept") return palette.kept;
  return kind === "gradient" ? palette.kinds.backward.border : palette.arrow;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Curve} curve
 */
function arrowhead(context, { points, isReversed }) {
  const end = isReversed ? 0 : points.length - 2;
  const next = isReversed ? 2 : end - 2;
  const [x, y] = [points[end], points[end + 1]];
  const angle = Math.atan2(y - points[next + 1], x - points[next]);
  context.beginPath();
  context.moveTo(x, y);
  for (const side of [-0.42, 0.42]) context.lineTo(x - 7 * Math.cos(angle + side), y - 7 * Math.sin(angle + side));
  context.closePath();
  context.fill();
}
