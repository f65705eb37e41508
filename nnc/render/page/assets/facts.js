// What there is to say about a thing, for the pointer and for the panel of details.

import { bytesText, counted, countText, flopsText } from "./format.js";
import { links } from "./links.js";

/**
 * @typedef {{title: string, kind: string, rows: [string, string][], code: [string, string][],
 *   links: [string, {id: string, text: string}[]][], given?: [string, string][],
 *   weights?: import("./properties.js").Weight[]}} Facts
 * @typedef {import("./state.js").State} State
 */

/**
 * @param {State} state
 * @param {string} id
 * @returns {Facts | null}
 */
export function factsOf(state, id) {
  const index = Number(id.slice(1));
  switch (id[0]) {
    case "g":
      return groupFacts(state, index);
    case "o":
      return opFacts(state, index);
    case "s":
      return stepFacts(state, index);
    case "b":
      return bufferFacts(state, index);
    case "l":
      return lineFacts(state, index);
    default:
      return null;
  }
}

/**
 * @param {State} state
 * @param {number} index
 * @returns {Facts}
 */
function groupFacts(state, index) {
  const { graph, stage } = state;
  const group = graph.groups[index];
  /** @type {[string, string][]} */
  const rows = [];
  const [, description] = group.label;
  if (description && description[0] === "text") rows.push(["What", description[1]]);
  if (group.path && group.path !== group.name) rows.push(["Path", group.path]);
  if (group.parameters) rows.push(["Parameters", countText(group.parameters)]);
  ["Forward", "Backward"].forEach((name, lane) => {
    const { ops, flops } = stage.figure(index, lane);
    if (ops) rows.push([graph.hasBackward ? name : "Ops", `${counted(ops, "op")}, ${flopsText(flops)}`]);
  });
  const perRow = rowFlops(state, index);
  if (perRow) rows.push(["FLOPs per row", perRow]);
  const shapes = wiresOf(graph, index);
  if (shapes.in.length) rows.push(["Reads", shapes.in.join(", ")]);
  if (shapes.out.length) rows.push(["Makes", shapes.out.join(", ")]);
  const buffers = graph.execution.memory.buffers.filter(
    (buffer) => buffer.group >= 0 && buffer.inside < 0 && graph.ancestors(buffer.group).includes(index),
  );
  const bytes = buffers.reduce((sum, buffer) => sum + buffer.bytes, 0);
  if (bytes) rows.push(["Bytes", `${bytesText(bytes)} in ${counted(buffers.length, "buffer")}`]);
  const { arguments: given, weights } = group;
  return { title: group.name, kind: group.kind, rows, code: definition(state, index), links: [], given, weights };
}

/**
 * What a row of the batch costs in a group, forward and backward; empty where nothing is computed.
 * @param {Pick<State, "graph" | "stage">} state
 * @param {number} index
 */
export function rowFlops({ graph, stage }, index) {
  const flops = stage.figure(index, 0).flops + stage.figure(index, 1).flops;
  const batch = graph.execution.sizes.find(([name]) => name === "batch")?.[1] ?? 1;
  return flops ? flopsText(Math.max(1, Math.round(flops / batch))) : "";
}

/**
 * @param {import("./model.js").CompiledGraph} graph
 * @param {number} index
 */
function wiresOf(graph, index) {
  const group = graph.groups[index];
  const parent = graph.groups[group.parent];
  const found = { in: /** @type {string[]} */ ([]), out: /** @type {string[]} */ ([]) };
  if (!parent?.layout) return found;
  parent.layout.curves.forEach(([from, to], number) => {
    if (parent.slots[to][0] === index) found.in.push(parent.wires[number]);
    if (parent.slots[from][0] === index) found.out.push(parent.wires[number]);
  });
  return { in: [...new Set(found.in)], out: [...new Set(found.out)] };
}

/**
 * Return the line of the model file in which a group, or what is around it, is defined.
 * @param {State} state
 * @param {number} index
 * @returns {[string, string][]}
 */
function definition({ graph, model }, index) {
  const { file } = model;
  if (!file) return [];
  const line = graph
    .ancestors(index)
    .map((group) => graph.groups[group].line)
    .find((found) => found > 0);
  return line ? [[`${file.name}, line ${line}`, (file.lines[line - 1] ?? "").trim()]] : [];
}

/**
 * @param {State} state
 * @param {number} index
 * @returns {Facts}
 */
function opFacts(state, index) {
  const { graph, stage } = state;
  const op = stage.ops[index];
  const { steps, lines } = state.isPrinted ? links(graph).ofOp(index) : { steps: [], lines: [] };
  /** @type {[string, string][]} */
  const rows = [
    ["Layer", graph.groups[op.group].path || graph.groups[op.group].name],
    ["Phase", op.phase],
    ...typeRows(op.type),
    ["FLOPs", countText(op.flops)],
    ["Bytes", bytesText(op.bytes)],
  ];
  const { execution } = graph;
  const code = /** @type {[string, string][]} */ ([["IR", op.text], ...definition(state, op.group)]);
  if (lines.length)
    code.push([`${execution.language} source`, lines.map((line) => execution.lines[line].trim()).join("\n")]);
  const short = (/** @type {number} */ other) => ({ id: `o${other}`, text: stage.ops[other].label[0][1] });
  return {
    title: op.label[0][1],
    kind: op.kind,
    rows,
    code,
    links: withoutEmpty([
      ["Reads", [...new Set(op.operands)].map(short)],
      ["Read by", op.users.map(short)],
      ["Steps", steps.map((step) => ({ id: `s${step}`, text: stepName(execution.steps[step]) }))],
      ["Memory", bufferLinks(graph, steps)],
    ]),
  };
}

