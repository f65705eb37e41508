"""Lengths that are not known when a model is wired: a symbol for each, and what layers demand of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import count
from typing import Any

from nnc.errors import ShapeError
from nnc.ir import Dim, SymbolicDim, TensorType, symbol

PREFIX = "unknown_"
"""Prefix of the symbols of unknown lengths while a model is wired."""
_numbers = count(1)
_known: dict[str, Dim] = {}
_NAMES = {1: ("time",), 2: ("time", "features"), 3: ("height", "width", "channels")}
_MORE_NAMES = ("depth", "height", "width", "channels")


def unknown_length() -> SymbolicDim:
    """Return the symbol of one more length that is not known."""
    return symbol(f"{PREFIX}{next(_numbers)}")


def settled(type: TensorType) -> TensorType:
    """Return a type with what is known by now instead of unknown lengths."""
    names = type.symbols & _known.keys()
    while names:
        type = type.substitute(_known)
        names = type.symbols & _known.keys()
    return type


def equate(first: Dim, second: Dim) -> bool:
    """Demand that two dimensions are equal; says whether that is possible, by what is known of unknown lengths.

    One unknown length becomes another or a number (``time`` and ``10``), or a multiple: for ``2*((time+1)//2)`` to be
    ``time``, as in a network that halves and doubles, time has to be even.
    """
    difference = settled(TensorType("bool", (first,))).shape[0] - settled(TensorType("bool", (second,))).shape[0]
    if isinstance(difference, int):
        return False
    unknown = sorted((name for name in difference.symbols if name.startswith(PREFIX)), key=_age, reverse=True)
    for name in unknown:
        replacement = _solved(difference, name)
        if replacement is not None:
            _known[name] = replacement
            return True
    for name in unknown:
        for divisor in difference.divisors(name):
            multiple = divisor * unknown_length()
            if difference.substitute({name: multiple}) == 0:
                _known[name] = multiple
                return True
    return False


def unequal_dims(error: BaseException) -> tuple[Any, Any] | None:
    """Return the dimensions that an error, or what caused it, says should be equal."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ShapeError) and cause.unequal is not None:
            return cause.unequal
        cause = cause.__cause__
    return None


def _age(name: str) -> int:
    return int(name.removeprefix(PREFIX))


def _solved(difference: SymbolicDim, name: str) -> Dim | None:
    """Return what a symbol is where the difference is 0, if that is a whole number for all sizes."""
    itself = symbol(name)
    for sign in (1, -1):
        rest = difference - sign * itself
        if name not in (rest.symbols if isinstance(rest, SymbolicDim) else ()):
            found = -rest if sign == 1 else rest
            if isinstance(found, int):
                return found if found > 0 else None
            return None if found.is_negative or "batch" in found.symbols else found
    return None


def length_names(types: Iterable[TensorType]) -> dict[str, Dim]:
    """Return the names that unknown lengths have in graphs: ``time``, ``height``, ``width``, by where they come first.

    Args:
        types: those of a model's inputs, batch first.
    """
    names: dict[str, Dim] = {}
    taken: set[str] = set()
    for type in map(settled, types):
        wanted = _NAMES.get(type.rank - 1, _MORE_NAMES)
        for axis, dim in enumerate(type.shape[1:]):
            for unknown in sorted(dim.symbols - names.keys() - {"batch"} if isinstance(dim, SymbolicDim) else ()):
                name = next(name for name in _variants(wanted[min(axis, len(wanted) - 1)]) if name not in taken)
                taken.add(name)
                names[unknown] = symbol(name)
    return names


def _variants(name: str) -> Iterator[str]:
    yield name
    for number in count(1):
        yield f"{name}_{number}"
