// Finds layers, ops, steps and buffers by what they are called, and goes there.

import { element } from "./dom.js";

const MOST = 40;

/**
 * @typedef {{id: string, text: string, kind: string}} Hit
 */

export class Search {
  /**
   * @param {HTMLInputElement} input
   * @param {HTMLElement} list
   * @param {HTMLElement} count
   * @param {import("./state.js").State} state
   * @param {(id: string) => void} goTo
   */
  constructor(input, list, count, state, goTo) {
    this.input = input;
    this.list = list;
    this.count = count;
    this.state = state;
    this.goTo = goTo;
    /** @type {Hit[]} */
    this.hits = [];
    this.cursor = 0;
    input.addEventListener("input", () => this.update());
    input.addEventListener("focus", () => this.update());
    input.addEventListener("blur", () => setTimeout(() => this.close(), 150));
    input.addEventListener("keydown", (event) => this.key(event));
  }

  update() {
    this.hits = find(this.state, this.input.value);
    this.cursor = 0;
    this.state.markFound(new Set(this.hits.flatMap(({ id }) => [id, ...around(this.state, id)])));
    this.count.textContent = this.input.value.trim() ? `${this.hits.length} found` : "";
    this.render();
  }

  render() {
    const shown = this.hits.slice(0, MOST);
    this.list.replaceChildren(
      ...shown.map((hit, index) =>
        element(
          "li",
          {
            role: "option",
            id: `hit-${index}`,
            "aria-selected": String(index === this.cursor),
            "data-id": hit.id,
            on: {
              pointerdown: (/** @type {Event} */ event) => {
                event.preventDefault();
                this.choose(index);
              },
            },
          },
          element("span", { class: "hit-kind" }, hit.kind),
          hit.text,
        ),
      ),
    );
    const isOpen = shown.length > 0;
    this.list.hidden = !isOpen;
    this.input.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) this.input.setAttribute("aria-activedescendant", `hit-${this.cursor}`);
    else this.input.removeAttribute("aria-activedescendant");
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
  }

  /** @param {number} index */
  choose(index) {
    const hit = this.hits[index];
    if (!hit) return;
    this.close();
    this.state.markFound(new Set());
    this.goTo(hit.id);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const shown = Math.min(MOST, this.hits.length);
    if (event.key === "ArrowDown") this.cursor = Math.min(shown - 1, this.cursor + 1);
    else if (event.key === "ArrowUp") this.cursor = Math.max(0, this.cursor - 1);
    else if (event.key === "Enter") this.choose(this.cursor);
    else if (event.key === "Escape") {
      this.input.value = "";
      this.update();
      this.input.blur();
    } else return;
    event.preventDefault();
    if (event.key.startsWith("Arrow")) {
      this.render();
      this.list.children[this.cursor]?.scrollIntoView({ block: "nearest" });
    }
  }
}

/**
 * Return the boxes that show a hit where its own is not drawn, because what is around it is closed.
 * @param {import("./state.js").State} state
 * @param {string} id
 */
function around(state, id) {
  const box = state.boxOf(id);
  if (!box) return [];
  const groups = box[0] === "o" ? state.graph.ancestors(state.stage.ops[Number(box.slice(1))].group) : [];
  return [box, ...groups.map((group) => `g${group}`)];
}

/**
 * Return what contains all words of a text, layers first.
 * @param {import("./state.js").State} state
 * @param {string} text
 * @returns {Hit[]}
 */
export function find(state, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const matches = (/** @type {string} */ candidate) => {
    const lower = candidate.toLowerCase();
    return words.every((word) => lower.includes(word));
  };
  const { graph, stage } = state;
  /** @type {Hit[]} */
  const hits = [];
  for (const group of graph.groups.slice(1)) {
    const label = group.label.map(([, line]) => line).join(" · ");
    if (matches(`${group.path} ${label}`)) hits.push({ id: `g${group.index}`, text: label, kind: group.kind });
  }
  for (const op of stage.ops) {
    if (op.kind !== "input" && matches(op.text)) hits.push({ id: `o${op.index}`, text: op.text, kind: "op" });
  }
  if (state.isPrinted) {
    for (const step of graph.execution.steps) {
      if (step.moment && matches(step.text)) hits.push({ id: `s${step.index}`, text: step.text, kind: "step" });
    }
  }
  for (const buffer of graph.execution.memory.buffers) {
    if (matches(buffer.name)) hits.push({ id: `b${buffer.index}`, text: buffer.name, kind: "buffer" });
  }
  return hits;
}
