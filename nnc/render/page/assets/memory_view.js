// The memory picture: the arena over time, a rectangle for each buffer, linked with everything else.

import { Arena } from "./arena.js";
import { paintMemory } from "./paint_memory.js";
import { follow } from "./pointer.js";
import { Surface } from "./surface.js";

const STEP = 1.25;

export class MemoryView {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {import("./state.js").State} state
   * @param {() => import("./palette.js").Palette} palette
   * @param {(id: string) => void} goTo
   */
  constructor(canvas, state, palette, goTo) {
    this.state = state;
    this.palette = palette;
    this.goTo = goTo;
    this.surface = new Surface(canvas, () => this.paint());
    this.arena = new Arena(state.graph.execution.memory, this.surface);
    state.listen((change) => {
      if (change === "graph") this.arena = new Arena(state.graph.execution.memory, this.surface);
      if (change !== "open" && change !== "search") this.surface.draw();
    });
    follow(canvas, {
      move: (x, y) => this.state.hover(this.idAt(x, y)),
      leave: () => this.state.hover(null),
      click: (x, y) => this.click(x, y),
      pan: (dx) => this.change(() => this.arena.move(dx)),
      zoom: (factor, x) => this.change(() => this.arena.stretch(factor, x)),
    });
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** @param {() => void} act */
  change(act) {
    act();
    this.surface.draw();
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  idAt(x, y) {
    const buffer = this.arena.at(x, y);
    return buffer && `b${buffer.index}`;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  click(x, y) {
    const id = this.idAt(x, y);
    if (id) this.goTo(id);
    else this.state.select(null);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const stretch = (/** @type {number} */ factor) =>
      this.change(() => this.arena.stretch(factor, this.surface.width / 2));
    const ways = /** @type {Record<string, () => void>} */ ({
      ArrowLeft: () => this.walk(-1),
      ArrowRight: () => this.walk(1),
      "+": () => stretch(STEP),
      "=": () => stretch(STEP),
      "-": () => stretch(1 / STEP),
      0: () => stretch(1 / this.arena.zoom),
      Escape: () => this.state.select(null),
    });
    if (!ways[event.key]) return;
    event.preventDefault();
    ways[event.key]();
  }

  /**
   * Select the buffer that begins next, or before.
   * @param {number} step
   */
  walk(step) {
    const order = [...this.arena.memory.buffers].sort((a, b) => a.start - b.start || a.offset - b.offset);
    const at = order.findIndex((buffer) => `b${buffer.index}` === this.state.selected);
    const next = order[Math.min(order.length - 1, Math.max(0, at + step))];
    if (next) this.goTo(`b${next.index}`);
  }

  paint() {
    const { state } = this;
    const related = state.related();
    const drawn = paintMemory(this.surface, this.arena, state.graph.execution.steps, this.palette(), {
      buffers: related?.buffers ?? null,
      steps: related?.steps ?? new Set(),
      marked: new Set([state.selected, state.hovered]),
    });
    this.surface.canvas.dataset.buffers = String(drawn);
    this.surface.canvas.dataset.lit = String(related?.buffers.size ?? 0);
  }
}
