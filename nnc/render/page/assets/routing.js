// Brings the curves of a layout to where its boxes are, once some have grown.

/**
 * Move a curve to where its boxes are now: stretched as its surroundings were, with its ends at the boxes.
 * @param {import("./model.js").Layout} layout
 * @param {number} number of the curve
 * @param {string} text its label
 * @param {{across: import("./warp.js").Warp, down: import("./warp.js").Warp, left: number, top: number}} place
 * @param {{x: number, y: number, w: number, h: number}[]} rects where the boxes are now
 */
export function routed(layout, number, text, { across, down, left, top }, rects) {
  const [from, to, label, points] = layout.curves[number];
  const moved = new Array(points.length);
  for (let index = 0; index < points.length; index += 2) {
    moved[index] = left + across.at(points[index]);
    moved[index + 1] = top + down.at(points[index + 1]);
  }
  const last = moved.length - 2;
  const isDownwards = points[last + 1] >= points[1];
  bend(moved, 0, 2, end(layout.boxes, from, points[0], rects[from], isDownwards));
  bend(moved, last, last - 2, end(layout.boxes, to, points[last], rects[to], !isDownwards));
  const near = label ? nearest(points, label[1]) : 0;
  return {
    points: moved,
    ...bounds(moved, label ? 8 * text.length : 0),
    label: label ? text : "",
    labelX: label ? moved[near] + label[0] - points[near] : 0,
    labelY: label ? moved[near + 1] + label[1] - points[near + 1] : 0,
  };
}

/**
 * @param {number[]} points
 * @param {number} room to the right of them
 */
function bounds(points, room) {
  let [left, top] = points;
  let [right, bottom] = points;
  for (let index = 2; index < points.length; index += 2) {
    const [x, y] = [points[index], points[index + 1]];
    if (x < left) left = x;
    else if (x > right) right = x;
    if (y < top) top = y;
    else if (y > bottom) bottom = y;
  }
  return { left, top, right: right + room, bottom };
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
 * Return where a curve meets a box: as far from the box's middle as in the layout, at its top or bottom.
 * @param {number[]} boxes of the layout
 * @param {number} box
 * @param {number} x of the curve's end in the layout
 * @param {{x: number, y: number, w: number, h: number}} rect where the box is now
 * @param {boolean} isBelow
 */
function end(boxes, box, x, rect, isBelow) {
  const most = Math.max(0, rect.w / 2 - 8);
  const aside = x - (boxes[4 * box] + boxes[4 * box + 2] / 2);
  return { x: rect.x + rect.w / 2 + Math.min(most, Math.max(-most, aside)), y: isBelow ? rect.y + rect.h : rect.y };
}

/**
 * Move one end of a curve, and the control point beside it along with it.
 * @param {number[]} points
 * @param {number} at index of the end
 * @param {number} next index of the control point
 * @param {{x: number, y: number}} target
 */
function bend(points, at, next, target) {
  points[next] += target.x - points[at];
  points[next + 1] += target.y - points[at + 1];
  points[at] = target.x;
  points[at + 1] = target.y;
}
