// The page's data, read from the compact form it is stored in.

/**
 * @typedef {[style: string, text: string]} Line
 * @typedef {{size: [number, number], boxes: number[],
 *   curves: [from: number, to: number, label: [number, number] | null, points: number[]][]}} Layout
 * @typedef {{label: string, kind: string, op: number}} Port
 * @typedef {{group: number, lane: number, ops: number[], ports: Port[], wires: string[], layout: Layout}} Cell
 * @typedef {{index: number, text: string, label: Line[], kind: string, phase: string, lane: number, group: number,
 *   type: string, flops: number, bytes: number, operands: number[], users: number[], isNew: boolean,
 *   isRoot: boolean}} Op
 * @typedef {{index: number, name: string, path: string, kind: string, parent: number, label: Line[], line: number,
 *   parameters: number, arguments: [string, string][], weights: import("./properties.js").Weight[], size: [number, number], slots: [number, number][], wires: string[],
 *   layout: Layout | null}} Group
 * @typedef {{index: number, number: number, text: string, op: number, depth: number, phase: string, marks: string,
 *   where: string, flops: number, bytes: number, writes: number[], reads: number[], moment: number}} Step
 * @typedef {{index: number, number: number, name: string, values: string[], group: number, colour: number,
 *   phase: string, kind: string, offset: number, bytes: number, start: number, end: number, inside: number,
 *   tiled: boolean}} Buffer
 * @typedef {{moment: number, offset: number, rounds: number, moments: number, buffers: Buffer[]}} Loop
 * @typedef {{peak: number, bound: number, arena: number, moments: number[], end: number,
 *   colours: [fill: string, ink: string][], buffers: Buffer[], loops: Loop[]}} Memory
 */

/** All that the page shows. */
export class PageModel {
  /** @param {any} data what `nnc.render.page.document` made */
  constructor(data) {
    this.title = data.title;
    /** @type {{name: string, lines: string[]} | null} */
    this.file = data.file;
    this.strings = data.strings;
    this.layouts = data.layouts;
    /** @type {Record<string, number>} the lane of each phase */
    this.lanes = data.lanes;
    this.labels = data.labels.map((/** @type {any} */ label) =>
      label.map((/** @type {any} */ [style, text]) => [style, this.strings[text]]),
    );
    /** @type {CompiledGraph[]} */
    this.graphs = data.graphs.map((/** @type {any} */ graph) => new CompiledGraph(this, graph));
  }
}

/** One graph of the program, through all its stages. */
export class CompiledGraph {
  /**
   * @param {PageModel} page
   * @param {any} data
   */
  constructor(page, data) {
    this.name = data.name;
    /** @type {Group[]} */
    this.groups = data.groups.map((/** @type {any} */ group, /** @type {number} */ index) => ({
      ...group,
      index,
      name: page.strings[group.name],
      path: page.strings[group.path],
      kind: page.strings[group.kind],
      label: page.labels[group.label],
      wires: group.wires.map((/** @type {number} */ text) => page.strings[text]),
      layout: group.layout < 0 ? null : page.layouts[group.layout],
    }));
    /** @type {number[][]} a parent stands before its children, so that its chain is known */
    this.chains = [];
    for (const { index, parent } of this.groups) this.chains.push([index, ...(this.chains[parent] ?? [])]);
    /** @type {Stage[]} */
    this.stages = [];
    for (const stage of data.stages) {
      this.stages.push(new Stage(page, this, stage, this.stages[this.stages.length - 1] ?? null));
    }
    this.execution = new Execution(page, data.execution);
    this.hasBackward = this.stages.some((stage) => stage.ops.some((op) => op.lane === 1));
  }

  /** The stage whose ops the source is printed for; behind it, fusions are opened. */
  get printed() {
    return this.stages[this.execution.stage];
  }

  /**
   * Return a group and those around it, from the inside.
   * @param {number} index
   */
  ancestors(index) {
    return this.chains[index];
  }
}

/** A graph as one pass has left it. */
export class Stage {
  /**
   * @param {PageModel} page
   * @param {CompiledGraph} graph
   * @param {any} data
   * @param {Stage | null} before
   */
  constructor(page, graph, data, before) {
    this.graph = graph;
    this.before = before;
    this.pass = page.strings[data.pass];
    /** @type {number[]} */
    this.removed = data.removed ?? [];
    /** @type {number[]} */
    this.added = data.added ?? [];
    /** @type {Op[]} */
    this.ops =
      !data.ops && before ? before.ops.map((op) => ({ ...op, isNew: false })) : readOps(page, data, this.added);
    /** @type {Cell[]} */
    this.cells = !data.ops && before ? before.cells : data.cells.map((/** @type {any} */ cell) => readCell(page, cell));
    /** @type {Map<string, Cell[]>} */
    this.cellsOf = new Map();
    for (const cell of this.cells) {
      const key = `${cell.group}/${cell.lane}`;
      this.cellsOf.set(key, [...(this.cellsOf.get(key) ?? []), cell]);
    }
    this.count = this.ops.filter((op) => op.kind !== "input" && !op.isRoot).length;
    this.figures = groupFigures(graph, this.ops);
    this.flows = groupFlows(graph, this.ops);
  }

