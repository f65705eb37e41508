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
    """One line of the table: milliseconds, and what they should be at most."""

    what: str
    milliseconds: float
    most: float

    def __str__(self) -> str:
        verdict = "" if self.milliseconds <= self.most else "  too slow"
        return f"  {self.what:<24} {self.milliseconds:8.1f} ms   at most {self.most:6.0f} ms{verdict}"


def measure(browser: Any, path: Path) -> list[Figure]:
    """Open a page several times and do everything to it; figures are medians, but of what is done once the only one."""
    firsts: list[float] = []
    answers: dict[str, list[float]] = {name: [] for name in ACTS}
    for _ in range(ROUNDS):
        tab = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        tab.goto(path.as_uri())
        tab.wait_for_function("performance.getEntriesByName('drawn').length > 0")
        firsts.append(tab.evaluate("performance.getEntriesByName('drawn')[0].startTime"))
        tab.wait_for_timeout(200)
        for name, act in ACTS.items():
            answers[name].append(tab.evaluate(ANSWERED.replace("ACT", act)))
        tab.close()
    return [
        Figure("first painting", median(firsts), FIRST_PAINTING),
        *(Figure(name, median(found), ANSWER) for name, found in answers.items()),
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
            reached &= all(figure.milliseconds <= figure.most for figure in figures)
        browser.close()
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
