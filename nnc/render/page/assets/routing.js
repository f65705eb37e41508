// Brings the curves of a layout to where its boxes are, once some have grown.

/** Pixels that a curve keeps from the corners of a box. */
const INSET = 8;
/** About how wide a letter of a label is. */
const LETTER = 6;

/**
 * Return a curve where its boxes are now: stretched as its surroundings were, with its ends at the boxes.
 *
 * There may be thousands of them whenever something opens, so nothing is copied here that need not be.
 * @param {import("./model.js").Layout} layout
 * @param {number} number of the curve
 * @param {{text: string, kind: string, lane: number, isReversed: boolean, ends: string[]}} what its label, and the ids
 *   of all boxes of the layout
 * @param {{across: import("./warp.js").Warp, down: import("./warp.js").Warp, left: number, top: number}} place
 * @param {import("./scene.js").Rect[]} rects where the boxes are now
 * @returns {import("./scene.js").Curve}
 */
export function routed(layout, number, what, { across, down, left, top }, rects) {
  const [from, to, label, points] = layout.curves[number];
  const moved = new Array(points.length);
  for (let index = 0; index < points.length; index += 2) {
    moved[index] = left + across.at(points[index]);
    moved[index + 1] = top + down.at(points[index + 1]);
  }
  const last = moved.length - 2;
  const isDownwards = points[last + 1] >= points[1];
  attach(moved, 0, 2, layout.boxes, from, points[0], rects[from], isDownwards);
  attach(moved, last, last - 2, layout.boxes, to, points[last], rects[to], !isDownwards);
  const curve = {
    lane: what.lane,
    kind: what.kind,
    isReversed: what.isReversed,
    from: what.ends[from],
    to: what.ends[to],
    points: moved,
    label: "",
    labelX: 0,
    labelY: 0,
    left: moved[0],
    right: moved[0],
    top: moved[1],
    bottom: moved[1],
  };
  for (let index = 2; index <= last; index += 2) {
    curve.left = Math.min(curve.left, moved[index]);
    curve.right = Math.max(curve.right, moved[index]);
    curve.top = Math.min(curve.top, moved[index + 1]);
    curve.bottom = Math.max(curve.bottom, moved[index + 1]);
  }
  if (label) {
    const near = nearest(points, label[1]);
    curve.label = what.text;
    curve.labelX = moved[near] + label[0] - points[near];
    curve.labelY = moved[near + 1] + label[1] - points[near + 1];
    const half = (LETTER * what.text.length) / 2;
    curve.left = Math.min(curve.left, curve.labelX - half);
    curve.right = Math.max(curve.right, curve.labelX + half);
  }
  return curve;
}

/**
 * Return the index of the point of a curve that is nearest to a height.
 * @param {number[]} points
 * @param {number} y
 */
function nearest(points, y) {
  let best = 0;
  for (let index = 2; index < points.length; index += 2) {
    if (Math.abs(points[index + 1] - y) < Math.abs(points[best + 1] - y)) best = index;
  }
  return best;
}

/**
 * Let a curve meet a box: as far from the box's middle as in the layout, at its top or bottom.
 * @param {number[]} points of the curve
 * @param {number} at index of its end
 * @param {number} next index of the control point beside it, which moves along
 * @param {number[]} boxes of the layout
 * @param {number} box
 * @param {number} x of the curve's end in the layout
 * @param {import("./scene.js").Rect} rect where the box is now
 * @param {boolean} isBelow
 */
function attach(points, at, next, boxes, box, x, rect, isBelow) {
  const most = Math.max(0, rect.w / 2 - INSET);
  const aside = x - (boxes[4 * box] + boxes[4 * box + 2] / 2);
  const dx = rect.x + rect.w / 2 + Math.min(most, Math.max(-most, aside)) - points[at];
  const dy = (isBelow ? rect.y + rect.h : rect.y) - points[at + 1];
  points[at] += dx;
  points[at + 1] += dy;
  points[next] += dx;
  points[next + 1] += dy;
}
