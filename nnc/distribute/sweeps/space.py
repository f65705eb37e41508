"""The space that a sweep searches: what each parameter may be, and the trials that a sampler takes from it."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.checks import is_number, is_whole
from nnc.errors import ModelError, nearest

KINDS = ("choice", "uniform", "log_uniform", "int", "log_int")
_POINTS = "points"
_EXAMPLE = "for example [16, 32] or {log_uniform: [1e-4, 1e-1]}"


@dataclass(frozen=True)
class Choice:
    """One of some values.

    Args:
        values: the values, which may be numbers, texts, lists or mappings.
    """

    values: tuple[Any, ...]

    def points(self) -> tuple[Any, ...]:
        """Return all values, which a grid takes."""
        return self.values

    def draw(self, generator: numpy.random.Generator) -> Any:
        """Return one of them."""
        return self.values[int(generator.integers(len(self.values)))]


@dataclass(frozen=True)
class Range:
    """Numbers between two others, which may be among them.

    Args:
        low: the smallest.
        high: the largest.
        is_log: whether their logarithms are drawn evenly.
        is_whole: whether they are whole.
        count: how many of them a grid takes; None where that is not said.
    """

    low: float
    high: float
    is_log: bool = False
    is_whole: bool = False
    count: int | None = None

    def points(self) -> tuple[Any, ...] | None:
        """Return those that a grid takes, None where nobody said how many."""
        if self.count is None:
            return tuple(range(int(self.low), int(self.high) + 1)) if self.is_whole and not self.is_log else None
        spaced = numpy.geomspace if self.is_log else numpy.linspace
        found = spaced(self.low, self.high, self.count).tolist()
        return tuple(dict.fromkeys(round(value) for value in found)) if self.is_whole else tuple(found)

    def draw(self, generator: numpy.random.Generator) -> Any:
        """Return one of them."""
        if self.is_whole and not self.is_log:
            return int(generator.integers(int(self.low), int(self.high) + 1))
        if not self.is_log:
            return float(generator.uniform(self.low, self.high))
        below, above = (self.low - 0.5, self.high + 0.5) if self.is_whole else (self.low, self.high)
        value = math.exp(generator.uniform(math.log(below), math.log(above)))
        value = min(max(value, self.low), self.high)
        return round(value) if self.is_whole else value


Parameter = Choice | Range


def read_parameter(given: Any) -> Parameter:
    """Return what a parameter may be.

    Args:
        given: a list of values, or a mapping with one of `KINDS`; a range may say beside it how many ``points`` a grid
            takes of it.

    Raises:
        ModelError: it is something else.
    """
    if isinstance(given, Sequence) and not isinstance(given, str):
        return _choice(given)
    if not isinstance(given, Mapping):
        raise ModelError(f"expected a list of values or a range, {_EXAMPLE}, got {given!r:.80}")
    for key in given:
        if key not in (*KINDS, _POINTS):
            raise ModelError(f"unknown key '{key}', expected one of {', '.join(KINDS)}.{nearest(str(key), KINDS)}")
    kinds = [key for key in given if key in KINDS]
    if len(kinds) != 1:
        raise ModelError(f"expected one of {', '.join(KINDS)}, got {', '.join(kinds) or 'none'}")
    kind, points = kinds[0], given.get(_POINTS)
    if kind == "choice":
        if _POINTS in given:
            raise ModelError("points are those of a range; a grid takes all values of a choice")
        return _choice(given[kind])
    if points is not None and (not is_whole(points) or points < 2):
        raise ModelError(f"points must be a whole number of at least 2, got {points!r}")
    return _range(kind, given[kind], points)


def _choice(given: Any) -> Choice:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise ModelError(f"expected a list of at least one value, {_EXAMPLE}, got {given!r:.80}")
    texts = [canonical(value) for value in given]
    for position, text in enumerate(texts):
        if text in texts[:position]:
            raise ModelError(f"the value {given[position]!r:.80} is given twice; remove one")
    return Choice(tuple(given))


def _range(kind: str, given: Any, points: int | None) -> Range:
    is_log, wants_whole = kind.startswith("log_"), kind.endswith("int")
    check, what = (is_whole, "whole numbers") if wants_whole else (is_number, "numbers")
    limits = list(given) if isinstance(given, Sequence) and not isinstance(given, str) else []
    if len(limits) != 2 or not all(check(limit) and math.isfinite(limit) for limit in limits):
        raise ModelError(f"{kind} takes two {what}, the smallest and the largest, got {given!r:.80}")
    low, high = limits
    if low >= high:
        raise ModelError(f"{kind}: the first number must be smaller than the second, got {low!r} and {high!r}")
    if is_log and low <= 0:
        raise ModelError(f"{kind}: the numbers must be above 0, got {low!r}")
    return Range(low, high, is_log, wants_whole, points)


def canonical(value: Any) -> str:
    """Return a text that equal values have in common, and others have not: 1 and 1.0 are others."""
    return json.dumps(value, sort_keys=True, default=repr)


def grid(space: Mapping[str, Parameter]) -> list[dict[str, Any]]:
    """Return the parameters of each trial of a grid: all combinations, of which the last parameter changes fastest.

    Raises:
        ModelError: a range does not say how many of its numbers are taken.
    """
    points: list[tuple[Any, ...]] = []
    for name, parameter in space.items():
        found = parameter.points()
        if found is None:
            raise ModelError(
                f"'{name}' is a range, of which a grid takes so many points as you say: add points: 5 beside it, or"
                " take sampler: random"
            )
        points.append(found)
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*points)]


def draws(space: Mapping[str, Parameter], seed: int) -> Iterator[dict[str, Any]]:
    """Yield the parameters of one random trial after the other; the same ones for the same seed, however many."""
    generator = numpy.random.default_rng(seed)
    while True:
        yield {name: parameter.draw(generator) for name, parameter in space.items()}


def is_finite(space: Mapping[str, Parameter]) -> bool:
    """Whether there is a grid of it without further words."""
    return all(parameter.points() is not None for parameter in space.values())
