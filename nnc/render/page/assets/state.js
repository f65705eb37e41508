// What is being looked at: which graph, which stage, what is open, what is selected; views listen to changes.

import { links } from "./links.js";

/**
 * @typedef {"graph" | "stage" | "open" | "selection" | "hover" | "search" | "theme"} Change
 */

export class State {
  /** @param {import("./model.js").PageModel} model */
  constructor(model) {
    this.model = model;
    this.graphIndex = 0;
    this.stageIndex = model.graphs[0].execution.stage;
    /** @type {Set<string>} */
    this.open = new Set();
    /** @type {string | null} */
    this.selected = null;
    /** @type {string | null} */
    this.hovered = null;
    /** @type {Set<string>} */
    this.found = new Set();
    /** @type {{id: string, stage: import("./model.js").Stage, related: import("./links.js").Related} | null} */
    this.known = null;
    /** @type {((change: Change) => void)[]} */
    this.listeners = [];
  }

  get graph() {
    return this.model.graphs[this.graphIndex];
  }

  get stage() {
    return this.graph.stages[this.stageIndex];
  }

  get isPrinted() {
    return this.stage === this.graph.printed;
  }

  /** @param {(change: Change) => void} listener */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** @param {Change} change */
  tell(change) {
    for (const listener of this.listeners) listener(change);
  }

  /** @param {number} index */
  showGraph(index) {
    if (index === this.graphIndex) return;
    this.graphIndex = index;
    this.stageIndex = this.graph.execution.stage;
    this.open = new Set();
    this.selected = this.hovered = null;
    this.found = new Set();
    this.tell("graph");
  }

  /** @param {number} index */
  showStage(index) {
    const next = Math.min(Math.max(index, 0), this.graph.stages.length - 1);
    if (next === this.stageIndex) return;
    this.stageIndex = next;
    // Numbers of ops mean something else in another stage; groups are the same.
    this.open = new Set([...this.open].filter((id) => id[0] === "g"));
    if (this.selected && this.selected[0] !== "g") this.selected = null;
    this.hovered = null;
    this.found = new Set();
    this.tell("stage");
  }

  /**
   * Open or close a group or an op.
   * @param {string} id
   * @param {boolean} [shouldOpen]
   */
  toggle(id, shouldOpen = !this.open.has(id)) {
    if (shouldOpen === this.open.has(id)) return;
    if (shouldOpen) this.open.add(id);
    else this.open.delete(id);
    this.tell("open");
  }

  /** @param {Iterable<string>} ids */
  openExactly(ids) {
    this.open = new Set(ids);
    this.tell("open");
  }

  /** @param {string | null} id */
  select(id) {
    if (id === this.selected) return;
    this.selected = id;
    this.tell("selection");
  }

  /** @param {string | null} id */
  hover(id) {
    if (id === this.hovered) return;
    this.hovered = id;
    this.tell("hover");
  }

  /** @param {Set<string>} ids */
  markFound(ids) {
    this.found = ids;
    this.tell("search");
  }

  /** What belongs with what is selected, or else with what the pointer is on. */
  related() {
    const id = this.selected ?? this.hovered;
    if (!id || !"gosbl".includes(id[0])) return null;
    const { stage } = this;
    if (this.known?.id !== id || this.known.stage !== stage) {
      this.known = { id, stage, related: links(this.graph).related(id, stage) };
    }
    return this.known.related;
  }

  /**
   * Open what is around a thing, so that it is drawn; returns the id of the box that shows it.
   * @param {string} id
   * @returns {string | null}
   */
  reveal(id) {
    const box = this.boxOf(id);
    if (!box) return null;
    const index = Number(box.slice(1));
    const around =
      box[0] === "g" ? this.graph.ancestors(index).slice(1) : this.graph.ancestors(this.stage.ops[index].group);
    const closed = around.filter((group) => group > 0 && !this.open.has(`g${group}`));
    for (const group of closed) this.open.add(`g${group}`);
    if (closed.length) this.tell("open");
    return box;
  }

  /**
   * Return the box in which a thing is shown: an op for its steps, a layer where there are no steps yet.
   * @param {string} id
   * @returns {string | null}
   */
  boxOf(id) {
    const index = Number(id.slice(1));
    const { execution, last } = this.graph;
    if (id[0] === "g" || id[0] === "o") return id;
    if (id[0] === "l") return execution.owners[index].length ? this.opBox(execution.owners[index][0]) : null;
    if (id[0] === "b") {
      const steps = links(this.graph).byBuffer[index];
      const step = steps.find((found) => execution.steps[found].op >= 0);
      if (step !== undefined) return this.opBox(execution.steps[step].op);
      const { group } = execution.memory.buffers[index];
      return group >= 0 ? `g${group}` : null;
    }
    const op = id[0] === "s" ? execution.steps[index].op : -1;
    return op >= 0 && last ? this.opBox(op) : null;
  }

  /** @param {number} op of the last stage */
  opBox(op) {
    return this.isPrinted ? `o${op}` : `g${this.graph.printed.ops[op].group}`;
  }
}
