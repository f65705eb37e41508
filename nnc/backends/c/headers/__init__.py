"""Functions in C that generated units take from the headers beside this file, each by its name.

A header without functions defines macros, and stands before functions that use one of them. A function for float that
has no counterpart for double is one for both: ``float`` and ``_f32`` stand for ``double`` and ``_f64`` as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

HOT = "NNC_HOT"
"""The mark of functions that are optimised in full whatever the unit is compiled with: products above all."""

COMMON = "NNC_COMMON"
"""The mark of functions that are the same in many units, and that these call by their names."""
HALVES = (1, 2)
"""What ``NNC_PART`` is in the halves of a unit; the last has what surrounds its functions, and is all where it is not
divided. Nothing is defined where functions of the headers are translated with the rest."""
COMMON_PART = 3
"""What it is where only functions in common are translated, as a part of a unit that others may have, too."""

_START = re.compile(r"^(?:static|NNC_INLINE|NNC_COMMON)\b[^;=(){}]*?\b(nnc_\w+)\s*\(", re.MULTILINE)
_DECLARED = re.compile(rf"^{COMMON}\b[^{{]*(?= \{{)", re.MULTILINE)
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
        declaration: a line that declares it, where it has a part of its own; else empty.
    """

    parts: tuple[str | tuple[str, str], ...]
    calls: tuple[str, ...]
    macros: frozenset[str]
    declaration: str

    def text(self, pragma: Callable[[str, str], str]) -> str:
        """The definition, with lines of directives as `pragma` writes them."""
        return "".join(part if isinstance(part, str) else f"{pragma(*part)}\n" for part in self.parts)


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
    taken = _taken(names)
    used, has_directives = _macros_used(taken, macros), _has_directives(taken)
    return Sections(_joined(_macro_texts(used), taken, pragma), HOT in used, has_directives)


@dataclass(frozen=True)
class PartedSections:
    """Functions of the headers for a unit that may be translated in parts, as `Sections`.

    Args:
        common: what goes behind the prelude: macros, and the functions that other units may have in common with it.
        own: what stands before the unit's functions, and what calls those.
        is_hot: whether one is optimised in full whatever the unit is compiled with.
        in_common: a text that is the same for units that have the same functions in common, empty where there are none.
            Where there are, what stands behind `common` is to be left out of the part `COMMON_PART`.
    """

    common: str
    own: str
    is_hot: bool
    in_common: str


def parted_sections(
    names: Iterable[str], pragma: Callable[[str, str], str] = plain_pragma, macros: Iterable[str] = ()
) -> PartedSections:
    """Return functions and all functions of the headers that they call, those with the mark `COMMON` apart.

    In a part of a unit these are declared, and in that of their own defined, with what they call; where all is one,
    each function stands once. Arguments and errors are those of `sections`.
    """
    taken = _taken(names)
    used = _macros_used(taken, macros)
    outer = _taken(names, enters=lambda function: not function.declaration)
    common = sorted(name for name, function in outer.items() if function.declaration)
    if not common:
        return PartedSections(_joined(_macro_texts(used), {}, pragma), _joined([], taken, pragma), HOT in used, "")
    inner = _taken(common)
    both = {name: function for name, function in inner.items() if name in outer and not function.declaration}
    apart = {name: function for name, function in inner.items() if name not in both}
    own = {name: function for name, function in outer.items() if name not in inner}
    text = "\n".join(
        [
            *_macro_texts(used),
            *(taken[name].declaration for name in common),
            "",
            *(function.text(pragma) for function in both.values()),
            f"#if NNC_PART == 0 || NNC_PART == {COMMON_PART}",
            _joined([], apart, pragma),
            "#endif",
        ]
    )
    return PartedSections(text, _joined([], own, pragma), HOT in used, sections(common).text)


def _joined(texts: Sequence[str], taken: Mapping[str, _Function], pragma: Callable[[str, str], str]) -> str:
    return "\n".join([*texts, *(function.text(pragma) for function in taken.values())])


def macros_in(text: str) -> frozenset[str]:
    """The names of macros, of headers or not, in the text of a unit's own functions."""
    return frozenset(_MACRO.findall(text))


def function_names() -> Iterable[str]:
    """The names of all functions of the headers."""
    return _functions()


def own_names(*texts: str) -> frozenset[str]:
    """The names with nnc_ before them in texts that units have besides functions of the headers, without it."""
    return frozenset(name for text in texts for name in re.findall(r"\bnnc_(\w+)", text))


def _taken(names: Iterable[str], enters: Callable[[_Function], bool] = lambda function: True) -> dict[str, _Function]:
    """Functions by name, each behind those that it calls, which are left out of those that are not entered."""
    taken: dict[str, _Function] = {}
    for name in names:
        _take(name, taken, enters)
    return taken


def _take(name: str, taken: dict[str, _Function], enters: Callable[[_Function], bool]) -> None:
    if name in taken:
        return
    functions = _functions()
    if name not in functions:
        raise KeyError(f"expected a function of the C headers, got {name!r}; there are {', '.join(sorted(functions))}")
    if enters(functions[name]):
        for called in functions[name].calls:
            _take(called, taken, enters)
    taken[name] = functions[name]


def _macros_used(taken: Mapping[str, _Function], macros: Iterable[str]) -> frozenset[str]:
    return frozenset(macros).union(*[function.macros for function in taken.values()])


def _has_directives(taken: Mapping[str, _Function]) -> bool:
    return any(isinstance(part, tuple) for function in taken.values() for part in function.parts)


def _macro_texts(used: frozenset[str]) -> list[str]:
    """The headers without functions that define a macro of these."""
    return [text for defined, text in _macros() if not defined.isdisjoint(used)]


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
    declared = _DECLARED.search(text)
    declaration = "" if declared is None else f"{' '.join(declared[0].split())};"
    return _Function((*parts, text[start:]), tuple(calls), frozenset(_MACRO.findall(text)), declaration)


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
