// Where the arrow keys lead.

/** How much farther it is to what lies aside of the way, and how much more so on the way across the lanes. */
const FORWARD = 2.5;
const SIDEWAYS = 4;

/**
 * Return the nearest box in a direction; from nowhere, the first one.
 * @param {import("./scene.js").Box[]} boxes
 * @param {import("./scene.js").Box | null} current
 * @param {"up" | "down" | "left" | "right"} way
 * @returns {import("./scene.js").Box | null}
 */
export function neighbour(boxes, current, way) {
  if (!current) return boxes[0] ?? null;
  const isAcross = way === "left" || way === "right";
  const sign = way === "up" || way === "left" ? -1 : 1;
  // An open group is where its heading is.
  const middle = (/** @type {import("./scene.js").Box} */ box) => ({
    x: box.x + box.w / 2,
    y: box.isFrame ? box.y + 12 : box.y + box.h / 2,
  });
  const here = middle(current);
  let best = null;
  let least = Infinity;
  for (const box of boxes) {
    if (box === current || box.port) continue;
    const there = middle(box);
    const along = sign * (isAcross ? there.x - here.x : there.y - here.y);
    const aside = Math.abs(isAcross ? there.y - here.y : there.x - here.x);
    if (along <= 1) continue;
    const distance = along + (isAcross ? SIDEWAYS : 1) * FORWARD * aside;
    if (distance < least) [best, least] = [box, distance];
  }
  return best;
}
