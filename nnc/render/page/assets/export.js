// The graph as it is open now, as a file: SVG or PNG.

import { element } from "./dom.js";
import { paint } from "./paint.js";
import { fontOf, lineHeight, SIZES } from "./text.js";

const MARGIN = 16;
/** Pixels of a PNG for one of the scene, and the most that its sides may have. */
const [SCALE, LONGEST] = [2, 12000];
/** What is drawn where nothing is selected or meant. */
const PLAIN = { isLit: null, selected: null, hovered: null, found: new Set(), showsNew: false };

/**
 * @param {import("./scene.js").Scene} scene
 * @param {import("./palette.js").Palette} palette
 * @param {string} name of the file, without its end
 */
export function savePng(scene, palette, name) {
  const [width, height] = [scene.width + 2 * MARGIN, scene.height + 2 * MARGIN];
  const ratio = Math.min(SCALE, LONGEST / width, LONGEST / height);
  const canvas = element("canvas", { width: Math.ceil(width * ratio), height: Math.ceil(height * ratio) });
  const context = canvas.getContext("2d", { alpha: false });
  const clear = (/** @type {string} */ color) => {
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = color;
    context.fillRect(0, 0, width, height);
  };
  const surface = /** @type {any} */ ({ context, width, height, ratio, clear });
  paint(surface, scene, { x: MARGIN, y: MARGIN, k: 1 }, palette, PLAIN);
  canvas.toBlob((/** @type {Blob} */ blob) => save(blob, `${name}.png`));
}

/**
 * @param {import("./scene.js").Scene} scene
 * @param {import("./palette.js").Palette} palette
 * @param {string} name
 */
export function saveSvg(scene, palette, name) {
  save(new Blob([svgText(scene, palette)], { type: "image/svg+xml" }), `${name}.svg`);
}

/**
 * @param {import("./scene.js").Scene} scene
 * @param {import("./palette.js").Palette} palette
 */
export function svgText(scene, palette) {
  const [width, height] = [Math.ceil(scene.width + 2 * MARGIN), Math.ceil(scene.height + 2 * MARGIN)];
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${-MARGIN} ${-MARGIN} ${width} ${height}">`,
    `<rect x="${-MARGIN}" y="${-MARGIN}" width="${width}" height="${height}" fill="${palette.ground}"/>`,
  ];
  for (const { text, x, arrow } of scene.headings)
    parts.push(written(x, 10, `${text} ${arrow}`, "title", palette.kinds[text].border));
  for (const box of scene.boxes) if (box.isFrame) parts.push(...boxText(box, palette));
  for (const curve of scene.curves) {
    const color = curve.kind === "data" ? palette.arrow : curve.kind === "kept" ? palette.kept : palette.kinds.backward.border;
    const [x, y, ...rest] = curve.points.map((value) => Math.round(value * 100) / 100);
    const dashes = curve.kind === "kept" ? ' stroke-dasharray="4 3"' : "";
    parts.push(`<path d="M${x},${y}C${rest.join(" ")}" fill="none" stroke="${color}"${dashes}/>`, head(curve, color));
    if (curve.label) parts.push(written(curve.labelX, curve.labelY, curve.label, "detail", palette.faint));
  }
  for (const box of scene.boxes) if (!box.isFrame) parts.push(...boxText(box, palette));
  return `${parts.join("\n")}\n</svg>\n`;
}

/**
 * @param {import("./scene.js").Box} box
 * @param {import("./palette.js").Palette} palette
 */
function boxText(box, palette) {
  const { fill, border } = palette.kinds[box.tint];
  const opacity = box.isFrame ? ' fill-opacity="0.28"' : "";
  const parts = [
    `<rect x="${box.x}" y="${box.y}" width="${box.w}" height="${box.h}" rx="6" fill="${fill}"${opacity} stroke="${border}"/>`,
  ];
  if (box.isFrame) return [...parts, written(box.x + box.w / 2, box.y + 16, box.lines[0][1], "title", border)];
  const lines = /** @type {[string, string][]} */ ([
    ...box.lines,
    ...box.rows.map((row) => [row.style, row.text]),
  ]);
  let y = box.y + (box.h - lines.reduce((sum, [style]) => sum + lineHeight(style), 0)) / 2;
  for (const [style, text] of lines) {
    const step = lineHeight(style);
    parts.push(written(box.x + box.w / 2, y + step / 2, text, style, style === "detail" ? palette.faint : palette.ink));
    y += step;
  }
  return parts;
}

/**
 * @param {number} x its middle
 * @param {number} y its middle
 * @param {string} text
 * @param {string} style
 * @param {string} color
 */
function written(x, y, text, style, color) {
  const font = escaped(fontOf(style));
  const place = `x="${Math.round(x * 100) / 100}" y="${Math.round((y + 0.35 * SIZES[style]) * 100) / 100}"`;
  return `<text ${place} text-anchor="middle" style="font: ${font}" fill="${color}">${escaped(text)}</text>`;
}

/**
 * @param {import("./scene.js").Curve} curve
 * @param {string} color
 */
function head({ points, isReversed }, color) {
  const end = isReversed ? 0 : points.length - 2;
  const next = isReversed ? 2 : end - 2;
  const [x, y] = [points[end], points[end + 1]];
  const angle = Math.atan2(y - points[next + 1], x - points[next]);
  const corners = [-0.42, 0.42].map((side) => `${x - 7 * Math.cos(angle + side)},${y - 7 * Math.sin(angle + side)}`);
  return `<polygon points="${x},${y} ${corners.join(" ")}" fill="${color}"/>`;
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
function save(blob, name) {
  const href = URL.createObjectURL(blob);
  element("a", { href, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10000);
}
