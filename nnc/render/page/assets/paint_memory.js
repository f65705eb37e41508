// Draws the memory picture.

import { BOTTOM, LEFT, TOP } from "./arena.js";
import { bytesText } from "./format.js";
import { fontOf } from "./text.js";

/**
 * @typedef {import("./surface.js").Surface} Surface
 * @typedef {import("./arena.js").Arena} Arena
 * @typedef {import("./palette.js").Palette} Palette
 * @typedef {import("./model.js").Buffer} Buffer
 * @typedef {{buffers: Set<number> | null, steps: Set<number>, marked: Set<string | null>}} Look
 */

const SMALL = 10;
/** Least length of a side of a rectangle that gets a frame. */
const FRAMED = 7;
/** Pixels per label of the axis of steps. */
const LABEL = 110;

/**
 * @param {Surface} surface
 * @param {Arena} arena
 * @param {import("./model.js").Step[]} steps
 * @param {Palette} palette
 * @param {Look} look what is to be seen best
 * @returns {number} how many buffers were drawn
 */
export function paintMemory(surface, arena, steps, palette, look) {
  const { context } = surface;
  const { memory } = arena;
  surface.clear(palette.ground);
  paintBytes(surface, arena, palette);
  paintMoments(surface, arena, steps, palette);
  context.save();
  context.beginPath();
  context.rect(LEFT, 0, arena.right - LEFT, surface.height);
  context.clip();
  paintSteps(surface, arena, steps, look.steps, palette);
  const packs = new Set(memory.buffers.map(({ inside }) => inside));
  let drawn = 0;
  for (const buffer of memory.buffers) {
    const rect = arena.rectangle(buffer);
    if (rect.x > arena.right || rect.x + rect.w < LEFT) continue;
    drawn += 1;
    paintBuffer(context, buffer, rect, colorOf(buffer, memory, palette), palette, {
      isPack: packs.has(buffer.number),
      isDim: look.buffers !== null && !look.buffers.has(buffer.index),
      isMarked: look.marked.has(`b${buffer.index}`),
    });
  }
  for (const loop of memory.loops) paintLoop(context, arena, loop, palette);
  paintLimits(surface, arena, palette);
  context.restore();
  return drawn;
}

/**
 * @param {Surface} surface
 * @param {Arena} arena
 * @param {Palette} palette
 */
function paintBytes({ context }, arena, palette) {
  context.font = fontOf("detail", SMALL);
  context.textBaseline = "middle";
  context.textAlign = "right";
  context.lineWidth = 1;
  for (const byte of ticks(arena.highest, 4, 2)) {
    const y = Math.round(arena.height(byte)) + 0.5;
    context.strokeStyle = palette.line;
    context.beginPath();
    context.moveTo(LEFT, y);
    context.lineTo(arena.right, y);
    context.stroke();
    context.fillStyle = palette.faint;
    if (y > TOP + 6) context.fillText(bytesText(byte), LEFT - 6, y); // below the heading
  }
}

/**
 * @param {Surface} surface
 * @param {Arena} arena
 * @param {import("./model.js").Step[]} steps
 * @param {Palette} palette
 */
function paintMoments({ context, width, height }, arena, steps, palette) {
  const { memory } = arena;
  context.textAlign = "center";
  context.fillStyle = palette.faint;
  const count = Math.max(2, Math.min(10, width / LABEL)) * arena.zoom;
  const [, ...numbers] = ticks(Math.max(0, memory.end - 1), count).filter(Number.isInteger); // step 0 is beside the start
  for (const moment of [0, ...numbers.map((number) => number + 1)]) {
    const x = (arena.left(moment) + arena.left(moment + 1)) / 2;
    if (x < LEFT || x > arena.right - LABEL / 4) continue;
    const step = steps[memory.moments[moment - 1]];
    context.fillText(step ? `step ${moment - 1}` : moment ? "end" : "start", x, height - BOTTOM / 2);
  }
}

/**
 * @param {Surface} surface
 * @param {Arena} arena
 * @param {import("./model.js").Step[]} steps
 * @param {Set<number>} chosen
 * @param {Palette} palette
 */
function paintSteps({ context, height }, arena, steps, chosen, palette) {
  context.fillStyle = palette.mark;
  context.globalAlpha = 0.16;
  for (const index of chosen) {
    const { moment } = steps[index];
    if (!moment) continue;
    const x = arena.left(moment);
    context.fillRect(x, TOP, Math.max(1, arena.left(moment + 1) - x), height - TOP - BOTTOM);
  }
  context.globalAlpha = 1;
}

/**
 * The colour of the layer that a buffer belongs to; of inputs, of the loss and the like, that of their kind.
 * @param {Buffer} buffer
 * @param {import("./model.js").Memory} memory
 * @param {Palette} palette
 */
