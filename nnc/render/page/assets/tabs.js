// Tabs with their keys, as the ARIA pattern has them.

/**
 * @param {HTMLElement} host holds the tabs, each with `aria-controls`
 * @param {(name: string) => void} shown called with the name of the panel that is shown
 */
export function makeTabs(host, shown) {
  const tabs = /** @type {HTMLElement[]} */ ([...host.querySelectorAll("[role=tab]")]);
  const panelOf = (/** @type {HTMLElement} */ tab) =>
    /** @type {HTMLElement} */ (document.getElementById(tab.getAttribute("aria-controls") ?? ""));
  const choose = (/** @type {HTMLElement} */ chosen) => {
    for (const tab of tabs) {
      const isChosen = tab === chosen;
      tab.setAttribute("aria-selected", String(isChosen));
      tab.tabIndex = isChosen ? 0 : -1;
      panelOf(tab).hidden = !isChosen;
    }
    shown(panelOf(chosen).id.replace("panel-", ""));
  };
  tabs.forEach((tab, index) => {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = tabs[(index + step + tabs.length) % tabs.length];
      next.focus();
      choose(next);
      event.preventDefault();
    });
  });
  choose(tabs[0]);
}
