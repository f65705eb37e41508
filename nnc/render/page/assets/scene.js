// Where everything is drawn: opens groups and ops in the layouts that Graphviz made for them.

import { groupLines } from "./labels.js";
import { roomBetween } from "./lanes.js";
import { links } from "./links.js";
import { HEAD, PART_GAP, Rooms, SIDE } from "./room.js";
import { routed } from "./routing.js";

/**
 * @typedef {{x: number, y: number, w: number, h: number}} Rect
 * @typedef {Rect & {id: string, kind: string, tint: string, lane: number, isFrame: boolean,
 *   isFaint: boolean, isNew: boolean, lines: [string, string][], rows: import("./opened_op.js").Row[],
 *   opens: boolean, port: import("./model.js").Port | null}} Box
 * @typedef {{lane: number, points: number[], label: string, labelX: number, labelY: number, from: string, to: string,
 *   kind: string, isReversed: boolean, left: number, top: number, right: number, bottom: number}} Curve
 * @typedef {{boxes: Box[], curves: Curve[], width: number, height: number,
 *   headings: {text: string, arrow: string, x: number}[]}} Scene
 */

/** Pixels between the lanes, and the least between the middles of their headings. */
const LANE_GAP = 28;
const HEADING_GAP = 140;
/** @type {import("./opened_op.js").Row[]} */
const NO_ROWS = [];
/** Room over the lanes for their headings. */
const TOP = 34;

/**
 * @param {import("./model.js").CompiledGraph} graph
 * @param {import("./model.js").Stage} stage
 * @param {Set<string>} open ids of groups and ops that are open
 * @returns {Scene}
 */
export function buildScene(graph, stage, open) {
  return new SceneBuilder(graph, stage, open).build();
}

class SceneBuilder {
  /**
   * @param {import("./model.js").CompiledGraph} graph
   * @param {import("./model.js").Stage} stage
   * @param {Set<string>} open
   */
  constructor(graph, stage, open) {
    this.graph = graph;
    this.stage = stage;
    this.rooms = new Rooms(graph, stage, open);
    this.lanes = this.rooms.lanes;
    /** What ops open into; they do in the last stage alone. */
    this.links = stage === graph.printed ? links(graph) : null;
    /** @type {Box[]} */
    this.boxes = [];
    /** @type {Curve[]} */
    this.curves = [];
  }

  build() {
    const inside = this.rooms.inside(0);
    const starts = [0, inside.widths[0] + LANE_GAP];
    this.place(
      0,
      this.lanes.map((lane) => starts[lane]),
      TOP,
    );
    const isOneSided = !this.boxes.some(({ lane }) => lane === 1); // as where only a state is updated
    const height = inside.height + TOP;
    if (isOneSided) return { boxes: this.boxes, curves: this.curves, width: inside.widths[0], height, headings: [] };
    const headings = this.drawTogether();
    const width = Math.max(...this.extents(1).map(({ right }) => right), ...this.extents(0).map(({ right }) => right));
    return { boxes: this.boxes, curves: this.curves, width, height, headings };
  }

  /**
   * Move the backward lane beside the forward lane, and return the headings, each over the first box of its lane.
   */
  drawTogether() {
    const middles = this.lanes.map((lane) => {
      const [first] = this.boxes.filter((box) => box.lane === lane).sort((a, b) => a.y - b.y);
      return first.x + first.w / 2;
    });
    const room = Math.min(
      roomBetween(this.extents(0), this.extents(1), LANE_GAP),
      middles[1] - middles[0] - HEADING_GAP,
    );
    for (const box of this.boxes) if (box.lane === 1) box.x -= room;
    for (const curve of this.curves) {
      if (curve.lane !== 1) continue;
      for (let index = 0; index < curve.points.length; index += 2) curve.points[index] -= room;
      curve.left -= room;
      curve.right -= room;
      curve.labelX -= room;
    }
    middles[1] -= room;
    return ["forward", "backward"].map((text, lane) => ({ text, arrow: "↓↑"[lane], x: middles[lane] }));
  }

