// Makes elements; texts go in as text, so that no name can become markup.

/**
 * @param {string} tag
 * @param {Record<string, any>} [attributes] `class` and other attributes; `on` is a record of listeners
 * @param {...(Node | string | null | undefined)} children
 * @returns {any}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) made.addEventListener(type, listener);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/**
 * Return the element that the page's template has under an id.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found;
}

/**
 * Return a function that acts once the next frame has been painted, however often it is called until then.
 * @param {() => void} act
 */
export function afterPainting(act) {
  let isWaiting = false;
  return () => {
    if (isWaiting) return;
    isWaiting = true;
    requestAnimationFrame(() =>
      setTimeout(() => {
        isWaiting = false;
        act();
      }),
    );
  };
}

/** Whether the user wants no movement. */
export const prefersStillness = matchMedia("(prefers-reduced-motion: reduce)");
