// Fonts of the canvas, and how wide a text is in them.

const theme = getComputedStyle(document.documentElement);
const size = (/** @type {string} */ name) => Number(theme.getPropertyValue(`--${name}-size`));

/** In pixels; boxes were laid out with the first three. */
export const SIZES = /** @type {Record<string, number>} */ ({
  title: size("title"),
  text: size("text"),
  detail: size("detail"),
  step: 10,
  source: 10,
});
const SANS = theme.getPropertyValue("--font");
const MONO = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'Liberation Mono', monospace";
const LEADING = Number(theme.getPropertyValue("--leading"));

const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
/** @type {Map<string, number>} */
const widths = new Map();

/**
 * @param {string} style
 * @param {number} [size]
 */
export function fontOf(style, size = SIZES[style]) {
  return `${style === "title" ? "bold " : ""}${size}px ${style === "source" || style === "step" ? MONO : SANS}`;
}

/** @param {string} style */
export function lineHeight(style) {
  return SIZES[style] * LEADING;
}

/**
 * @param {string} text
 * @param {string} style
 */
export function textWidth(text, style) {
  const key = `${style} ${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    context.font = fontOf(style);
    width = context.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}
