"""Functions in C that generated units take from the headers beside this file, each by its name.

A header without functions defines macros, and stands before functions that use one of them. A function for float that
has no counterpart for double is one for both: ``float`` and ``_f32`` stand for ``double`` and ``_f64`` as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import NamedTuple

HOT = "NNC_HOT"
"""The mark of functions that are optimised in full whatever the unit is compiled with: products above all."""

_START = re.compile(r"^static\b[^;=(){}]*?\b(nnc_\w+)\s*\(", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DEFINED = re.compile(r"^#define (NNC_\w+)", re.MULTILINE)
_CALL = re.compile(r"\bnnc_\w+(?=\s*\()")


class _Function(NamedTuple):
    """A function's text, its comment included, and the nnc_ functions that it calls, in order of appearance."""

    text: str
    calls: tuple[str, ...]


def sections(names: Iterable[str]) -> str:
    """The text of functions and of all functions of the headers that they call.

    Each function stands once, after those that it calls; one blank line lies between two. A unit that takes them
    includes ``<math.h>``, ``<stdint.h>`` and ``<string.h>``.

    Args:
        names: such as ``nnc_exp_f32``.

    Raises:
        KeyError: no header has a function of such a name.
    """
    taken: dict[str, str] = {}
    for name in names:
        _take(name, taken)
    text = "\n".join(taken.values())
    return "\n".join([*(macros for used, macros in _macros() if any(name in text for name in used)), text])


def function_names() -> Iterable[str]:
    """The names of all functions of the headers."""
    return _functions()


def _take(name: str, taken: dict[str, str]) -> None:
    if name in taken:
        return
    functions = _functions()
    if name not in functions:
        raise KeyError(f"expected a function of the C headers, got {name!r}; there are {', '.join(sorted(functions))}")
    for called in functions[name].calls:
        _take(called, taken)
    taken[name] = functions[name].text


@cache
def _macros() -> tuple[tuple[frozenset[str], str], ...]:
    """The headers without functions: the macros that each defines, and its text."""
    texts = [header.read_text(encoding="utf-8") for header in sorted(Path(__file__).parent.glob("*.h"))]
    return tuple((frozenset(_DEFINED.findall(text)), text) for text in texts if not _START.search(text))


@cache
def _functions() -> dict[str, _Function]:
    """All functions of all headers, by name."""
    found: dict[str, _Function] = {}
    for header in sorted(Path(__file__).parent.glob("*.h")):
        for name, function in _split(header.read_text(encoding="utf-8")).items():
            if name in found:
                raise ValueError(f"{header.name}: {name} is defined in another header too")
            found[name] = function
    for name in [name for name in found if name.endswith("_f32") and _in_double(name) not in found]:
        text, calls = found[name]
        found[_in_double(name)] = _Function(_in_double(text), tuple(map(_in_double, calls)))
    return found


def _in_double(text: str) -> str:
    """The text of what is said of float, said of double."""
    return re.sub(r"_f32\b", "_f64", re.sub(r"\bfloat\b", "double", text))


def _split(header: str) -> dict[str, _Function]:
    """The functions of a header's text: from ``static`` to ``}``, both at the start of a line."""
    found: dict[str, _Function] = {}
    for match in _START.finditer(header):
        name = match[1]
        end = header.index("\n}\n", match.start()) + len("\n}\n")
        text = header[match.start() : end]
        calls = dict.fromkeys(_CALL.findall(_COMMENT.sub("", text)))
        calls.pop(name)
        found[name] = _Function(_comment_above(header[: match.start()]) + text, tuple(calls))
    return found


def _comment_above(before: str) -> str:
    """The lines that directly precede a function: what follows the last blank line."""
    return before[before.rfind("\n\n") + 2 :] if "\n\n" in before else before
