// Puts the page together.

import { afterPainting, byId, element } from "./dom.js";
import { showDetails, Tooltip } from "./details.js";
import { savePng, saveSvg } from "./export.js";
import { GraphView } from "./graph_view.js";
import { links } from "./links.js";
import { ListView } from "./list_view.js";
import { outlineItems, sourceItems, stepItems, textItems } from "./lists.js";
import { MemoryView } from "./memory_view.js";
import { PageModel } from "./model.js";
import { readPalette } from "./palette.js";
import { makePasses } from "./passes.js";
import { Search } from "./search.js";
import { State } from "./state.js";
import { makeTabs } from "./tabs.js";

/** Heights of lines, as the style has them. */
const LINE = 22;
const CODE_LINE = 18;

start();

function start() {
  const state = new State(new PageModel(JSON.parse(byId("data").textContent)));
  let palette = readPalette();
  const announce = (/** @type {string} */ message) => {
    byId("announcements").textContent = message;
  };
  const graph = new GraphView(byId("graph"), state, () => palette, announce);
  const goTo = (/** @type {string} */ id) => graph.goTo(id);
  new MemoryView(byId("memory"), state, () => palette, goTo);
  makePasses(byId("passes"), state);
  makeGraphChoice(byId("graphs"), state);
  makeLegend(byId("legend"), state);
  const search = new Search(byId("search"), byId("hits"), byId("found"), state, goTo);
  const tooltip = new Tooltip(byId("tooltip"));
  makeLists(state, goTo);
  makeButtons(graph, state);
  state.listen((change) => {
    if (change !== "hover" && change !== "search") showDetails(byId("details"), state, goTo);
    if (change === "hover" || change === "stage" || change === "graph") tooltip.update(state);
  });
  showDetails(byId("details"), state, goTo);
  const repaint = () => {
    palette = readPalette();
    state.tell("theme");
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  byId("theme").addEventListener("click", () => {
    const root = document.documentElement;
    const isDark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = isDark ? "light" : "dark";
    repaint();
  });
  document.addEventListener("keydown", (event) => shortcut(event, state, search));
  const prepare = () => links(state.graph); // which takes a moment, so that nobody has to wait for it later
  if ("requestIdleCallback" in window) requestIdleCallback(prepare);
}

/**
 * @param {HTMLElement} host
 * @param {State} state
 */
function makeGraphChoice(host, state) {
  const { graphs } = state.model;
  host.hidden = graphs.length < 2;
  const buttons = graphs.map((graph, index) =>
    element("button", { type: "button", on: { click: () => state.showGraph(index) } }, graph.name),
  );
  const update = () =>
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(index === state.graphIndex)));
  host.replaceChildren(...buttons);
  state.listen((change) => {
    if (change === "graph") update();
  });
  update();
}

/**
 * Show the colours of the phases that there are.
 * @param {HTMLElement} host
 * @param {State} state
 */
function makeLegend(host, state) {
  const update = () => {
    const phases = new Set(state.graph.stages.flatMap((stage) => stage.ops.map((op) => op.phase)));
    for (const item of host.children)
      if (item instanceof HTMLElement) item.hidden = !phases.has(item.dataset.phase ?? "");
    host.hidden = phases.size < 2;
  };
  state.listen((change) => {
    if (change === "graph") update();
  });
  update();
}

/**
 * @param {State} state
 * @param {(id: string) => void} goTo
 */
function makeLists(state, goTo) {
  const kinds =
    /** @type {[string, string, "listbox" | "tree", (state: State) => import("./list_view.js").Item[], string][]} */ ([
      ["outline", "Outline", "tree", outlineItems, "graph stage open"],
      ["text", "Text of the graph", "listbox", textItems, "graph stage"],
      ["steps", "Steps", "listbox", stepItems, "graph"],
      ["source", "Source", "listbox", sourceItems, "graph"],
    ]);
  /** @type {Record<string, () => void>} */
  const shown = {};
  for (const [name, label, role, items, changes] of kinds) {
    const toggle = (/** @type {string} */ id, /** @type {boolean} */ shouldOpen) => {
      state.toggle(id, shouldOpen);
      refresh();
    };
    const list = new ListView(byId(`panel-${name}`), {
      label,
      role,
      height: role === "tree" ? LINE : CODE_LINE,
      pick: (id) => {
        if (id[0] !== "x") goTo(id);
      },
      hover: (id) => state.hover(id && id[0] !== "x" ? id : null),
      toggle: role === "tree" ? toggle : undefined,
    });
    let isStale = true;
    const refresh = () => {
      if (byId(`panel-${name}`).hidden) return;
      if (isStale) list.take(items(state));
      isStale = false;
      const related = state.related();
      list.mark(state.selected, (id) => isRelated(related, id));
    };
    const follow = afterPainting(refresh); // the picture first
    state.listen((change) => {
      if (changes.split(" ").includes(change)) isStale = true;
      if (change !== "theme" && change !== "search") follow();
    });
    shown[name] = refresh;
  }
  makeTabs(byId("tabs"), (name) => shown[name]());
}

/**
 * @param {import("./links.js").Related | null} related
 * @param {string} id
 */
function isRelated(related, id) {
  if (!related) return false;
  const index = Number(id.slice(1));
  if (id[0] === "o") return related.ops.has(index);
  if (id[0] === "s") return related.steps.has(index);
  return id[0] === "l" && related.lines.has(index);
}

/**
 * @param {GraphView} graph
 * @param {State} state
 */
function makeButtons(graph, state) {
  const act = /** @type {Record<string, () => void>} */ ({
    "zoom-in": () => graph.viewport.zoom(1.25),
    "zoom-out": () => graph.viewport.zoom(0.8),
    fit: () => graph.viewport.fitAll(),
    "open-all": () => {
      state.openExactly(state.graph.groups.map(({ index }) => `g${index}`));
      graph.viewport.fit();
    },
    "export-svg": () => saveSvg(graph.scene, graph.palette(), fileName(state)),
    "export-png": () => savePng(graph.scene, graph.palette(), fileName(state)),
    "close-all": () => {
      state.openExactly([]);
      graph.viewport.fit();
    },
  });
  for (const [id, listener] of Object.entries(act)) byId(id).addEventListener("click", listener);
  byId("help").addEventListener("click", () => byId("keys").showModal());
}

/** @param {State} state */
function fileName({ model, graph }) {
  return `${model.title}-${graph.name}`.replace(/[^\p{L}\p{N}_.-]+/gu, "_");
}

/**
 * @param {KeyboardEvent} event
 * @param {State} state
 * @param {Search} search
 */
function shortcut(event, state, search) {
  const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "range";
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") search.input.focus();
  else if (event.key === "[") state.showStage(state.stageIndex - 1);
  else if (event.key === "]") state.showStage(state.stageIndex + 1);
  else if (event.key === "?") byId("keys").showModal();
  else return;
  event.preventDefault();
}