/**
 * Return shape and element type of `f32[batch,2]`, or of several such types.
 * @param {string} types
 * @returns {[string, string][]}
 */
function typeRows(types) {
  const parts = [...types.matchAll(/(\w+)\[([^\]]*)\]/g)];
  if (!parts.length) return [["Type", types]];
  const shapes = parts.map(([, , dims]) => dims.split(",").join("×") || "scalar");
  return [
    ["Shape", shapes.join(", ")],
    ["Type", [...new Set(parts.map(([, kind]) => kind))].join(", ")],
  ];
}

/**
 * @param {State} state
 * @param {number} index
 * @returns {Facts}
 */
function stepFacts(state, index) {
  const { execution } = state.graph;
  const step = execution.steps[index];
  /** @type {[string, string][]} */
  const rows = [
    ["Layer", step.op >= 0 ? state.graph.groups[state.graph.printed.ops[step.op].group].name : ""],
    ["Phase", step.phase],
    [
      "Runs",
      step.moment
        ? `as step ${step.moment - 1} of 0 to ${execution.memory.moments.length - 1}`
        : step.depth
          ? "in a loop"
          : "not at all",
    ],
    ["Lies at", step.where],
    ["How", step.marks],
    ["FLOPs", countText(step.flops)],
    ["Bytes", bytesText(step.bytes)],
  ];
  const lines = step.op >= 0 ? links(state.graph).ofOp(step.op).lines : [];
  const code = /** @type {[string, string][]} */ ([["IR", step.text]]);
  if (step.op >= 0) code.push(...definition(state, state.graph.printed.ops[step.op].group));
  if (lines.length)
    code.push([`${execution.language} source`, lines.map((line) => execution.lines[line].trim()).join("\n")]);
  const op = step.op >= 0 && state.isPrinted ? [{ id: `o${step.op}`, text: state.stage.ops[step.op].label[0][1] }] : [];
  return {
    title: stepName(step),
    kind: step.phase,
    rows: rows.filter(([, text]) => text),
    code,
    links: withoutEmpty([
      ["Op", op],
      ["Memory", bufferLinks(state.graph, [index])],
    ]),
  };
}

/**
 * @param {State} state
 * @param {number} index
 * @returns {Facts}
 */
function bufferFacts({ graph }, index) {
  const { memory, steps } = graph.execution;
  const buffer = memory.buffers[index];
  const loop = memory.loops.find(
    ({ moment, offset }) => buffer.kind === "loop" && moment === buffer.start && offset === buffer.offset,
  );
  const moments = (/** @type {number} */ moment) =>
    moment === 0
      ? "the start"
      : moment > memory.moments.length
        ? "the end"
        : `step ${moment - 1}, number ${steps[memory.moments[moment - 1]].number} of the plan`;
  const parent = memory.buffers.find(({ number }) => number === buffer.inside);
  /** @type {[string, string][]} */
  const rows = [
    ["Layer", buffer.group >= 0 ? graph.groups[buffer.group].name : ""],
    ["Phase", buffer.phase],
    ["Bytes", `${bytesText(buffer.bytes)} at ${countText(buffer.offset)}`],
    ["Alive", `from ${moments(buffer.start)} to ${moments(buffer.end)}`],
    ["Holds", buffer.values.join(", ")],
    ["Part of", parent ? parent.name : ""],
    ["Loop", loop ? `${loop.rounds} rounds over ${counted(loop.buffers.length, "buffer")} of its own` : ""],
    ["Tiled", buffer.tiled ? "holds one tile of a value" : ""],
  ];
  const using = links(graph).byBuffer[index];
  return {
    title: buffer.name,
    kind: buffer.kind === "input" ? "input" : buffer.phase,
    rows: rows.filter(([, text]) => text),
    code: [],
    links: withoutEmpty([["Steps", using.map((step) => ({ id: `s${step}`, text: stepName(steps[step]) }))]]),
  };
}

/**
 * @param {State} state
 * @param {number} index
 * @returns {Facts}
 */
function lineFacts(state, index) {
  const { execution, printed } = state.graph;
  const owners = execution.owners[index];
  return {
    title: `Line ${index + 1} of the ${execution.language} source`,
    kind: owners.length ? printed.ops[owners[0]].phase : "plain",
    rows: [],
    code: [
      ["Source", execution.lines[index].trim()],
      ...owners.map((op) => /** @type {[string, string]} */ (["IR", printed.ops[op].text])),
    ],
    links: withoutEmpty([
      ["Ops", state.isPrinted ? owners.map((op) => ({ id: `o${op}`, text: printed.ops[op].label[0][1] })) : []],
    ]),
  };
}

/**
 * @param {import("./model.js").CompiledGraph} graph
 * @param {number[]} steps
 */
function bufferLinks(graph, steps) {
  const { positions } = links(graph);
  const numbers = new Set(steps.flatMap((step) => graph.execution.steps[step].writes));
  return [...numbers].flatMap((number) => {
    const position = positions.get(number);
    return position === undefined ? [] : [{ id: `b${position}`, text: graph.execution.memory.buffers[position].name }];
  });
}

/** @param {import("./model.js").Step} step */
function stepName(step) {
  return `${step.number} ${step.text.replace(/^.* = /, "").replace(/\(.*/s, "")}`;
}

/**
 * @param {[string, {id: string, text: string}[]][]} groups
 * @returns {[string, {id: string, text: string}[]][]}
 */
function withoutEmpty(groups) {
  return groups.filter(([, items]) => items.length > 0);
}
