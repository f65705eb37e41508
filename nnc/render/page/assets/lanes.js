// Puts the backward lane as near to the forward lane as their contours let it.

/** Height of the slices in which contours are compared, and how many of those around one keep away from it, too. */
const SLICE = 16;
const AROUND = 1;

/**
 * @typedef {{left: number, right: number, top: number, bottom: number}} Extent
 */

/**
 * Return how far the things of one lane may go to the left until they come near those of the other.
 * @param {Extent[]} still
 * @param {Extent[]} moving
 * @param {number} gap that stays between them
 */
export function roomBetween(still, moving, gap) {
  const count = 1 + AROUND + Math.ceil(Math.max(0, ...still.map(({ bottom }) => bottom)) / SLICE);
  const edge = new Float64Array(count).fill(-Infinity);
  for (const { right, top, bottom } of still) {
    for (const slice of slices(top, bottom, count)) edge[slice] = Math.max(edge[slice], right);
  }
  let room = Infinity;
  for (const { left, top, bottom } of moving) {
    for (const slice of slices(top, bottom, count)) room = Math.min(room, left - edge[slice] - gap);
  }
  return room;
}

/**
 * @param {number} top
 * @param {number} bottom
 * @param {number} count
 */
function* slices(top, bottom, count) {
  const last = Math.min(count - 1, Math.floor(bottom / SLICE) + AROUND);
  for (let slice = Math.max(0, Math.floor(top / SLICE) - AROUND); slice <= last; slice += 1) yield slice;
}
