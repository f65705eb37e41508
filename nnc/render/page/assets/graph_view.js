// The graph on its canvas: what is drawn there, and what pointer and keys do.

import { paint } from "./paint.js";
import { follow } from "./pointer.js";
import { HEAD } from "./room.js";
import { buildScene } from "./scene.js";
import { Surface } from "./surface.js";
import { MARGIN, Viewport } from "./viewport.js";
import { neighbour } from "./walking.js";

const STEP = 1.25;
/** Pixels that the picture moves with an arrow key. */
const MOVE = 60;
const ROW = 14;
/** Scales at which a box is shown that was searched for. */
const SHOWN = { least: 0.8, best: 1, most: 1.3 };

export class GraphView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./state.js").State} state
   * @param {() => import("./palette.js").Palette} palette
   * @param {(message: string) => void} announce tells users of screen readers
   */
  constructor(canvas, state, palette, announce) {
    this.state = state;
    this.palette = palette;
    this.announce = announce;
    this.lane = 0;
    this.scene = buildScene(state.graph, state.stage, state.open);
    this.surface = new Surface(
      canvas,
      () => this.paint(),
      (isFirst) => (isFirst || this.viewport.isFitted) && this.viewport.fit(),
    );
    this.viewport = new Viewport(this.surface, () => this.scene);
    state.listen((change) => this.changed(change));
    follow(canvas, {
      move: (x, y) => this.state.hover(this.hit(x, y)?.id ?? null),
      leave: () => this.state.hover(null),
      click: (x, y) => this.click(x, y),
      pan: (dx, dy) => this.viewport.move(dx, dy),
      zoom: (factor, x, y) => this.viewport.zoom(factor, x, y),
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {import("./state.js").Change} change */
  changed(change) {
    if (change === "graph" || change === "stage" || change === "open") {
      const shouldFit = change === "graph" || (change === "stage" && this.viewport.isFitted);
      const anchor = this.anchor();
      this.scene = buildScene(this.state.graph, this.state.stage, this.state.open);
      if (shouldFit) this.viewport.fit();
      else this.hold(anchor);
    }
    if (change === "selection") this.describe();
    this.surface.draw();
  }

  /**
   * Return the box of a thing; a group has one in each lane, of which the one in the current lane is meant.
   * @param {string | null} id
   */
  box(id) {
    if (!id) return null;
    const boxes = this.scene.boxes.filter((box) => box.id === id);
    return boxes.find((box) => box.lane === this.lane) ?? boxes[0] ?? null;
  }

  // ------------------------------------------------------------------ where we look

  /** Remember where a box is that should stay where it is: what is selected, or what is nearest to the middle. */
  anchor() {
    const box = this.box(this.state.selected) ?? this.central();
    return box && { id: box.id, ...this.viewport.onSurface(box) };
  }

  central() {
    const [x, y] = this.viewport.inScene(this.surface.width / 2, this.surface.height / 2);
    let best = null;
    let least = Infinity;
    for (const box of this.scene.boxes) {
      const distance = Math.abs(box.x + box.w / 2 - x) + Math.abs(box.y + box.h / 2 - y);
      if (box.id[0] === "g" && distance < least) [best, least] = [box, distance];
    }
    return best;
  }

  /** @param {{id: string, x: number, y: number} | null} anchor */
  hold(anchor) {
    const box = anchor && this.box(anchor.id);
    if (!box || !anchor) return;
    const { k } = this.viewport.view;
    const x = box.isFrame ? Math.min(anchor.x, Math.max(MARGIN, (this.surface.width - box.w * k) / 2)) : anchor.x;
    this.viewport.set({ k, x: x - box.x * k, y: anchor.y - box.y * k });
  }

  /**
   * Bring a box into sight, large enough to be read, and with it the one in the other lane where there is room.
   * @param {string} id
   */
  show(id) {
    const box = this.box(id);
    if (!box) return;
    const { width, height } = this.surface;
    const [wide, tall] = [width - 2 * MARGIN, height - 2 * MARGIN];
    const twin = this.scene.boxes.find((other) => other.id === id && other.lane !== box.lane) ?? box;
    const both = Math.max(box.x + box.w, twin.x + twin.w) - Math.min(box.x, twin.x);
    const scale = Math.max(SHOWN.best, this.viewport.view.k);
    const k = Math.min(SHOWN.most, scale, Math.max(SHOWN.least / 2, wide / box.w), Math.max(SHOWN.least, wide / both));
    const [x, w] = both * k <= wide ? [Math.min(box.x, twin.x), both] : [box.x, box.w];
    const y = box.h * k > tall ? MARGIN : (height - box.h * k) / 2;
    this.viewport.glide({ k, x: (width - w * k) / 2 - x * k, y: y - box.y * k });
  }

  /** @param {import("./scene.js").Box} box */
  keepInSight(box) {
    const { width, height } = this.surface;
    const { x, y, w, h } = this.viewport.onSurface(box);
    const [right, bottom] = [x + w, y + Math.min(h, height / 2)];
    const dx = x < MARGIN ? MARGIN - x : Math.min(0, width - MARGIN - right);
    const dy = y < MARGIN ? MARGIN - y : Math.min(0, height - MARGIN - bottom);
    const { view } = this.viewport;
    if (dx || dy) this.viewport.glide({ k: view.k, x: view.x + dx, y: view.y + dy });
  }

  // ------------------------------------------------------------------ pointer and keys

  /**
   * Return the innermost box under a point of the canvas; in an open op, one with the id of the row.
   * @param {number} px
   * @param {number} py
   */
  hit(px, py) {
    const [x, y] = this.viewport.inScene(px, py);
    let found = null;
    for (const box of this.scene.boxes) {
      if (x >= box.x && x <= box.x + box.w && y >= box.y && y <= box.y + box.h) found = box;
    }
    if (!found) return null;
    const top = found.y;
    const row = found.rows.find((item) => y >= top + item.y && y < top + item.y + ROW);
    return row ? { ...found, id: row.id } : found;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  click(x, y) {
    this.viewport.gliding = null;
    const box = this.hit(x, y);
    if (!box) {
      this.state.select(null);
      return;
    }
    this.lane = box.lane;
    if (box.port) {
      if (box.port.op >= 0) this.goTo(`o${box.port.op}`);
      return;
    }
    const isBetweenOps = box.isFrame && this.viewport.inScene(x, y)[1] > box.y + HEAD;
    this.state.select(box.id);
    if (box.opens && !isBetweenOps && "go".includes(box.id[0])) this.state.toggle(box.id);
  }

  /** @param {string} id */
  goTo(id) {
    const box = this.state.reveal(id);
    this.state.select(id);
    if (box) this.show(box);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (
      /** @type {"up" | "down" | "left" | "right"} */ way,
      /** @type {number} */ dx,
      /** @type {number} */ dy,
    ) => (event.shiftKey ? this.viewport.move(MOVE * dx, MOVE * dy) : this.walk(way));
    const ways = /** @type {Record<string, () => void>} */ ({
      ArrowUp: () => move("up", 0, 1),
      ArrowDown: () => move("down", 0, -1),
      ArrowLeft: () => move("left", 1, 0),
      ArrowRight: () => move("right", -1, 0),
      Enter: () => this.open(),
      " ": () => this.open(),
      Escape: () => this.state.select(null),
      "+": () => this.viewport.zoom(STEP),
      "=": () => this.viewport.zoom(STEP),
      "-": () => this.viewport.zoom(1 / STEP),
      0: () => this.viewport.fitAll(),
    });
    if (!ways[event.key]) return;
    event.preventDefault();
    this.viewport.gliding = null;
    ways[event.key]();
  }

  open() {
    const box = this.box(this.state.selected);
    if (box?.opens) this.state.toggle(box.id);
  }

  /** @param {"up" | "down" | "left" | "right"} way */
  walk(way) {
    const next = neighbour(this.scene.boxes, this.box(this.state.selected), way);
    if (!next) return;
    this.lane = next.lane;
    if (next.id === this.state.selected) this.describe(); // the same group, in the other lane
    this.state.select(next.id);
    this.surface.draw();
    this.keepInSight(next);
  }

  describe() {
    const box = this.box(this.state.selected);
    if (!box) return;
    const lane = this.state.graph.hasBackward ? `, ${box.lane ? "backward" : "forward"}` : "";
    const opens = box.opens ? (box.isFrame || box.rows.length ? ", open" : ", closed") : "";
    this.announce(`${box.lines.map(([, text]) => text).join(", ")}${lane}${opens}`);
  }

  // ------------------------------------------------------------------ drawing

  paint() {
    const { state, surface } = this;
    const drawn = paint(surface, this.scene, this.viewport.view, this.palette(), {
      isLit: this.lighting(),
      selected: state.selected,
      hovered: state.hovered,
      found: state.found,
      showsNew: state.stage.added.length > 0,
    });
    if (!performance.getEntriesByName("drawn").length) performance.mark("drawn");
    // What was drawn, for tests and for whoever drives the page.
    const { dataset } = surface.canvas;
    dataset.boxes = String(drawn.boxes);
    dataset.curves = String(drawn.curves);
    dataset.total = String(this.scene.boxes.length);
    const { width: w, height: h } = this.scene;
    dataset.scene = Object.values(this.viewport.onSurface({ x: 0, y: 0, w, h })).map(Math.round).join(",");
    const box = this.box(state.selected);
    dataset.selected = box ? Object.values(this.viewport.onSurface(box)).map(Math.round).join(",") : "";
  }

  /** Return what is not dimmed, null where nothing is: pointing at a box dims nothing, at a buffer or step it does. */
  lighting() {
    const { state } = this;
    const related = state.selected || (state.hovered && "sbl".includes(state.hovered[0])) ? state.related() : null;
    if (!related) return null;
    return (/** @type {string} */ id) => {
      const index = Number(id.slice(1));
      if (id[0] === "g") return related.groups.has(index);
      return id[0] === "o" ? related.ops.has(index) : id === state.hovered;
    };
  }
}
