"""Looks for what a site would fetch from other hosts when it is read: there must be nothing."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

_LOADED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "object": "data",
}
"""Attributes whose files a browser fetches by itself; links are followed by readers."""
_RELATIONS = {"stylesheet", "icon", "preload", "modulepreload", "preconnect", "dns-prefetch", "manifest"}
_ELSEWHERE = re.compile(r"^(?:https?:)?//")
_STYLE = re.compile(r"(?:url\(|@import)\s*['\"]?((?:https?:)?//[^'\")\s]+)")


class _Page(HTMLParser):
    """Collects the addresses that a page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what a tag loads."""
        given = {name: value or "" for name, value in attrs}
        if tag == "link" and _RELATIONS & set(given.get("rel", "").split()):
            self.loaded.append(given.get("href", ""))
        elif tag in _LOADED:
            self.loaded.append(given.get(_LOADED[tag], ""))
        if "mermaid" in given.get("class", "").split():
            self.loaded.append("https://the Mermaid library, for a diagram that the theme draws in the browser")
        self.loaded += _STYLE.findall(given.get("style", ""))


def fetched_from_elsewhere(site: Path) -> list[str]:
    """Return what the pages and styles of a built site load from other hosts, as ``file: address``.

    The theme's script can load two more things: a library for browsers older than 2020, and one for diagrams in
    Mermaid, which are looked for here.
    """
    found = []
    for path in sorted([*site.rglob("*.html"), *site.rglob("*.css"), *site.rglob("*.svg")]):
        text = path.read_text(errors="replace")
        if path.suffix == ".html":
            page = _Page()
            page.feed(text)
            loaded = page.loaded + _STYLE.findall("".join(re.findall(r"<style.*?</style>", text, re.DOTALL)))
        else:
            loaded = _STYLE.findall(text)
        found += [f"{path.relative_to(site)}: {address}" for address in loaded if _ELSEWHERE.match(address)]
    return found
