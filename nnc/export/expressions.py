"""Numbers that depend on the rows of a batch, found from samples and written as expressions; texts with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nnc.backends.numpy.text import string_text


class InexpressibleError(Exception):
    """The samples follow none of the forms that can be written."""


@dataclass(frozen=True)
class Polynomial:
    """A whole number: a sum of products of variables, such as ``rows`` and indices of loops.

    Args:
        terms: factor by sorted names of variables; none is 0.
    """

    terms: tuple[tuple[tuple[str, ...], int], ...] = ()

    @classmethod
    def of(cls, terms: Mapping[tuple[str, ...], int]) -> Polynomial:
        """Return the sum of the terms."""
        return cls(tuple(sorted((names, factor) for names, factor in terms.items() if factor)))

    @classmethod
    def number(cls, number: int) -> Polynomial:
        """Return a constant."""
        return cls.of({(): number})

    def __sub__(self, other: Polynomial) -> Polynomial:
        found = dict(self.terms)
        for names, factor in other.terms:
            found[names] = found.get(names, 0) - factor
        return Polynomial.of(found)

    def plus(self, step: Polynomial, index: str | int) -> Polynomial:
        """Return this plus `index` times a step, where the index is a variable or a number."""
        found = dict(self.terms)
        for names, factor in step.terms:
            key, times = (names, index) if isinstance(index, int) else (tuple(sorted((*names, index))), 1)
            found[key] = found.get(key, 0) + factor * times
        return Polynomial.of(found)

    def __str__(self) -> str:
        text = ""
        for names, factor in sorted(self.terms, key=lambda term: (-len(term[0]), term[0])):
            sign = "-" if factor < 0 else "+"
            size = "" if abs(factor) == 1 and names else str(abs(factor))
            product = " * ".join([*([size] if size else []), *names])
            text = f"{text} {sign} {product}" if text else f"{'-' if factor < 0 else ''}{product}"
        return text or "0"


Text = tuple[str | Polynomial, ...]
"""A text with numbers in it."""


def text_of(text: Text) -> str:
    """Return a text with its numbers written out."""
    return "".join(map(str, text))


def joined(texts: Sequence[Text], separator: str = ", ") -> Text:
    """Return texts one behind the other."""
    found: list[str | Polynomial] = []
    for position, text in enumerate(texts):
        found += [*([separator] if position else []), *text]
    return tuple(found)


def fit(samples: Mapping[int, int], rows: str) -> Text:
    """Return the expression for numbers by rows: a constant, a line, or the smaller or larger one of both.

    Raises:
        InexpressibleError: it is none of these.
    """
    counts = sorted(samples)
    values = [samples[count] for count in counts]
    if len(set(values)) == 1:
        return (Polynomial.number(values[0]),)
    for (first, before), (second, after) in (
        tuple(zip(counts, values, strict=True))[:2],
        tuple(zip(counts, values, strict=True))[-2:],
    ):
        slope, rest = divmod(after - before, second - first)
        if rest:
            continue
        start = before - slope * first
        line = Polynomial.of({(rows,): slope, (): start})
        on_line = [slope * count + start for count in counts]
        if on_line == values:
            return (line,)
        for name, choose, limit in (("min", min, max(values)), ("max", max, min(values))):
            if values == [choose(limit, number) for number in on_line]:
                return (f"{name}(", Polynomial.number(limit), ", ", line, ")")
    raise InexpressibleError(f"{values} for {counts} rows")


def is_like(first: Text, second: Text) -> bool:
    """Whether two texts differ in numbers only."""
    return len(first) == len(second) and all(
        a == b if isinstance(a, str) or isinstance(b, str) else True for a, b in zip(first, second, strict=True)
    )


def moved(first: Text, second: Text, index: str | int) -> Text:
    """Return the text `index` steps behind the first, where the second is one step behind it."""
    return tuple(
        a if isinstance(a, str) or isinstance(b, str) else a.plus(b - a, index)
        for a, b in zip(first, second, strict=True)
    )


_CONDITION = " if "


def repeated(items: Sequence[tuple[Text, Text]], index: str, shortest: int = 3) -> list[Text]:
    """Return the elements of a list, those that progress evenly written as one generator.

    Args:
        items: each element, and when it is there: an empty text for always.
        index: name of the generator's variable.
        shortest: elements from which on a generator is written.
    """
    texts: list[Text] = [(*body, _CONDITION, *condition) for body, condition in items]
    found: list[Text] = []
    start = 0
    while start < len(texts):
        stop = start + 1
        while stop < len(texts) and is_like(texts[start], texts[stop]):
            if moved(texts[start], texts[start + 1], stop - start) != texts[stop]:
                break
            stop += 1
        if stop - start < shortest:
            body, condition = items[start]
            found.append(("*([", *body, f"]{_CONDITION}", *condition, " else [])") if condition else body)
            start += 1
            continue
        both = moved(texts[start], texts[start + 1], index)
        middle = len(items[start][0])
        body, condition = both[:middle], both[middle + 1 :]
        end: Text = (_CONDITION, *condition, ")") if condition else (")",)
        found.append(("*(", *body, f" for {index} in range(", Polynomial.number(stop - start), ")", *end))
        start = stop
    return found


def literal(value: Any) -> str:
    """Return a number, a string or a tuple of these as Python text that gives the same bits."""
    if isinstance(value, str):
        return string_text(value)
    if isinstance(value, tuple):
        return f"({', '.join(map(literal, value))}{',' if len(value) == 1 else ''})"
    text = repr(value)
    return f'float("{text}")' if text in ("inf", "-inf", "nan") else text
