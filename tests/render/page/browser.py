"""A page in a real browser, Chromium without a window."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
WANTED = "needs Chromium ('apt-get install chromium') and Playwright ('pip install playwright')"


def find_chromium() -> str:
    """Return the path of Chromium; skip the test where there is none, unless CI is to have one.

    Raises:
        Failed: it is not installed where ``CI`` is ``true``.
    """
    found = next((path for name in PROGRAMS if (path := shutil.which(name))), None)
    try:
        import playwright  # noqa: F401  whether it is there
    except ImportError:
        found = None
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail(WANTED)
        pytest.skip(WANTED)
    return found


@contextmanager
def started() -> Iterator[Any]:
    """Start the browser."""
    program = find_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])  # root has no sandbox
        yield browser
        browser.close()


class Opened:
    """A page that is open in the browser.

    Args:
        tab: Playwright's page.
        problems: what the browser has complained about, or asked the network for.
    """

    def __init__(self, tab: Any, problems: list[str]) -> None:
        self.tab, self.problems = tab, problems

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.tab.keyboard.press(key)

    def settle(self) -> None:
        """Wait until what was asked for has been painted."""
        frames = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        self.tab.evaluate(frames)
        self.tab.evaluate(frames)

    def drawn(self, name: str, canvas: str = "graph") -> str:
        """Return what a canvas says of its last painting."""
        self.settle()
        return self.tab.get_attribute(f"#{canvas}", f"data-{name}") or ""

    def count(self, name: str, canvas: str = "graph") -> int:
        """Return a number that a canvas says of its last painting."""
        return int(self.drawn(name, canvas))

    def search(self, text: str) -> None:
        """Search for a text and go to the first hit."""
        self.tab.fill("#search", text)
        self.tab.press("#search", "Enter")
        self.tab.wait_for_timeout(0)

    def selected_box(self) -> tuple[float, float, float, float]:
        """Return where the selected box is in the window: left, top, width and height."""
        self.settle()
        x, y, w, h = map(float, self.drawn("selected").split(","))
        canvas = self.tab.locator("#graph").bounding_box()
        return x + canvas["x"], y + canvas["y"], w, h

    def click_selected(self) -> None:
        """Click the heading of the selected box."""
        x, y, w, h = self.selected_box()
        self.tab.mouse.click(x + w / 2, y + min(h / 2, 12))
        self.settle()

    def lines(self, selector: str) -> int:
        """Return how many elements there are, once lists have followed the picture."""
        self.settle()
        return int(self.tab.locator(selector).count())

    def text(self, selector: str) -> str:
        """Return the text of an element."""
        return str(self.tab.inner_text(selector))


Open = Callable[..., Opened]


@contextmanager
def opener(browser: Any, folder: Path) -> Iterator[Open]:
    """Give a function that opens the text of a page, and close all that it has opened."""
    contexts = []

    def open_page(text: str, width: int = 1280, height: int = 800, **options: Any) -> Opened:
        path = folder / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        options = {"reduced_motion": "reduce", **options}  # so that no test has to wait for a movement
        context = browser.new_context(viewport={"width": width, "height": height}, offline=True, **options)
        contexts.append(context)
        tab, problems = context.new_page(), []
        tab.on("console", lambda message: problems.append(f"{message.type}: {message.text}"))
        tab.on("pageerror", lambda error: problems.append(f"error: {error}"))
        tab.on("dialog", lambda dialog: (problems.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        tab.on("request", lambda request: problems.append(f"request: {request.url}"))
        tab.goto(path.as_uri())
        tab.wait_for_selector("#graph[data-boxes]", state="attached")  # the page forbids what polls with `eval`
        problems.remove(f"request: {path.as_uri()}")
        return Opened(tab, problems)

    try:
        yield open_page
    finally:
        for context in contexts:
            context.close()