  /**
   * Return where the boxes and curves of a lane are.
   * @param {number} lane
   * @returns {import("./lanes.js").Extent[]}
   */
  extents(lane) {
    const boxes = this.boxes.map((box) => ({ ...box, left: box.x, right: box.x + box.w, top: box.y, bottom: box.y + box.h }));
    return [...boxes, ...this.curves].filter((thing) => thing.lane === lane);
  }

  /**
   * @param {number} index of an open group
   * @param {number[]} xs left end of what is inside, by lane
   * @param {number} y its top
   */
  place(index, xs, y) {
    const group = this.graph.groups[index];
    const inside = this.rooms.inside(index);
    if (!group.layout) {
      for (const lane of this.lanes) this.placeCells(inside, lane, xs[lane], y);
      return;
    }
    const rects = this.lanes.map((lane) => this.slotRects(group, inside, lane, xs[lane], y));
    group.slots.forEach((slot, number) => {
      for (const lane of this.lanes) {
        const child = slot[lane];
        if (child < 0 || (slot[0] !== slot[1] && lane !== slot.indexOf(child))) continue;
        this.placeGroup(child, lane, rects[lane][number]);
      }
      for (const child of new Set(slot)) {
        if (child >= 0 && this.rooms.isOpen(child)) {
          const corners = this.lanes.map((lane) => rects[lane][number]);
          this.place(
            child,
            corners.map(({ x }) => x + SIDE),
            corners[0].top + HEAD,
          );
        }
      }
    });
    for (const lane of this.lanes) this.placeWires(group, inside, lane, rects[lane], xs[lane], y);
  }

  /**
   * @param {import("./model.js").Group} group
   * @param {import("./room.js").Inside} inside
   * @param {number} lane
   * @param {number} left
   * @param {number} top
   */
  slotRects(group, inside, lane, left, top) {
    const { boxes } = /** @type {import("./model.js").Layout} */ (group.layout);
    const [across, down] = [inside.across[lane], /** @type {import("./warp.js").Warp} */ (inside.down)];
    return group.slots.map((_, number) => {
      const [x, y, w, h] = boxes.slice(4 * number, 4 * number + 4);
      const { width, height } = inside.sizes[number][lane];
      const tallest = Math.max(...inside.sizes[number].map((size) => size.height));
      const [x0, x1, y0, y1] = [across.at(x), across.at(x + w), down.at(y), down.at(y + h)];
      const upper = top + (y0 + y1 - tallest) / 2;
      return {
        x: left + within(across.at(x + w / 2) - width / 2, x0, x1 - width),
        y: height < tallest ? top + (y0 + y1 - height) / 2 : upper,
        w: width,
        h: height,
        top: upper,
      };
    });
  }

  /**
   * @param {number} index
   * @param {number} lane
   * @param {Rect} rect
   */
  placeGroup(index, lane, { x, y, w, h }) {
    const group = this.graph.groups[index];
    const figure = this.stage.figure(index, lane);
    if (lane === 1 && !figure.ops) return;
    const isOpen = this.rooms.isOpen(index) && this.rooms.inside(index).widths[lane] > 0;
    const isEnd = group.kind === "input" || group.kind === "output";
    this.boxes.push({
      id: `g${index}`,
      kind: group.kind,
      tint: lane === 1 && group.kind !== "update" ? "backward" : group.kind,
      x,
      y,
      w,
      h,
      lane,
      isFrame: isOpen,
      isFaint: !figure.ops && !isEnd,
      isNew: figure.added > 0,
      lines: groupLines(group, lane, figure, isEnd),
      rows: [],
      opens: this.rooms.opens(group),
      port: null,
    });
  }

  /**
   * @param {import("./room.js").Inside} inside
   * @param {number} lane
   * @param {number} left
   * @param {number} top
   */
  placeCells(inside, lane, left, top) {
    let y = top;
    for (const placed of inside.cells[lane]) {
      this.placeCell(placed, left + (inside.widths[lane] - placed.across.length) / 2, y);
      y += placed.down.length + PART_GAP;
    }
  }

