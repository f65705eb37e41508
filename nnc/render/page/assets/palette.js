// Colours of the canvases, read from the page's style, so that they follow light and dark.

/**
 * @typedef {{fill: string, border: string}} Kind
 * @typedef {{paper: string, ground: string, ink: string, faint: string, arrow: string, kept: string, mark: string,
 *   line: string, kinds: Record<string, Kind>}} Palette
 */

const KINDS = ["input", "output", "layer", "plain", "forward", "loss", "metrics", "backward", "update"];

/** @returns {Palette} */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const color = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`).trim();
  return {
    paper: color("paper"),
    ground: color("ground"),
    ink: color("ink"),
    faint: color("faint"),
    arrow: color("arrow"),
    kept: color("kept"),
    mark: color("mark"),
    line: color("line"),
    kinds: {
      ...Object.fromEntries(
        KINDS.map((kind) => [kind, { fill: color(`${kind}-fill`), border: color(`${kind}-border`) }]),
      ),
      block: { fill: color("layer-fill"), border: color("layer-border") },
      repeat: { fill: color("layer-fill"), border: color("layer-border") },
      port: { fill: color("paper"), border: color("arrow") },
      kept: { fill: color("paper"), border: color("kept") },
    },
  };
}
