// Draws boxes and the frames of open groups, with what is written in them.

import { DIM, READABLE, SMALLEST } from "./scales.js";
import { badge, chevron, outline, RADIUS, stack } from "./shapes.js";
import { fontOf, lineHeight, textWidth } from "./text.js";

const PAD = 10;
/** Pixels at the right of a box that has a mark. */
const MARK = 16;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {import("./palette.js").Palette} palette
 * @param {import("./paint.js").Look} look
 */
export function paintFrame(context, box, palette, look) {
  const { fill, border } = palette.kinds[box.tint];
  outline(context, box, RADIUS + 3);
  context.globalAlpha = 0.28;
  context.fillStyle = fill;
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = box.id === look.selected ? palette.mark : border;
  context.lineWidth = box.id === look.selected || box.id === look.hovered ? 2.2 : 1;
  context.stroke();
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.fillStyle = border;
  context.font = fontOf("title");
  const [title, ...others] = box.lines;
  const y = box.y + 16;
  chevron(context, box.x + 12, y, true);
  context.fillText(title[1], box.x + 22, y, box.w - 34);
  const used = context.measureText(title[1]).width + 32;
  context.font = fontOf("detail");
  context.fillStyle = palette.faint;
  const note = others.map(([, text]) => text).join(" · ");
  if (used + 40 < box.w) context.fillText(clipped(context, note, box.w - used - 12), box.x + used, y + 1);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} width
 */
function clipped(context, text, width) {
  if (context.measureText(text).width <= width) return text;
  let end = text.length;
  while (end > 0 && context.measureText(`${text.slice(0, end)}…`).width > width) end -= 1;
  return end ? `${text.slice(0, end)}…` : "";
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box[]} boxes
 * @param {import("./paint.js").View} view
 * @param {import("./palette.js").Palette} palette
 * @param {import("./paint.js").Look} look
 * @param {(id: string) => boolean} isLit
 */
export function paintBoxes(context, boxes, view, palette, look, isLit) {
  for (const box of boxes) {
    context.globalAlpha = isLit(box.id) ? (box.isFaint ? 0.55 : 1) : DIM;
    paintShape(context, box, view, palette, look);
  }
  context.textBaseline = "middle";
  for (const style of view.k < READABLE ? ["title"] : ["title", "text", "detail", "step", "source"]) {
    context.font = fontOf(style);
    context.fillStyle = style === "detail" || style === "source" ? palette.faint : palette.ink;
    for (const box of boxes) {
      context.globalAlpha = isLit(box.id) ? 1 : DIM;
      paintLabel(context, box, style, view);
    }
  }
  context.globalAlpha = 1;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {import("./paint.js").View} view
 * @param {import("./palette.js").Palette} palette
 * @param {import("./paint.js").Look} look
 */
function paintShape(context, box, view, palette, look) {
  const { fill, border } = palette.kinds[box.tint];
  const isRound = box.kind === "input" || box.kind === "output" || box.port !== null;
  const isMarked = box.id === look.selected;
  if (box.kind === "repeat") stack(context, box, fill, border);
  outline(context, box, isRound ? box.h / 2 : RADIUS);
  if (isMarked) {
    context.save();
    context.shadowColor = palette.mark;
    context.shadowBlur = 12 * view.k;
  }
  context.fillStyle = fill;
  context.fill();
  if (isMarked) context.restore();
  context.strokeStyle = isMarked || look.found.has(box.id) ? palette.mark : border;
  context.lineWidth = isMarked ? 2.6 : box.id === look.hovered || look.found.has(box.id) ? 2 : box.port ? 0.8 : 1;
  context.setLineDash(box.isFaint || box.tint === "kept" ? [3, 3] : []);
  context.stroke();
  context.setLineDash([]);
  if (box.isNew && look.showsNew) badge(context, box, palette);
  if (box.opens && view.k >= READABLE) {
    context.fillStyle = border;
    chevron(context, box.x + box.w - 9, box.y + 10, box.rows.length > 0);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {string} style
 * @param {import("./paint.js").View} view
 */
function paintLabel(context, box, style, view) {
  const total = box.lines.reduce((sum, [other]) => sum + lineHeight(other), 0);
  const isOpen = box.rows.length > 0;
  let y = isOpen ? box.y + PAD : box.y + (box.h - total) / 2;
  context.textAlign = isOpen ? "left" : "center";
  const x = isOpen ? box.x + PAD : box.x + box.w / 2;
  if (view.k < READABLE) {
    paintAlone(context, box, view);
    return;
  }
  for (const [other, text] of box.lines) {
    const step = lineHeight(other);
    if (other === style) fillLine(context, text, x, y + step / 2, box, other === "title" && box.opens && !isOpen);
    y += step;
  }
  if (!isOpen || (style !== "step" && style !== "source")) return;
  context.textAlign = "left";
  for (const row of box.rows) {
    if (row.style === style) {
      context.fillText(clipped(context, row.text, box.w - row.x - 6), box.x + row.x, box.y + row.y + 7);
    }
  }
}

/**
 * Write a line into a box; a title that would lie under the mark of what can be opened goes to the left of it.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {import("./scene.js").Box} box
 * @param {boolean} hasMark
 */
function fillLine(context, text, x, y, box, hasMark) {
  const isWide = hasMark && textWidth(text, "title") > box.w - 2 * MARK;
  if (isWide) context.fillText(text, x - (MARK - 4) / 2, y, box.w - MARK - 4);
  else context.fillText(text, x, y, box.w - 8);
}

/**
 * Where a box is too small for its lines, its title fills it.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {import("./paint.js").View} view
 */
function paintAlone(context, box, view) {
  const size = Math.min(box.h * 0.55, 9 / view.k);
  if (size * view.k < SMALLEST || !box.lines.length) return;
  context.font = fontOf("title", size);
  context.fillText(box.lines[0][1], box.x + box.w / 2, box.y + box.h / 2, box.w * 0.92);
}
