// Shows what there is to say about a thing: beside the pointer in short, in the panel of details in full.

import { element } from "./dom.js";
import { factsOf } from "./facts.js";
import { bytesText, countText } from "./format.js";
import { argumentList, weightList } from "./properties.js";

const MOST_LINKS = 24;
const GAP = 14;

/**
 * @param {HTMLElement} host
 * @param {import("./state.js").State} state
 * @param {(id: string) => void} goTo
 */
export function showDetails(host, state, goTo) {
  const facts = state.selected ? factsOf(state, state.selected) : null;
  host.replaceChildren(...(facts ? full(facts, goTo) : overview(state)));
}

/**
 * @param {import("./facts.js").Facts} facts
 * @param {(id: string) => void} goTo
 */
function full(facts, goTo) {
  const rows = facts.rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]);
  const related = facts.links.flatMap(([name, items]) => [
    element("dt", {}, name),
    element(
      "dd",
      { class: "links" },
      ...items.slice(0, MOST_LINKS).map((item) => link(item, goTo)),
      more(items.length),
    ),
  ]);
  const code = facts.code.flatMap(([name, text]) => [element("h3", {}, name), element("pre", { tabindex: "0" }, text)]);
  return [
    element("h2", { class: `kind-${facts.kind}` }, facts.title),
    element("dl", {}, ...rows),
    ...argumentList(facts.given ?? []),
    ...weightList(facts.weights ?? []),
    ...code,
    element("dl", { class: "related" }, ...related),
  ];
}

/**
 * @param {{id: string, text: string}} item
 * @param {(id: string) => void} goTo
 */
function link({ id, text }, goTo) {
  return element("button", { type: "button", class: "link", on: { click: () => goTo(id) } }, text);
}

/** @param {number} count */
function more(count) {
  return count > MOST_LINKS ? element("span", {}, `and ${count - MOST_LINKS} more`) : null;
}

/** @param {import("./state.js").State} state */
function overview({ graph, model }) {
  const { memory, sizes, steps } = graph.execution;
  const idle = steps.filter((step) => !step.moment && !step.depth).length;
  const rows = /** @type {[string, string][]} */ ([
    ["Sizes", sizes.map(([name, size]) => `${name} = ${size}`).join(", ") || "all known"],
    ["Ops", countText(graph.printed.count)],
    ["Steps", `${countText(memory.moments.length)} that run, ${countText(idle)} views and the like`],
    ["Peak", exactBytes(memory.peak)],
    ["Lower bound", exactBytes(memory.bound)],
  ]);
  return [
    element("h2", {}, `${model.title}: ${graph.name}`),
    element("dl", {}, ...rows.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)])),
    element("p", { class: "hint" }, "Click a box to open it, a buffer or a line to see what it belongs to."),
  ];
}

/** @param {number} count */
function exactBytes(count) {
  const short = bytesText(count);
  return short.endsWith(" bytes") ? short : `${short} (${countText(count)} bytes)`;
}

/** The little panel at the pointer. */
export class Tooltip {
  /** @param {HTMLElement} host */
  constructor(host) {
    this.host = host;
    // Before those whom the pointer tells what it is on.
    const first = { capture: true, passive: true };
    document.addEventListener("pointermove", (event) => this.place(event.clientX, event.clientY), first);
    document.addEventListener("keydown", () => (this.isNearPointer = false), first);
  }

  /** @param {import("./state.js").State} state */
  update(state) {
    const facts = state.hovered && this.isNearPointer ? factsOf(state, state.hovered) : null;
    this.host.hidden = !facts;
    if (!facts) return;
    const rows = facts.rows
      .slice(0, 6)
      .flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, shortened(text))]);
    const code = facts.code.flatMap(([name, text]) => [
      element("dt", {}, name),
      element("dd", { class: "mono" }, shortened(text)),
    ]);
    this.host.replaceChildren(element("strong", {}, facts.title), element("dl", {}, ...rows, ...code));
    this.place(this.x, this.y);
  }

  x = 0;
  y = 0;
  isNearPointer = false;

  /**
   * @param {number} x
   * @param {number} y
   */
  place(x, y) {
    [this.x, this.y] = [x, y];
    this.isNearPointer = true;
    if (this.host.hidden) return;
    const { offsetWidth: width, offsetHeight: height } = this.host;
    const left = x + GAP + width > innerWidth ? Math.max(4, x - GAP - width) : x + GAP;
    const top = y + GAP + height > innerHeight ? Math.max(4, y - GAP - height) : y + GAP;
    this.host.style.transform = `translate(${left}px, ${top}px)`;
  }
}

/** @param {string} text */
function shortened(text) {
  const lines = text.split("\n");
  const kept = lines.slice(0, 6).map((line) => (line.length > 110 ? `${line.slice(0, 108)}…` : line));
  return lines.length > 6 ? [...kept, "…"].join("\n") : kept.join("\n");
}
