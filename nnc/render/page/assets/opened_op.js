// What an open op shows: the steps it runs as, and the source that was printed for it.

import { links } from "./links.js";
import { lineHeight, textWidth } from "./text.js";

/**
 * @typedef {{text: string, style: "step" | "source", id: string, x: number, y: number}} Row
 * @typedef {{width: number, height: number, rows: Row[]}} Opened
 */

const PAD = 10;
const ROW = 14;
const GAP = 6;
const WIDEST = 560;

/** @type {WeakMap<import("./model.js").Op, Opened | null>} */
const known = new WeakMap();

/**
 * Return size and rows of an op that is open; null where it runs as nothing.
 * @param {import("./model.js").CompiledGraph} graph
 * @param {import("./model.js").Op} op of the stage that the source is printed for
 */
export function expandedOp(graph, op) {
  const found = known.get(op);
  if (found !== undefined) return found;
  const made = arrange(graph, op);
  known.set(op, made);
  return made;
}

/**
 * @param {import("./model.js").CompiledGraph} graph
 * @param {import("./model.js").Op} op
 */
function arrange(graph, op) {
  const { steps, lines } = links(graph).ofOp(op.index);
  if (!steps.length && !lines.length) return null;
  let y = op.label.reduce((sum, [style]) => sum + lineHeight(style), PAD) + GAP;
  /** @type {Row[]} */
  const rows = [];
  for (const index of steps) {
    const step = graph.execution.steps[index];
    const text = step.where ? `${shortStep(step)}  →  ${step.where}` : shortStep(step);
    rows.push({ text, style: "step", id: `s${index}`, x: PAD + 10 * step.depth, y });
    y += ROW;
  }
  if (lines.length) y += GAP;
  for (const line of lines) {
    rows.push({ text: graph.execution.lines[line].replace(/^ {4}/, ""), style: "source", id: `l${line}`, x: PAD, y });
    y += ROW;
  }
  const widths = rows.map((row) => row.x + textWidth(row.text, row.style));
  const labels = op.label.map(([style, text]) => textWidth(text, style) + PAD);
  return { width: Math.min(WIDEST, Math.max(...widths, ...labels) + PAD), height: y + PAD - GAP, rows };
}

/**
 * A step without the type of its result, which the graph has.
 * @param {import("./model.js").Step} step
 */
export function shortStep(step) {
  return step.text.replace(/ : [^:]*$/, "");
}
