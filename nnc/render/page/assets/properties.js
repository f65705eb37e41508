// What the panel of details shows of a layer: arguments, and weights as histograms and numbers.

import { element } from "./dom.js";
import { countText } from "./format.js";

const [WIDTH, HEIGHT] = [240, 48];
const NAMESPACE = "http://www.w3.org/2000/svg";

/**
 * @typedef {{name: string, shape: string, bins: number[], least: string, most: string,
 *   figures: [string, string][], values: string[], more: number, not_finite: number}} Weight
 */

/**
 * @param {[string, string][]} pairs
 * @returns {any[]}
 */
export function argumentList(pairs) {
  if (!pairs.length) return [];
  const rows = pairs.flatMap(([name, text]) => [element("dt", {}, name), element("dd", {}, text)]);
  return [element("h3", {}, "Arguments"), element("dl", { class: "arguments" }, ...rows)];
}

/**
 * @param {Weight[]} weights
 * @returns {any[]}
 */
export function weightList(weights) {
  return weights.flatMap((weight) => {
    const figures = weight.figures.map(([name, text]) => `${name} ${text}`).join(", ");
    const broken = weight.not_finite ? `, ${countText(weight.not_finite)} not finite` : "";
    const more = weight.more ? ` … ${countText(weight.more)} more` : "";
    return [
      element("h3", {}, `${weight.name} ${weight.shape}: ${figures}${broken}`),
      histogram(weight),
      element("div", { class: "range" }, element("span", {}, weight.least), element("span", {}, weight.most)),
      element("pre", { tabindex: "0" }, weight.values.join("  ") + more),
    ];
  });
}

/** @param {Weight} weight */
function histogram({ name, bins, least, most }) {
  const picture = document.createElementNS(NAMESPACE, "svg");
  picture.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  picture.setAttribute("class", "histogram");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `Histogram of ${name}, from ${least} to ${most}`);
  const highest = Math.max(1, ...bins);
  const width = WIDTH / bins.length;
  bins.forEach((count, place) => {
    const bar = document.createElementNS(NAMESPACE, "rect");
    const height = count ? Math.max(1, (HEIGHT * count) / highest) : 0;
    const sides = { x: place * width + 0.5, y: HEIGHT - height, width: width - 1, height };
    for (const [key, value] of Object.entries(sides)) bar.setAttribute(key, String(value));
    picture.append(bar);
  });
  return picture;
}
