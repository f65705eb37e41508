"""The page's file: one, closed in itself, and safe whatever names it has to show."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

from nnc import __version__
from nnc.render.page import page
from nnc.render.page.assemble import assemble
from nnc.render.page.text_width import box_size, text_width
from nnc.render.theme import DARK, LIGHT
from tests.render.page import subjects


class Reader(HTMLParser):
    """Collects tags with their attributes, and the texts of scripts, styles and the title."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.open.append(tag)

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("script", "style", "title"):
            self.texts.setdefault(self.open[-1], []).append(data)

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open.pop() != tag:
            pass


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    return reader


def test_the_file_refers_to_nothing_outside() -> None:
    reader = read(subjects.base_page())
    for tag, attributes in reader.tags:
        assert tag not in ("link", "img", "iframe", "object", "base")
        assert not {"src", "href", "srcset", "action"} & set(attributes), tag
        assert not any(name.startswith("on") for name in attributes), tag
    style = "".join(reader.texts["style"])
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    reader = read(subjects.base_page())
    policy = next(item["content"] for tag, item in reader.tags if tag == "meta" and "http-equiv" in item)
    assert policy is not None
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
    assert directives["default-src"] == "'none'"
    for directive, text in (("style-src", reader.texts["style"][0]), ("script-src", reader.texts["script"][-1])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert directives[directive] == f"'sha256-{digest}'"


def test_hostile_names_stay_data() -> None:
    text = page(subjects.hostile_subject(), __version__)
    reader = read(text)
    assert [tag for tag, _ in reader.tags].count("script") == 2
    assert reader.texts["title"] == [f"{subjects.HOSTILE} · nnc"]
    data = json.loads(reader.texts["script"][0])
    assert data["title"] == subjects.HOSTILE
    assert subjects.HOSTILE_LAYER in data["strings"]
    assert "\u2028" not in reader.texts["script"][0]


def test_both_schemes_are_there() -> None:
    style = read(subjects.base_page()).texts["style"][0]
    light, dark = style.split("@media (prefers-color-scheme: dark)", 1)
    for theme, part in ((LIGHT, light), (DARK, dark)):
        assert f"--paper: {theme.paper};" in part
        for kind, kind_style in theme.styles.items():
            assert f"--{kind}-fill: {kind_style.fill}; --{kind}-border: {kind_style.border};" in part


def test_every_module_stands_behind_those_it_imports_and_leaks_nothing() -> None:
    script = read(assemble("t", __version__, {})).texts["script"][-1]
    assert script.startswith('(() => {\n"use strict";\n')
    assert script.endswith("})();\n")
    defined: list[str] = []
    for line in script.splitlines():
        if found := re.fullmatch(r"const (\w+)_module = \(\(\) => \{", line):
            defined.append(found[1])
        elif found := re.fullmatch(r"(?:const \{.*)?\} = (\w+)_module;", line):
            assert found[1] in defined[:-1]
    assert defined[-1] == "main"
    assert len(defined) == len(set(defined))
    assert not re.search(r"^(import|export)\b", script, re.MULTILINE)


def test_texts_are_measured_like_helvetica() -> None:
    assert round(text_width("iiii", 10), 2) == round(4 * 2.22 * 1.04, 2)
    assert text_width("W", 10) > text_width("i", 10)
    assert text_width("層", 10) > text_width("l", 10)
    assert text_width("abc", 10, is_bold=True) > text_width("abc", 10)
    assert box_size(()) == (22, 14)
