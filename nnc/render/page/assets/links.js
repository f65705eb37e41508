// What belongs together: layers, ops, steps, buffers and lines of the source.

/**
 * @typedef {{groups: Set<number>, ops: Set<number>, steps: Set<number>, buffers: Set<number>,
 *   lines: Set<number>}} Related
 */

/** @type {WeakMap<import("./model.js").CompiledGraph, Links>} */
const known = new WeakMap();

/**
 * @param {import("./model.js").CompiledGraph} graph
 * @returns {Links}
 */
export function links(graph) {
  let found = known.get(graph);
  if (!found) {
    found = new Links(graph);
    known.set(graph, found);
  }
  return found;
}

/** Finds what a thing belongs with, in the stage of one graph that the source is printed for. */
class Links {
  /** @param {import("./model.js").CompiledGraph} graph */
  constructor(graph) {
    const { execution } = graph;
    this.graph = graph;
    /** @type {Map<number, {steps: number[], lines: number[]}>} */
    this.byOp = new Map();
    for (const step of execution.steps) if (step.op >= 0) this.entry(step.op).steps.push(step.index);
    execution.owners.forEach((ops, line) => ops.forEach((op) => this.entry(op).lines.push(line)));
    /** @type {Map<number, number>} position of each buffer among the rectangles, by its number in the plan */
    this.positions = new Map(execution.memory.buffers.map((buffer, index) => [buffer.number, index]));
    /** @type {number[][]} steps that write or read each buffer */
    this.byBuffer = execution.memory.buffers.map(() => []);
    for (const step of execution.steps) {
      for (const position of this.buffersOf(step)) this.byBuffer[position].push(step.index);
    }
  }

  /**
   * Return the positions of the buffers that a step writes, and those that it reads.
   * @param {import("./model.js").Step} step
   */
  buffersOf({ writes, reads }) {
    const found = [...writes, ...reads].map((number) => this.positions.get(number));
    return new Set(found.filter((position) => position !== undefined));
  }

  /**
   * Return whether there is something inside an op to be shown.
   * @param {number} op
   */
  opens(op) {
    return this.byOp.has(op);
  }

  /** @param {number} op */
  entry(op) {
    let found = this.byOp.get(op);
    if (!found) {
      found = { steps: [], lines: [] };
      this.byOp.set(op, found);
    }
    return found;
  }

  /** @param {number} op */
  ofOp(op) {
    return this.byOp.get(op) ?? { steps: [], lines: [] };
  }

  /**
   * Return what belongs with a thing: `g3` a group, `o5` an op, `s7` a step, `b2` a buffer, `l9` a line of the source.
   *
   * Steps, buffers and lines belong with ops of that stage; in others, they belong with layers alone.
   * @param {string} id
   * @param {import("./model.js").Stage} stage
   * @returns {Related}
   */
  related(id, stage) {
    const found = new Collected(this, stage);
    const index = Number(id.slice(1));
    if (id[0] === "g") found.addGroup(index);
    if (id[0] === "o") found.addOp(index);
    if (id[0] === "s") found.addStep(index);
    if (id[0] === "b") for (const step of this.byBuffer[index]) found.addStep(step, false);
    if (id[0] === "b") found.buffers.add(index);
    if (id[0] === "l") for (const op of this.graph.execution.owners[index]) found.addLine(op);
    return found;
  }
}

/** What belongs with one thing in one stage. */
class Collected {
  /**
   * @param {Links} links
   * @param {import("./model.js").Stage} stage
   */
  constructor(links, stage) {
    this.links = links;
    this.stage = stage;
    this.isPrinted = stage === links.graph.printed;
    /** @type {Set<number>} */
    this.groups = new Set();
    /** @type {Set<number>} */
    this.ops = new Set();
    /** @type {Set<number>} */
    this.steps = new Set();
    /** @type {Set<number>} */
    this.buffers = new Set();
    /** @type {Set<number>} */
    this.lines = new Set();
  }

  /** @param {number} group */
  addGroup(group) {
    const { graph } = this.links;
    const isInside = graph.groups.map(({ index }) => graph.ancestors(index).includes(group));
    for (const { index } of graph.groups) if (isInside[index]) this.groups.add(index);
    for (const op of this.stage.ops) if (isInside[op.group]) this.addOp(op.index);
    for (const buffer of graph.execution.memory.buffers) if (isInside[buffer.group]) this.buffers.add(buffer.index);
  }

  /** @param {number} group */
  addAround(group) {
    for (const other of this.links.graph.ancestors(group)) this.groups.add(other);
  }

  /** @param {number} op */
  addOp(op) {
    this.ops.add(op);
    this.addAround(this.stage.ops[op].group);
    if (!this.isPrinted) return;
    const { steps, lines } = this.links.ofOp(op);
    for (const line of lines) this.lines.add(line);
    for (const step of steps) {
      this.steps.add(step);
      for (const buffer of this.links.buffersOf({ ...this.links.graph.execution.steps[step], reads: [] })) {
        this.buffers.add(buffer);
      }
    }
  }

  /**
   * @param {number} index
   * @param {boolean} [withBuffers] whether what it writes and reads belongs to it as well
   */
  addStep(index, withBuffers = true) {
    const { graph } = this.links;
    const step = graph.execution.steps[index];
    this.steps.add(index);
    if (step.op >= 0) {
      this.addAround(graph.printed.ops[step.op].group);
      if (this.isPrinted) this.ops.add(step.op);
      for (const line of this.links.ofOp(step.op).lines) this.lines.add(line);
    }
    if (withBuffers) for (const buffer of this.links.buffersOf(step)) this.buffers.add(buffer);
  }

  /** @param {number} op that a line of the source was printed for */
  addLine(op) {
    if (this.isPrinted) this.addOp(op);
    else this.addAround(this.links.graph.printed.ops[op].group);
  }
}