  /**
   * What the ops of a group and of those inside it come to, in one lane.
   * @param {number} group
   * @param {number} lane
   */
  figure(group, lane) {
    return this.figures[group][lane];
  }
}

/**
 * @param {PageModel} page
 * @param {any} data
 * @param {number[]} added
 * @returns {Op[]}
 */
function readOps(page, data, added) {
  const { strings, labels, lanes } = page;
  const columns = data.ops;
  const isNew = new Set(added);
  /** @type {Op[]} */
  const ops = columns.text.map((/** @type {number} */ text, /** @type {number} */ index) => ({
    index,
    text: strings[text],
    label: labels[columns.label[index]],
    kind: strings[columns.kind[index]],
    phase: strings[columns.phase[index]],
    lane: lanes[strings[columns.phase[index]]],
    group: columns.group[index],
    type: strings[columns.type[index]],
    flops: columns.flops[index],
    bytes: columns.bytes[index],
    operands: columns.operands[index],
    users: [],
    isNew: isNew.has(index),
    isRoot: index >= data.roots,
  }));
  for (const op of ops) for (const source of new Set(op.operands)) ops[source].users.push(op.index);
  return ops;
}

/**
 * @param {PageModel} page
 * @param {any} cell
 * @returns {Cell}
 */
function readCell(page, cell) {
  return {
    ...cell,
    ports: cell.ports.map((/** @type {any} */ [label, kind, op]) => ({ label: page.strings[label], kind, op })),
    wires: cell.wires.map((/** @type {number} */ text) => page.strings[text]),
    layout: page.layouts[cell.layout],
  };
}

/**
 * @param {CompiledGraph} graph
 * @param {Op[]} ops
 */
function groupFigures(graph, ops) {
  const figures = graph.groups.map(() => [0, 1].map(() => ({ ops: 0, flops: 0, added: 0 })));
  for (const op of ops) {
    if (op.kind === "input") continue;
    for (const group of graph.ancestors(op.group)) {
      const figure = figures[group][op.lane];
      figure.ops += op.isRoot ? 0 : 1;
      figure.flops += op.flops;
      figure.added += op.isNew ? 1 : 0;
    }
  }
  return figures;
}

/**
 * Return which groups feed which, as `lane/parent/from/to` with the groups' numbers.
 * @param {CompiledGraph} graph
 * @param {Op[]} ops
 */
function groupFlows(graph, ops) {
  const flows = new Set();
  const chains = graph.groups.map((group) => [...graph.ancestors(group.index)].reverse());
  for (const op of ops) {
    for (const source of op.operands) {
      if (ops[source].lane !== op.lane || ops[source].group === op.group) continue;
      const from = chains[ops[source].group];
      const to = chains[op.group];
      let depth = 0;
      while (from[depth] === to[depth] && depth < from.length) depth += 1;
      flows.add(`${op.lane}/${from[depth - 1]}/${from[depth]}/${to[depth]}`);
    }
  }
  return flows;
}

/** What runs in the end: steps, memory and source. */
export class Execution {
  /**
   * @param {PageModel} page
   * @param {any} data
   */
  constructor(page, data) {
    const { strings } = page;
    /** @type {number} */
    this.stage = data.stage;
    /** @type {[string, number][]} */
    this.sizes = Object.entries(data.sizes);
    const columns = data.steps;
    /** @type {Step[]} */
    this.steps = columns.text.map((/** @type {number} */ text, /** @type {number} */ index) => ({
      index,
      number: columns.number[index],
      text: strings[text],
      op: columns.op[index],
      depth: columns.depth[index],
      phase: strings[columns.phase[index]],
      marks: strings[columns.marks[index]],
      where: strings[columns.where[index]],
      flops: columns.flops[index],
      bytes: columns.bytes[index],
      writes: columns.writes[index],
      reads: columns.reads[index],
      moment: 0,
    }));
    const buffer = (/** @type {any} */ item, /** @type {number} */ index) => ({
      ...item,
      index,
      name: strings[item.name],
      values: item.values.map((/** @type {number} */ value) => strings[value]),
      phase: strings[item.phase],
      kind: strings[item.kind],
    });
    /** @type {Memory} */
    this.memory = {
      ...data.memory,
      buffers: data.memory.buffers.map(buffer),
      loops: data.memory.loops.map((/** @type {any} */ loop) => ({ ...loop, buffers: loop.buffers.map(buffer) })),
    };
    this.memory.moments.forEach((step, position) => {
      this.steps[step].moment = position + 1;
    });
    this.language = data.source.language;
    /** @type {string[]} */
    this.lines = data.source.lines.map((/** @type {number} */ text) => strings[text]);
    /** @type {number[][]} */
    this.owners = lineOwners(this.lines.length, data.source.blocks);
  }
}

/**
 * Return the ops that each line of the source was printed for.
 * @param {number} count
 * @param {[number, number[]][]} blocks
 */
function lineOwners(count, blocks) {
  /** @type {number[][]} */
  const owners = [];
  let block = -1;
  for (let line = 0; line < count; line += 1) {
    while (block + 1 < blocks.length && blocks[block + 1][0] <= line) block += 1;
    owners.push(block < 0 ? [] : blocks[block][1]);
  }
  return owners;
}
