// A list of any length of which only the lines in sight are elements; the arrow keys move through it.

import { element } from "./dom.js";

const SPARE = 8;

/**
 * @typedef {{id: string, cells: () => Node[], className?: string, level?: number, isOpen?: boolean | null}} Item
 */

export class ListView {
  /**
   * @param {HTMLElement} host
   * @param {{label: string, role: "listbox" | "tree", height: number, pick: (id: string) => void,
   *   hover: (id: string | null) => void, toggle?: (id: string, shouldOpen: boolean) => void}} options
   *   `height` of a line in pixels
   */
  constructor(host, options) {
    this.options = options;
    /** @type {Item[]} */
    this.items = [];
    /** @type {(id: string) => boolean} */
    this.isLit = () => false;
    /** @type {string | null} */
    this.selected = null;
    this.cursor = -1;
    this.filler = element("div", { class: "filler", role: "presentation" });
    this.lines = element("div", { class: "lines", role: "presentation" });
    this.root = element(
      "div",
      { class: "list", role: options.role, tabindex: "0", "aria-label": options.label },
      this.filler,
      this.lines,
    );
    host.append(this.root);
    this.root.addEventListener("scroll", () => this.render());
    this.root.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => this.key(event));
    this.lines.addEventListener("click", (/** @type {MouseEvent} */ event) => this.click(event));
    this.lines.addEventListener("pointerover", (/** @type {PointerEvent} */ event) => options.hover(idAt(event)));
    this.root.addEventListener("pointerleave", () => options.hover(null));
    new ResizeObserver(() => this.render()).observe(this.root);
  }

  /**
   * Take other items; `mark` shows them.
   * @param {Item[]} items
   */
  take(items) {
    const current = this.items[this.cursor]?.id ?? this.selected;
    this.items = items;
    this.cursor = items.findIndex(({ id }) => id === current);
    this.filler.style.height = `${items.length * this.options.height}px`;
  }

  /**
   * @param {string | null} selected
   * @param {(id: string) => boolean} isLit
   */
  mark(selected, isLit) {
    const isOther = selected !== this.selected;
    this.selected = selected;
    this.isLit = isLit;
    if (isOther) {
      const exact = this.items.findIndex(({ id }) => id === selected);
      this.cursor = exact;
      const target = exact >= 0 ? exact : selected ? this.items.findIndex(({ id }) => isLit(id)) : -1;
      if (target >= 0) this.scrollTo(target);
    }
    this.render();
  }

  /** @param {number} index */
  scrollTo(index) {
    const { height } = this.options;
    const [top, room] = [this.root.scrollTop, this.root.clientHeight];
    const y = index * height;
    if (y < top || y + height > top + room) this.root.scrollTop = Math.max(0, y - room / 3);
  }

  render() {
    const { height, role } = this.options;
    const room = this.root.clientHeight;
    if (!room) return;
    const first = Math.max(0, Math.floor(this.root.scrollTop / height) - SPARE);
    const last = Math.min(this.items.length, Math.ceil((this.root.scrollTop + room) / height) + SPARE);
    this.lines.style.transform = `translateY(${first * height}px)`;
    this.lines.replaceChildren(
      ...this.items.slice(first, last).map((item, offset) => this.line(item, first + offset, role)),
    );
    const current = this.cursor >= first && this.cursor < last ? this.lineId(this.cursor) : null;
    if (current) this.root.setAttribute("aria-activedescendant", current);
    else this.root.removeAttribute("aria-activedescendant");
  }

  /** @param {number} index */
  lineId(index) {
    return `${this.options.label.toLowerCase().replace(/\W+/g, "-")}-${index}`;
  }

  /**
   * @param {Item} item
   * @param {number} index
   * @param {string} role
   */
  line(item, index, role) {
    const isSelected = item.id === this.selected;
    const classes = ["line", item.className ?? ""];
    if (this.isLit(item.id)) classes.push("lit");
    if (isSelected || index === this.cursor) classes.push("current");
    const made = element(
      "div",
      {
        class: classes.filter(Boolean).join(" "),
        id: this.lineId(index),
        role: role === "tree" ? "treeitem" : "option",
        "data-id": item.id,
        "aria-selected": String(isSelected),
        "aria-level": item.level === undefined ? null : item.level + 1,
        "aria-expanded": item.isOpen === undefined || item.isOpen === null ? null : String(item.isOpen),
        "aria-setsize": this.items.length,
        "aria-posinset": index + 1,
      },
      ...item.cells(),
    );
    if (item.level) made.style.paddingLeft = `${8 + 14 * item.level}px`;
    return made;
  }

  /** @param {MouseEvent} event */
  click(event) {
    const id = idAt(event);
    if (!id) return;
    this.cursor = this.items.findIndex((item) => item.id === id);
    const item = this.items[this.cursor];
    const isToggle = event.target instanceof Element && event.target.closest(".twist");
    if (isToggle && this.options.toggle) this.options.toggle(id, !item.isOpen);
    else this.options.pick(id);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const item = this.items[this.cursor];
    const page = Math.max(1, Math.floor(this.root.clientHeight / this.options.height) - 1);
    const moves = /** @type {Record<string, number>} */ ({
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: page,
      PageUp: -page,
      Home: -this.items.length,
      End: this.items.length,
    });
    if (event.key in moves) this.move(moves[event.key]);
    else if (event.key === "Enter" && item) this.options.pick(item.id);
    else if ((event.key === "ArrowRight" || event.key === "ArrowLeft") && item && this.options.toggle) {
      const shouldOpen = event.key === "ArrowRight";
      if (item.isOpen === !shouldOpen) this.options.toggle(item.id, shouldOpen);
      else if (shouldOpen && item.isOpen) this.move(1);
      else if (!shouldOpen) this.move(this.outer() - this.cursor);
    } else return;
    event.preventDefault();
  }

  /** @param {number} by */
  move(by) {
    if (!this.items.length) return;
    this.cursor = Math.min(this.items.length - 1, Math.max(0, this.cursor + by));
    this.scrollTo(this.cursor);
    this.render();
    this.options.hover(this.items[this.cursor].id);
  }

  /** Return the position of the item around the current one. */
  outer() {
    const level = this.items[this.cursor].level ?? 0;
    for (let index = this.cursor - 1; index >= 0; index -= 1) if ((this.items[index].level ?? 0) < level) return index;
    return this.cursor;
  }
}

/** @param {Event} event */
function idAt(event) {
  const line = event.target instanceof Element ? event.target.closest("[data-id]") : null;
  return line instanceof HTMLElement ? (line.dataset.id ?? null) : null;
}
