// How much room everything takes: groups and ops that are open make the layouts around them grow.

import { expandedOp } from "./opened_op.js";
import { Warp } from "./warp.js";

/** Pixels beside, over and under what is inside an open group. */
export const SIDE = 12;
export const HEAD = 30;
const FOOT = 12;
/** Pixels between the parts of a group that has too many ops for one. */
export const PART_GAP = 18;

/** What is inside an open group: its size in each lane, and how its layouts were stretched. */
export class Inside {
  constructor() {
    this.widths = [0, 0];
    this.height = 0;
    /** @type {Warp[]} */
    this.across = [];
    /** @type {Warp | null} */
    this.down = null;
    /** @type {{width: number, height: number}[][]} sizes of the children, by slot and lane */
    this.sizes = [];
    /** @type {PlacedCell[][]} */
    this.cells = [[], []];
  }
}

/** A cell whose ops may be open. */
export class PlacedCell {
  /**
   * @param {import("./model.js").Cell} cell
   * @param {(import("./opened_op.js").Opened | null)[]} opened what is in each op that is open
   */
  constructor(cell, opened) {
    const { boxes, size } = cell.layout;
    const axes = [0, 1].map((axis) =>
      opened.flatMap((grown, index) => {
        if (!grown) return [];
        const start = boxes[4 * index + axis];
        return [{ start, end: start + boxes[4 * index + 2 + axis], size: axis ? grown.height : grown.width }];
      }),
    );
    this.cell = cell;
    this.opened = opened;
    this.across = new Warp(size[0], axes[0]);
    this.down = new Warp(size[1], axes[1]);
  }
}

/** @type {WeakMap<import("./model.js").Cell, PlacedCell>} cells without an open op, as most are */
const closed = new WeakMap();

/** The sizes of all groups of a stage. */
export class Rooms {
  /**
   * @param {import("./model.js").CompiledGraph} graph
   * @param {import("./model.js").Stage} stage
   * @param {Set<string>} open ids of groups and ops that are open
   */
  constructor(graph, stage, open) {
    this.graph = graph;
    this.stage = stage;
    this.open = open;
    this.lanes = graph.hasBackward ? [0, 1] : [0];
    /** @type {Map<number, Inside>} */
    this.known = new Map();
  }

  /** @param {import("./model.js").Group} group */
  opens(group) {
    return group.layout !== null || this.lanes.some((lane) => this.stage.cellsOf.has(`${group.index}/${lane}`));
  }

  /** @param {number} index */
  isOpen(index) {
    return this.open.has(`g${index}`) && this.opens(this.graph.groups[index]);
  }

  /**
   * Return what is inside a group.
   * @param {number} index
   * @returns {Inside}
   */
  inside(index) {
    let found = this.known.get(index);
    if (found) return found;
    found = new Inside();
    this.known.set(index, found);
    const group = this.graph.groups[index];
    if (group.layout) this.measureSlots(group, group.layout, found);
    else this.measureCells(group, found);
    return found;
  }

  /**
   * @param {import("./model.js").Group} group
   * @param {import("./model.js").Layout} layout
   * @param {Inside} inside
   */
  measureSlots(group, layout, inside) {
    const { boxes, size } = layout;
    inside.sizes = group.slots.map((slot) =>
      this.lanes.map((lane) => {
        if (slot[lane] < 0) return { width: 0, height: 0 };
        const [width, height] = this.graph.groups[slot[lane]].size;
        if (!this.isOpen(slot[lane])) return { width, height };
        const content = this.inside(slot[lane]);
        if (!content.widths[lane]) return { width, height };
        return { width: content.widths[lane] + 2 * SIDE, height: content.height + HEAD + FOOT };
      }),
    );
    const interval = (/** @type {number} */ number, /** @type {number} */ axis, /** @type {number} */ length) => {
      const start = boxes[4 * number + axis];
      return { start, end: start + boxes[4 * number + 2 + axis], size: length };
    };
    inside.down = new Warp(
      size[1],
      inside.sizes.map((sizes, number) => interval(number, 1, Math.max(...sizes.map(({ height }) => height)))),
    );
    inside.across = this.lanes.map(
      (lane) =>
        new Warp(
          size[0],
          inside.sizes.map((sizes, number) => interval(number, 0, sizes[lane].width)),
        ),
    );
    inside.widths = inside.across.map((warp) => warp.length);
    inside.height = inside.down.length;
  }

  /**
   * @param {import("./model.js").Group} group
   * @param {Inside} inside
   */
  measureCells(group, inside) {
    for (const lane of this.lanes) {
      const cells = this.stage.cellsOf.get(`${group.index}/${lane}`) ?? [];
      inside.cells[lane] = cells.map((cell) => this.placed(cell));
      const heights = inside.cells[lane].map(({ down }) => down.length);
      inside.widths[lane] = Math.max(0, ...inside.cells[lane].map(({ across }) => across.length));
      const height = heights.reduce((sum, height) => sum + height, PART_GAP * Math.max(0, heights.length - 1));
      inside.height = Math.max(inside.height, height);
    }
  }

  /** @param {import("./model.js").Cell} cell */
  placed(cell) {
    const isOpen = (/** @type {number} */ op) => this.stage === this.graph.printed && this.open.has(`o${op}`);
    if (cell.ops.some(isOpen)) {
      return new PlacedCell(
        cell,
        cell.ops.map((op) => (isOpen(op) ? expandedOp(this.graph, this.stage.ops[op]) : null)),
      );
    }
    let found = closed.get(cell);
    if (!found) {
      found = new PlacedCell(cell, []);
      closed.set(cell, found);
    }
    return found;
  }
}
