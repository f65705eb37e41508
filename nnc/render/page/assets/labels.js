// What is written into the boxes of groups and ports.

import { counted, flopsText } from "./format.js";

/**
 * @param {import("./model.js").Group} group
 * @param {number} lane
 * @param {{ops: number, flops: number}} figure
 * @param {boolean} isEnd
 * @returns {[string, string][]}
 */
export function groupLines(group, lane, figure, isEnd) {
  if (isEnd) return group.label;
  const cost = costText(figure);
  const own = lane === 1 && group.kind !== "update" ? group.label.slice(0, 1) : group.label;
  return cost ? [...own, ["detail", cost]] : own;
}

/** @param {{ops: number, flops: number}} figure */
function costText({ ops, flops }) {
  if (!ops) return "";
  return flops ? `${counted(ops, "op")} · ${flopsText(flops)}` : counted(ops, "op");
}
