"""Pages of large graphs in a real browser: first painting, and how soon it answers: ``python -m benchmarks.page``."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from benchmarks.page_graphs import deep_subject, flat_subject
from nnc import __version__
from nnc.render.page import Subject, page

FIRST_PAINTING = 1500.0
"""Milliseconds in which the graph is to be there."""
ANSWER = 50.0
"""Milliseconds in which a page is to answer to whatever is done."""
ROUNDS = 9
NODES = 5000

SUBJECTS: dict[str, Callable[[], Subject]] = {
    "190 layers, trained: 12 passes of up to 5,608 nodes": lambda: deep_subject(190),
    "5,000 ops in no layer": lambda: flat_subject(NODES),
}

ANSWERED = """async () => {
  const graph = document.getElementById("graph");
  const memory = document.getElementById("memory");
  const usual = { bubbles: true, cancelable: true, clientX: 300, clientY: 300 };
  const press = (target, key) => target.dispatchEvent(new KeyboardEvent("keydown", { ...usual, key }));
  const wheel = (target, options) => target.dispatchEvent(new WheelEvent("wheel", { ...usual, ...options }));
  const point = (target, clientX, clientY) =>
    target.dispatchEvent(new PointerEvent("pointermove", { ...usual, clientX, clientY, pointerId: 1 }));
  const painted = () => new Promise((done) => requestAnimationFrame(() => {
    const channel = new MessageChannel();
    channel.port1.onmessage = done;
    channel.port2.postMessage(null);
  }));
  await painted();
  const start = performance.now();
  ACT;
  await painted();
  return performance.now() - start;
}"""
"""From an event until the frame after it is painted, the wait for the screen's next refresh (16 ms) included."""

ACTS = {
    "open all layers": "document.getElementById('open-all').click()",
    "scroll": "wheel(graph, { deltaY: 120 })",
    "zoom": "wheel(graph, { deltaY: 40, ctrlKey: true })",
    "point at a box": "point(graph, 200 + 300 * Math.random(), 200 + 200 * Math.random())",
    "point at a buffer": "point(memory, 200 + 300 * Math.random(), memory.getBoundingClientRect().top + 60)",
    "next box by key": "press(graph, 'ArrowDown')",
    "show everything": "press(graph, '0')",
    "scroll it": "wheel(graph, { deltaY: 30 })",
    "search": "const i = document.getElementById('search'); i.value = 'add'; i.dispatchEvent(new Event('input'))",
    "pass before": "press(document.body, '[')",
    "close all layers": "document.getElementById('close-all').click()",
}


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Args:
        what: what was done.
        wall: milliseconds until it was to be seen.
        processor: milliseconds that the page's thread was busy, however busy the machine was with other things.
        most: milliseconds that `wall` should be at most.
    """

    what: str
    wall: float
    processor: float
    most: float

    def __str__(self) -> str:
        verdict = "" if self.wall <= self.most else "  too slow"
        return (
            f"  {self.what:<20}{self.wall:8.1f} ms, at most {self.most:.0f}{verdict:<12}{self.processor:8.1f} ms busy"
        )


class Tab:
    """A page in a window of its own, and how busy it has been."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        self.session = self.page.context.new_cdp_session(self.page)
        self.session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def busy(self) -> float:
        """Return the milliseconds that the page's thread has worked."""
        metrics = {item["name"]: item["value"] for item in self.session.send("Performance.getMetrics")["metrics"]}
        return 1000 * float(metrics["TaskDuration"])


def measure(browser: Any, path: Path) -> list[Figure]:
    """Open a page several times and do everything to it; figures are medians."""
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in ("first painting", *ACTS)}
    for _ in range(ROUNDS):
        tab = Tab(browser)
        tab.page.goto(path.as_uri())
        tab.page.wait_for_function("performance.getEntriesByName('drawn').length > 0")
        drawn = tab.page.evaluate("performance.getEntriesByName('drawn')[0].startTime")
        samples["first painting"].append((drawn, tab.busy()))
        tab.page.wait_for_timeout(200)
        for name, act in ACTS.items():
            before = tab.busy()
            wall = tab.page.evaluate(ANSWERED.replace("ACT", act))
            samples[name].append((wall, tab.busy() - before))
        tab.page.close()
    mosts = {"first painting": FIRST_PAINTING}
    return [
        Figure(name, *(median(found) for found in zip(*pairs, strict=True)), mosts.get(name, ANSWER))
        for name, pairs in samples.items()
    ]


def main() -> int:
    """Measure and print; the exit code is 1 where something is too slow."""
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium")
    if program is None:
        print("needs Chromium: apt-get install chromium", file=sys.stderr)
        return 2
    reached = True
    with TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for name, make in SUBJECTS.items():
            subject = make()
            wall, processor = perf_counter(), process_time()
            text = page(subject, __version__)
            path = Path(folder) / "page.html"
            path.write_text(text, encoding="utf-8")
            spent = (
                f"{perf_counter() - wall:.1f} s, {process_time() - processor:.1f} s of the processor beside Graphviz"
            )
            print(f"{name}: {len(text) / 1e6:.1f} MB, made in {spent}")
            figures = measure(browser, path)
            print("\n".join(map(str, figures)), flush=True)
            reached &= all(figure.wall <= figure.most for figure in figures)
        browser.close()
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
