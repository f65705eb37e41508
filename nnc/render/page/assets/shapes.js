// Small shapes that boxes are drawn with.

export const RADIUS = 6;
const BADGE = 7;

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number, w: number, h: number}} box
 * @param {number} radius
 */
export function outline(context, { x, y, w, h }, radius) {
  context.beginPath();
  context.roundRect(x, y, w, h, radius);
}

/**
 * A small triangle: to the right where a box can be opened, downwards where it is open.
 * @param {CanvasRenderingContext2D} context
 * @param {number} x
 * @param {number} y
 * @param {boolean} isOpen
 */
export function chevron(context, x, y, isOpen) {
  const corners = isOpen
    ? [
        [-4, -2],
        [4, -2],
        [0, 4],
      ]
    : [
        [-2, -4],
        [-2, 4],
        [3, 0],
      ];
  context.beginPath();
  for (const [dx, dy] of corners) context.lineTo(x + dx, y + dy);
  context.closePath();
  context.fill();
}

/**
 * A plus in a disc: the pass has made this.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {import("./palette.js").Palette} palette
 */
export function badge(context, box, palette) {
  const [x, y] = [box.x + 2, box.y + 2];
  context.fillStyle = palette.mark;
  context.beginPath();
  context.arc(x, y, BADGE, 0, 2 * Math.PI);
  context.fill();
  context.fillStyle = palette.paper;
  context.fillRect(x - 3.5, y - 0.8, 7, 1.6);
  context.fillRect(x - 0.8, y - 3.5, 1.6, 7);
}

/**
 * Two more sheets behind a box that stands for several.
 * @param {CanvasRenderingContext2D} context
 * @param {import("./scene.js").Box} box
 * @param {string} fill
 * @param {string} border
 */
export function stack(context, { x, y, w, h }, fill, border) {
  context.fillStyle = fill;
  context.strokeStyle = border;
  context.lineWidth = 0.8;
  for (const shift of [6, 3]) {
    outline(context, { x: x + shift, y: y + shift, w, h }, RADIUS);
    context.fill();
    context.stroke();
  }
}
