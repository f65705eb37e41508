// What the lists at the side show: layers in layers, the text of the graph, steps, and source.

import { element } from "./dom.js";
import { rowFlops } from "./facts.js";
import { counted } from "./format.js";
import { links } from "./links.js";
import { shortStep } from "./opened_op.js";

/**
 * @typedef {import("./list_view.js").Item} Item
 * @typedef {import("./state.js").State} State
 */

/**
 * Layers, their ops, the steps of these and their source, as far as they are open; in the graph the same are open.
 * @param {State} state
 * @returns {Item[]}
 */
export function outlineItems(state) {
  const { graph, stage, open } = state;
  /** @type {Item[]} */
  const items = [];
  /** @type {import("./model.js").Op[][]} */
  const ops = graph.groups.map(() => []);
  for (const op of stage.ops) {
    const { kind } = graph.groups[op.group];
    if (kind !== "input" && kind !== "output") ops[op.group].push(op);
  }

  const addGroup = (/** @type {number} */ index, /** @type {number} */ level) => {
    const group = graph.groups[index];
    const inside = ops[index];
    const opens = group.slots.length > 0 || inside.length > 0;
    const isOpen = opens ? open.has(`g${index}`) : null;
    const count = stage.figure(index, 0).ops + stage.figure(index, 1).ops;
    items.push({
      id: `g${index}`,
      className: `phase-${group.kind}`,
      level,
      isOpen,
      cells: () => [twist(isOpen), cell("name", group.name), cell("note", count ? costText({ graph, stage }, index, count) : "")],
    });
    if (!isOpen) return;
    for (const child of new Set(group.slots.flat())) if (child >= 0) addGroup(child, level + 1);
    for (const op of inside) addOp(op, level + 1);
  };

  const addOp = (/** @type {import("./model.js").Op} */ op, /** @type {number} */ level) => {
    const { steps, lines } = state.isPrinted ? links(graph).ofOp(op.index) : { steps: [], lines: [] };
    const isOpen = steps.length + lines.length ? open.has(`o${op.index}`) : null;
    items.push({
      id: `o${op.index}`,
      className: `phase-${op.phase}`,
      level,
      isOpen,
      cells: () => [twist(isOpen), cell("name", op.label[0][1]), cell("note", op.type)],
    });
    if (!isOpen) return;
    for (const index of steps) {
      const step = graph.execution.steps[index];
      const cells = () => [twist(null), cell("name mono", shortStep(step)), cell("note", step.where)];
      items.push({ id: `s${index}`, className: `phase-${step.phase}`, level: level + 1 + step.depth, cells });
    }
    for (const line of lines) {
      const cells = () => [twist(null), cell("name mono source", graph.execution.lines[line].trim())];
      items.push({ id: `l${line}`, level: level + 1, cells });
    }
  };

  for (const child of new Set(graph.groups[0].slots.flat())) if (child >= 0) addGroup(child, 0);
  return items;
}

/**
 * @param {Pick<State, "graph" | "stage">} state
 * @param {number} index of a group
 * @param {number} count of its ops
 */
function costText(state, index, count) {
  const flops = rowFlops(state, index);
  return flops ? `${flops}/row · ${counted(count, "op")}` : counted(count, "op");
}

/**
 * The graph's text after this pass: what the pass added, and what it removed where that was.
 * @param {State} state
 * @returns {Item[]}
 */
export function textItems(state) {
  const { stage } = state;
  const before = stage.before?.ops ?? [];
  const gone = new Set(stage.removed);
  /** @type {Item[]} */
  const items = [];
  const line = (/** @type {import("./model.js").Op} */ op, /** @type {string} */ sign) => ({
    id: sign === "−" ? `x${op.index}` : `o${op.index}`,
    className: `phase-${op.phase} ${sign === "+" ? "added" : sign === "−" ? "removed" : ""}`,
    cells: () => [cell("sign", sign), cell("name mono", op.text)],
  });
  let next = 0; // in the graph before
  const pending = () => {
    for (; next < before.length && gone.has(next); next += 1) items.push(line(before[next], "−"));
  };
  for (const op of stage.ops) {
    if (stage.removed.length) pending();
    items.push(line(op, op.isNew ? "+" : ""));
    if (!op.isNew && next < before.length) next += 1;
  }
  for (; next < before.length; next += 1) if (gone.has(next)) items.push(line(before[next], "−"));
  return items;
}

/**
 * @param {State} state
 * @returns {Item[]}
 */
export function stepItems({ graph }) {
  return graph.execution.steps.map((step) => ({
    id: `s${step.index}`,
    className: `phase-${step.phase} ${step.moment || step.depth ? "" : "idle"}`,
    level: step.depth,
    cells: () => [
      cell("number", String(step.number)),
      cell("name mono", shortStep(step)),
      cell("marks", step.marks),
      cell("note", step.where),
    ],
  }));
}

/**
 * @param {State} state
 * @returns {Item[]}
 */
export function sourceItems({ graph }) {
  return graph.execution.lines.map((text, index) => ({
    id: `l${index}`,
    className: /^\s*(#|\/\*)/.test(text) ? "comment" : "",
    cells: () => [cell("number", String(index + 1)), cell("name mono source", text)],
  }));
}

/**
 * @param {string} className
 * @param {string} text
 */
function cell(className, text) {
  return element("span", { class: className, title: text.length > 60 ? text : null }, text);
}

/** @param {boolean | null} isOpen */
function twist(isOpen) {
  return element("span", { class: "twist", "aria-hidden": "true" }, isOpen === null ? "" : isOpen ? "▾" : "▸");
}