function colorOf(buffer, memory, palette) {
  const [fill, ink] = memory.colours[buffer.colour] ?? [];
  if (fill) return { fill, ink };
  if (buffer.kind === "loop") return { fill: palette.paper, ink: palette.ink };
  return { fill: palette.kinds[buffer.kind === "input" ? "input" : buffer.phase].fill, ink: palette.ink };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Buffer} buffer
 * @param {{x: number, y: number, w: number, h: number}} rect
 * @param {{fill: string, ink: string}} color
 * @param {Palette} palette
 * @param {{isPack: boolean, isDim: boolean, isMarked: boolean}} look
 */
function paintBuffer(context, buffer, { x, y, w, h }, color, palette, { isPack, isDim, isMarked }) {
  const inset = w > 4 && h > 4 ? 0.5 : 0;
  context.globalAlpha = (isDim ? 0.25 : 1) * (isPack ? 0.35 : 1);
  context.fillStyle = color.fill;
  context.fillRect(x + inset, y + inset, w - 2 * inset, h - 2 * inset);
  context.globalAlpha = isDim ? 0.4 : 1;
  if (isMarked || (w > FRAMED && h > FRAMED)) {
    context.strokeStyle = isMarked ? palette.ink : palette.arrow;
    context.lineWidth = isMarked ? 2 : 0.5;
    context.strokeRect(x + 0.5, y + 0.5, w - 1, h - 1);
  }
  if (w > 34 && h > 12 && !isDim && !isPack && buffer.kind !== "loop") {
    context.save();
    context.beginPath();
    context.rect(x, y, w, h);
    context.clip();
    context.font = fontOf("detail", SMALL);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = color.ink;
    context.fillText(buffer.name, Math.max(x, LEFT) + 5, y + h / 2);
    context.restore();
  }
  context.globalAlpha = 1;
}

/**
 * Draw the buffers of a loop's body, as they lie in every round, into the part of the arena that the loop has.
 * @param {CanvasRenderingContext2D} context
 * @param {Arena} arena
 * @param {import("./model.js").Loop} loop
 * @param {Palette} palette
 */
function paintLoop(context, arena, loop, palette) {
  const left = arena.left(loop.moment);
  const column = (arena.left(loop.moment + 1) - left) / loop.moments;
  if (left > arena.right || left + column * loop.moments < LEFT) return;
  const packs = new Set(loop.buffers.map(({ inside }) => inside));
  for (const buffer of loop.buffers) {
    const low = arena.height(loop.offset + buffer.offset);
    const y = arena.height(loop.offset + buffer.offset + buffer.bytes);
    const rect = { x: left + column * buffer.start, y, w: column * (buffer.end + 1 - buffer.start), h: low - y };
    const look = { isPack: packs.has(buffer.number), isDim: false, isMarked: false };
    paintBuffer(context, buffer, rect, colorOf(buffer, arena.memory, palette), palette, look);
  }
}

/**
 * Draw the top of the arena and the least that any arena needs.
 * @param {Surface} surface
 * @param {Arena} arena
 * @param {Palette} palette
 */
function paintLimits({ context }, arena, palette) {
  const { memory } = arena;
  context.font = fontOf("detail", SMALL);
  context.textBaseline = "bottom";
  const isClose = Math.abs(arena.height(memory.arena) - arena.height(memory.bound)) < 14;
  const lines = /** @type {[string, number, number[], CanvasTextAlign][]} */ ([
    [`peak ${bytesText(memory.peak)}`, memory.arena, [], "right"],
    [`lower bound ${bytesText(memory.bound)}`, memory.bound, [5, 4], isClose ? "left" : "right"],
  ]);
  for (const [text, byte, dash, side] of lines) {
    const y = arena.height(byte);
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.2;
    context.setLineDash(dash);
    context.beginPath();
    context.moveTo(LEFT, y);
    context.lineTo(arena.right, y);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = palette.ink;
    context.textAlign = side;
    const base = isClose ? arena.height(arena.highest) : y; // no line goes through a text
    context.fillText(text, side === "right" ? arena.right - 4 : LEFT + 4, base - 2);
  }
}

/**
 * Return round numbers from 0 to a last one.
 * @param {number} last
 * @param {number} count about how many
 * @param {2 | 10} [base] what they are round in
 */
function ticks(last, count, base = 10) {
  if (last <= 0) return [0];
  const raw = last / Math.max(1, count);
  const power = base ** Math.floor(Math.log(raw) / Math.log(base));
  const factors = base === 2 ? [1, 2] : [1, 2, 5, 10];
  const step = Math.max(1, factors.map((factor) => factor * power).find((size) => size >= raw) ?? raw);
  return Array.from({ length: Math.floor(last / step) + 1 }, (_, index) => index * step);
}