  /**
   * @param {import("./room.js").PlacedCell} placed
   * @param {number} left
   * @param {number} top
   */
  placeCell({ cell, opened, across, down }, left, top) {
    const { layout, lane, ops, ports } = cell;
    const { boxes } = layout;
    const count = ops.length + ports.length;
    /** @type {Box[]} */
    const placed = [];
    for (let number = 0; number < count; number += 1) {
      const port = ports[number - ops.length];
      const box = port
        ? portBox(port, `p${cell.group}.${lane}.${ops[0]}.${number}`, lane)
        : this.opBox(this.stage.ops[ops[number]], opened[number] ?? null, lane);
      const x = boxes[4 * number];
      const y = boxes[4 * number + 1];
      const w = boxes[4 * number + 2];
      const h = boxes[4 * number + 3];
      box.w = opened[number]?.width ?? w;
      box.h = opened[number]?.height ?? h;
      box.x = left + within(across.at(x + w / 2) - box.w / 2, across.at(x), across.at(x + w) - box.w);
      box.y = top + within(down.at(y + h / 2) - box.h / 2, down.at(y), down.at(y + h) - box.h);
      placed.push(box);
    }
    for (const box of placed) this.boxes.push(box);
    const ends = placed.map(({ id }) => id);
    const place = { across, down, left, top };
    layout.curves.forEach(([from, to], number) => {
      const isKept = placed[from].tint === "kept" || placed[to].tint === "kept";
      const kind = isKept ? "kept" : lane ? "gradient" : "data";
      const what = { text: cell.wires[number], kind, lane, isReversed: false, ends };
      this.curves.push(routed(layout, number, what, place, placed));
    });
  }

  /**
   * @param {import("./model.js").Op} op
   * @param {import("./opened_op.js").Opened | null} opened
   * @param {number} lane
   * @returns {Box} that has no place yet
   */
  opBox(op, opened, lane) {
    return {
      id: `o${op.index}`,
      kind: op.kind,
      tint: op.kind,
      x: 0,
      y: 0,
      w: 0,
      h: 0,
      lane,
      isFrame: false,
      isFaint: false,
      isNew: op.isNew,
      lines: op.label,
      rows: opened?.rows ?? NO_ROWS,
      opens: this.links !== null && this.links.opens(op.index),
      port: null,
    };
  }

  /**
   * @param {import("./model.js").Group} group
   * @param {import("./room.js").Inside} inside
   * @param {number} lane
   * @param {Rect[]} rects
   * @param {number} left
   * @param {number} top
   */
  placeWires(group, inside, lane, rects, left, top) {
    const layout = /** @type {import("./model.js").Layout} */ (group.layout);
    const place = {
      across: inside.across[lane],
      down: /** @type {import("./warp.js").Warp} */ (inside.down),
      left,
      top,
    };
    const ends = group.slots.map((slot) => `g${slot[lane]}`);
    layout.curves.forEach(([from, to], number) => {
      const [start, end] = [group.slots[from][lane], group.slots[to][lane]];
      if (start < 0 || end < 0) return;
      if (lane === 1 && !this.stage.flows.has(`1/${group.index}/${end}/${start}`)) return;
      const kind = lane ? "gradient" : "data";
      const what = { text: group.wires[number], kind, lane, isReversed: lane === 1, ends };
      this.curves.push(routed(layout, number, what, place, rects));
    });
  }
}

/**
 * @param {import("./model.js").Port} port
 * @param {string} id
 * @param {number} lane
 * @returns {Box} that has no place yet
 */
function portBox(port, id, lane) {
  return {
    id,
    kind: "port",
    tint: port.kind === "kept" ? "kept" : "port",
    x: 0,
    y: 0,
    w: 0,
    h: 0,
    lane,
    isFrame: false,
    isFaint: false,
    isNew: false,
    lines: [["detail", port.label]],
    rows: NO_ROWS,
    opens: false,
    port,
  };
}

/**
 * Return the number between two others that is nearest; their middle where they are the wrong way round.
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function within(value, least, most) {
  return least > most ? (least + most) / 2 : Math.min(most, Math.max(least, value));
}
