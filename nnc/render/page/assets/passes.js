// The slider over the passes: before and after each of them.

import { element } from "./dom.js";
import { counted } from "./format.js";

/**
 * @param {HTMLElement} host
 * @param {import("./state.js").State} state
 */
export function makePasses(host, state) {
  const slider = element("input", { type: "range", id: "stage", min: "0", step: "1", "aria-label": "Pass" });
  const names = element("ol", { class: "pass-names", "aria-hidden": "true" });
  const caption = element("p", { class: "pass-caption", role: "status" });
  const button = (/** @type {string} */ text, /** @type {string} */ label, /** @type {number} */ by) =>
    element(
      "button",
      {
        type: "button",
        "aria-label": label,
        title: label,
        on: { click: () => state.showStage(state.stageIndex + by) },
      },
      text,
    );
  const [back, on] = [button("‹", "Before this pass", -1), button("›", "After the next pass", 1)];
  host.replaceChildren(caption, back, element("div", { class: "track" }, slider, names), on);
  slider.addEventListener("input", () => state.showStage(Number(slider.value)));
  names.addEventListener("click", (/** @type {MouseEvent} */ event) => {
    const item = event.target instanceof Element ? event.target.closest("li") : null;
    if (item) state.showStage([...names.children].indexOf(item));
  });

  const update = () => {
    const { graph, stage, stageIndex } = state;
    host.hidden = graph.stages.length < 2;
    slider.max = String(graph.stages.length - 1);
    slider.value = String(stageIndex);
    names.style.setProperty("--passes", String(graph.stages.length));
    names.replaceChildren(
      ...graph.stages.map((other, index) =>
        element(
          "li",
          { class: passClass(other, index, stageIndex), title: `${other.pass}: ${changeText(other)}` },
          other.pass,
        ),
      ),
    );
    slider.setAttribute("aria-valuetext", `after ${stage.pass}: ${changeText(stage)}`);
    caption.replaceChildren(
      element("span", {}, `${stageIndex + 1}/${graph.stages.length} after `),
      element("strong", {}, stage.pass),
      element("span", { class: "change" }, ` ${changeText(stage)}`),
    );
    back.disabled = stageIndex === 0;
    on.disabled = stageIndex === graph.stages.length - 1;
  };
  state.listen((change) => {
    if (change === "graph" || change === "stage") update();
  });
  update();
}

/**
 * @param {import("./model.js").Stage} stage
 * @param {number} index
 * @param {number} current
 */
function passClass(stage, index, current) {
  const isSame = stage.before && !stage.added.length && !stage.removed.length;
  return `${index === current ? "current" : ""} ${isSame ? "same" : ""}`.trim();
}

/** @param {import("./model.js").Stage} stage */
function changeText(stage) {
  const count = counted(stage.count, "op");
  if (!stage.before) return count;
  if (!stage.added.length && !stage.removed.length) return `${count}, the same ones`;
  return `${stage.before.count} → ${count} (+${stage.added.length} −${stage.removed.length})`;
}
