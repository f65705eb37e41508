// Turns pointers and wheels into moves, clicks, pans and zooms: mouse, touch pad, finger and pen.

/** Pixels that a press may move and still be a click. */
const CLICK = 4;

/**
 * @param {HTMLElement} target
 * @param {{move: (x: number, y: number) => void, leave: () => void, click: (x: number, y: number) => void,
 *   pan: (dx: number, dy: number) => void, zoom: (factor: number, x: number, y: number) => void}} act
 *   positions in pixels of the target
 */
export function follow(target, act) {
  /** @type {Map<number, {x: number, y: number}>} */
  const down = new Map();
  let travelled = 0;

  const place = (/** @type {MouseEvent} */ event) => {
    const { left, top } = target.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };

  target.addEventListener("pointerdown", (event) => {
    if (event.button > 1) return;
    target.setPointerCapture(event.pointerId);
    down.set(event.pointerId, place(event));
    travelled = 0;
  });
  target.addEventListener("pointermove", (event) => {
    const now = place(event);
    const before = down.get(event.pointerId);
    if (!before) {
      act.move(now.x, now.y);
      return;
    }
    const others = [...down].filter(([id]) => id !== event.pointerId);
    travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    if (others.length) {
      const [, other] = others[0];
      const distance = (/** @type {{x: number, y: number}} */ a) => Math.hypot(a.x - other.x, a.y - other.y) || 1;
      act.zoom(distance(now) / distance(before), other.x, other.y);
    } else if (travelled > CLICK) {
      act.pan(now.x - before.x, now.y - before.y);
    }
    down.set(event.pointerId, now);
  });
  target.addEventListener("pointerup", (event) => {
    const { x, y } = place(event);
    if (down.delete(event.pointerId) && travelled <= CLICK) act.click(x, y);
  });
  target.addEventListener("pointercancel", (event) => down.delete(event.pointerId));
  target.addEventListener("pointerleave", () => act.leave());
  target.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const scale = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const { x, y } = place(event);
      if (event.ctrlKey || event.metaKey) act.zoom(Math.exp(-event.deltaY * scale * 0.004), x, y);
      else if (event.shiftKey) act.pan(-(event.deltaY || event.deltaX) * scale, 0);
      else act.pan(-event.deltaX * scale, -event.deltaY * scale);
    },
    { passive: false },
  );
}
