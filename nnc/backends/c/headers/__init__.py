"""Functions in C that generated units take from the headers beside this file, each by its name.

A header without functions defines macros, and stands before functions that use one of them. A function for float that
has no counterpart for double is one for both: ``float`` and ``_f32`` stand for ``double`` and ``_f64`` as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOT = "NNC_HOT"
"""The mark of functions that are optimised in full whatever the unit is compiled with: products above all."""

_START = re.compile(r"^(?:static|NNC_INLINE)\b[^;=(){}]*?\b(nnc_\w+)\s*\(", re.MULTILINE)
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_DEFINED = re.compile(r"^#define (NNC_\w+)", re.MULTILINE)
_CALL = re.compile(r"\bnnc_\w+(?=\s*\()")
_MACRO = re.compile(r"\bNNC_\w+")
_DIRECTIVE = re.compile(r"^#pragma omp (.*)\n(?=( *))", re.MULTILINE)


@dataclass(frozen=True)
class _Function:
    """A function.

    Args:
        parts: its text, its comment included; each directive of OpenMP by itself, with the indentation of its loop.
        calls: the functions of headers that it calls, in order of appearance.
        macros: names of the macros of headers that it may use.
    """

    parts: tuple[str | tuple[str, str], ...]
    calls: tuple[str, ...]
    macros: frozenset[str]


@dataclass(frozen=True)
class Sections:
    """Functions of the headers, for a unit.

    Args:
        text: their definitions, each after those that it calls; one blank line lies between two.
        is_hot: whether one is optimised in full whatever the unit is compiled with.
        has_directives: whether loops in them have directives of OpenMP.
    """

    text: str
    is_hot: bool
    has_directives: bool


def plain_pragma(directive: str, indent: str) -> str:
    """Return the line of a directive of OpenMP; lines of the preprocessor are not indented."""
    del indent
    return f"#pragma omp {directive}"


def sections(
    names: Iterable[str], pragma: Callable[[str, str], str] = plain_pragma, macros: Iterable[str] = ()
) -> Sections:
    """Return functions and all functions of the headers that they call.

    Each function stands once. A unit that takes them includes ``<math.h>``, ``<stdint.h>`` and ``<string.h>``.

    Args:
        names: such as ``nnc_exp_f32``.
        pragma: writes the line of a directive of OpenMP from the directive and the indentation of the loop below.
        macros: names of macros of the headers that the unit uses itself.

    Raises:
        KeyError: no header has a function of such a name.
    """
    taken: dict[str, _Function] = {}
    for name in names:
        _take(name, taken)
    used = frozenset(macros).union(*[function.macros for function in taken.values()])
    directives = [part for function in taken.values() for part in function.parts if isinstance(part, tuple)]
    texts = [macros for defined, macros in _macros() if not defined.isdisjoint(used)]
    for function in taken.values():
        parts = [part if isinstance(part, str) else f"{pragma(*part)}\n" for part in function.parts]
        texts.append("".join(parts))
    return Sections("\n".join(texts), HOT in used, bool(directives))


def macros_in(text: str) -> frozenset[str]:
    """The names of macros, of headers or not, in the text of a unit's own functions."""
    return frozenset(_MACRO.findall(text))


def function_names() -> Iterable[str]:
    """The names of all functions of the headers."""
    return _functions()


def own_names(*texts: str) -> frozenset[str]:
    """The names with nnc_ before them in texts that units have besides functions of the headers, without it."""
    return frozenset(name for text in texts for name in re.findall(r"\bnnc_(\w+)", text))


def _take(name: str, taken: dict[str, _Function]) -> None:
    if name in taken:
        return
    functions = _functions()
    if name not in functions:
        raise KeyError(f"expected a function of the C headers, got {name!r}; there are {', '.join(sorted(functions))}")
    for called in functions[name].calls:
        _take(called, taken)
    taken[name] = functions[name]


@cache
def _macros() -> tuple[tuple[frozenset[str], str], ...]:
    """The headers without functions: the macros that each defines, and its text."""
    texts = [header.read_text(encoding="utf-8") for header in sorted(Path(__file__).parent.glob("*.h"))]
    return tuple((frozenset(_DEFINED.findall(text)), text) for text in texts if not _START.search(text))


@cache
def _functions() -> dict[str, _Function]:
    """All functions of all headers, by name."""
    texts: dict[str, str] = {}
    for header in sorted(Path(__file__).parent.glob("*.h")):
        for name, text in _split(header.read_text(encoding="utf-8")):
            if name in texts:
                raise ValueError(f"{header.name}: {name} is defined in another header too")
            texts[name] = text
    for name in [name for name in texts if name.endswith("_f32") and _in_double(name) not in texts]:
        texts[_in_double(name)] = _in_double(texts[name])
    return {name: _function(name, text) for name, text in texts.items()}


def _function(name: str, text: str) -> _Function:
    """The facts that a function's text states."""
    calls = dict.fromkeys(_CALL.findall(_COMMENT.sub("", text)))
    calls.pop(name)
    parts: list[str | tuple[str, str]] = []
    start = 0
    for found in _DIRECTIVE.finditer(text):
        parts += [text[start : found.start()], (found[1], found[2])]
        start = found.end()
    return _Function((*parts, text[start:]), tuple(calls), frozenset(_MACRO.findall(text)))


def _in_double(text: str) -> str:
    """The text of what is said of float, said of double."""
    return re.sub(r"_f32\b", "_f64", re.sub(r"\bfloat\b", "double", text))


def _split(header: str) -> Iterator[tuple[str, str]]:
    """The names and texts of a header's functions, from ``static`` or ``NNC_INLINE`` to ``}`` at the start of lines."""
    for match in _START.finditer(header):
        end = header.index("\n}\n", match.start()) + len("\n}\n")
        yield match[1], _comment_above(header[: match.start()]) + header[match.start() : end]


def _comment_above(before: str) -> str:
    """The lines that directly precede a function: what follows the last blank line."""
    return before[before.rfind("\n\n") + 2 :] if "\n\n" in before else before
