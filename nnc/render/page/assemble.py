"""Puts a page together: template, style, scripts and data in one file that needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import escape
from importlib import resources
from string import Template
from typing import Any

from nnc.ir import PHASES
from nnc.render.page.text_width import LEADING, SIZES
from nnc.render.theme import DARK, FONT_FAMILY, LIGHT, Theme

_OWN = {
    "light": {"ground": "#F6F7F9", "line": "#D4D9DF", "lit": "#FFF1D2", "mark": "#B87400", "accent": "#1A1A1A"},
    "dark": {"ground": "#0E1114", "line": "#343A42", "lit": "#3D2E12", "mark": "#FFB936", "accent": "#ECEFF3"},
}
"""Colours that a page needs and a picture does not: ground, rules, and what is marked."""
_ENTRY = "main"
_IMPORT = re.compile(r'^import \{(?P<names>[^}]*)\} from "\./(?P<module>\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?P<kind>class|const|function) (?P<name>\w+)", re.MULTILINE)


def assemble(title: str, version: str, data: Any) -> str:
    """Return the text of a page.

    Args:
        title: name of the model.
        version: of nnc.
        data: what `nnc.render.page.document` made.
    """
    style, script = f"{_theme()}\n{_asset('page.css')}", _script()
    policy = f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; img-src data:"
    return Template(_asset("page.html")).substitute(
        policy=escape(policy),
        version=escape(version),
        title=escape(title),
        style=style,
        legend=_legend(),
        data=_json(data),
        script=script,
    )


def _asset(name: str) -> str:
    return (resources.files("nnc.render.page") / "assets" / name).read_text(encoding="utf-8")


def _script() -> str:
    """Return all modules as one script: each is the result of a function, and stands behind those it imports."""
    parts: dict[str, str] = {}

    def add(name: str) -> None:
        text = _asset(f"{name}.js")
        for found in _IMPORT.finditer(text):
            if found["module"] not in parts:
                add(found["module"])
        exported = ", ".join(found["name"] for found in _EXPORT.finditer(text))
        body = _EXPORT.sub(r"\g<kind> \g<name>", _IMPORT.sub(r"const {\g<names>} = \g<module>_module;\n", text))
        parts[name] = f"const {name}_module = (() => {{\n{body}return {{ {exported} }};\n}})();\n"

    add(_ENTRY)
    return '(() => {\n"use strict";\n' + "".join(parts.values()) + "})();\n"


def _json(data: Any) -> str:
    """Return JSON that no text in it can end early: HTML looks for ``</script`` and ``<!--`` in scripts of any kind."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _digest(text: str) -> str:
    """Return the source expression of a content security policy that allows this text and nothing else."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _theme() -> str:
    """Return the theme as custom properties: fonts, and colours for light and for dark."""
    light, dark = _colors(LIGHT), _colors(DARK)
    sizes = " ".join(f"--{style}-size: {size};" for style, size in SIZES.items())
    return (
        f":root {{ --font: {FONT_FAMILY}; --leading: {LEADING}; {sizes} }}\n"
        f":root {{ color-scheme: light; {light} }}\n"
        f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"]) {{ color-scheme: dark; {dark} }} }}\n'
        f':root[data-theme="dark"] {{ color-scheme: dark; {dark} }}'
    )


def _colors(theme: Theme) -> str:
    found = {name: getattr(theme, name) for name in ("paper", "ink", "faint", "arrow", "kept")} | _OWN[theme.name]
    for kind, style in theme.styles.items():
        found[f"{kind}-fill"], found[f"{kind}-border"] = style.fill, style.border
    return " ".join(f"--{name}: {color};" for name, color in found.items())


def _legend() -> str:
    items = (f'<li data-phase="{phase}"><i class="swatch-{phase}"></i>{phase}</li>' for phase in PHASES)
    return f'<ul id="legend" class="legend" aria-label="Colours">{"".join(items)}</ul>'
