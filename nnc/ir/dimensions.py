"""Dimensions known at run time: whole-number expressions over named symbols, in one canonical form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import gcd, prod
from typing import NoReturn

from nnc.errors import SymbolError
from nnc.ir.names import RESERVED

_LARGEST = 64
"""Terms of a dimension, and atoms of a term: what no model needs, and what keeps a hostile text cheap."""


@dataclass(frozen=True, slots=True)
class Quotient:
    """The whole number of times that `divisor` goes into `numerator`; printed as ``(time+1)//2``."""

    numerator: SymbolicDim
    divisor: int

    def __str__(self) -> str:
        plain = len(self.numerator.terms) == 1 and self.numerator.terms[0][1] == 1
        simple = plain and len(self.numerator.terms[0][0]) == 1
        return f"{self.numerator}//{self.divisor}" if simple else f"({self.numerator})//{self.divisor}"


@dataclass(frozen=True, slots=True)
class SymbolicDim:
    """A dimension known at run time: a polynomial over symbols and quotients, always in canonical form.

    Arithmetic gives dimensions again, or an int where no symbol is left, so that shape rules are written once for
    numbers and symbols. Equality is that of the form: equal forms are equal numbers for all sizes. The converse holds
    for polynomials; two ways to round may be written differently (``time - time//2`` and ``(time+1)//2``).

    ``//`` rounds down, as in Python. What every coefficient of the numerator has as a factor of the divisor is
    divided out, and so are quotients inside quotients: ``((time-1)//2+1-1)//2+1`` is ``(time+3)//4``.

    Args:
        terms: products of atoms (symbols and quotients, sorted) with their factors, none of them 0; longer products
            first, a number without atoms last.

    >>> batch, time = symbol("batch"), symbol("time")
    >>> 3 * batch * (time - 2)
    3*batch*time-6*batch
    >>> (3 * batch).bind({"batch": 32})
    96
    >>> (time - 1) // 2 + 1
    (time+1)//2
    >>> (batch * time - 2 * batch) // (time - 2)
    batch
    """

    terms: tuple[tuple[tuple[str | Quotient, ...], int], ...]

    # ------------------------------------------------------------------ arithmetic

    def __add__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return _canonical([*self.terms, ((), other)]) if other else self
        return _canonical([*self.terms, *other.terms]) if isinstance(other, SymbolicDim) else NotImplemented

    __radd__ = __add__

    def __neg__(self) -> SymbolicDim:
        return SymbolicDim(tuple((atoms, -factor) for atoms, factor in self.terms))

    def __sub__(self, other: Dim) -> Dim:
        return self + -other if isinstance(other, int | SymbolicDim) else NotImplemented

    def __rsub__(self, other: Dim) -> Dim:
        return -self + other

    def __mul__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return SymbolicDim(tuple((atoms, factor * other) for atoms, factor in self.terms)) if other else 0
        if not isinstance(other, SymbolicDim):
            return NotImplemented
        return _canonical(
            (tuple(sorted(first + second, key=_atom_order)), factor * other_factor)
            for first, factor in self.terms
            for second, other_factor in other.terms
        )

    __rmul__ = __mul__

    def __floordiv__(self, other: Dim) -> Dim:
        if isinstance(other, int):
            return _floor(self, other)
        return _exact_quotient(self, other) if isinstance(other, SymbolicDim) else NotImplemented

    def __mod__(self, other: int) -> Dim:
        return self - other * (self // other)

    def __rfloordiv__(self, other: int) -> Dim:
        self._unsupported("divided into a number")

    def __lt__(self, other: Dim) -> bool:
        self._unsupported("compared by size")

    __le__ = __gt__ = __ge__ = __lt__

    def __index__(self) -> int:
        raise SymbolError(f"a number is needed here, but dimension '{self}' is only known at run time")

    def _unsupported(self, action: str) -> NoReturn:
        raise SymbolError(f"dimension '{self}' is only known at run time, so it cannot be {action}")

    # ------------------------------------------------------------------ looking

    @property
    def symbols(self) -> frozenset[str]:
        """Names of the symbols in it."""
        found: set[str] = set()
        for atoms, _ in self.terms:
            for atom in atoms:
                found.update((atom,) if isinstance(atom, str) else atom.numerator.symbols)
        return frozenset(found)

    @property
    def is_negative(self) -> bool:
        """Whether no positive sizes of the symbols could make it positive."""
        return all(factor < 0 for _, factor in self.terms)

    @property
    def grows(self) -> bool:
        """Whether it is sure never to become smaller when a symbol becomes larger."""
        return all(
            (factor > 0 and all(isinstance(atom, str) or atom.numerator.grows for atom in atoms)) or not atoms
            for atoms, factor in self.terms
        )

    def bind(self, bindings: Mapping[str, int]) -> int:
        """Return the number that this dimension is when each symbol has the given size.

        Raises:
            SymbolError: a symbol has none.
        """
        (atoms, factor), *others = self.terms
        try:
            if not others and len(atoms) == 1 and isinstance(atoms[0], str):  # nearly all are the batch alone
                return factor * bindings[atoms[0]]
            return sum(factor * prod(_size(atom, bindings) for atom in atoms) for atoms, factor in self.terms)
        except KeyError as error:
            raise SymbolError(f"no size is given for symbol '{error.args[0]}'") from None

    def magnitude(self, bindings: Mapping[str, int]) -> int:
        """Return a number that none is larger than which comes up where this dimension is computed term by term.

        Raises:
            SymbolError: a symbol has no size.
        """
        try:
            return sum(
                abs(factor) * prod(abs(_magnitude(atom, bindings)) or 1 for atom in atoms)
                for atoms, factor in self.terms
            )
        except KeyError as error:
            raise SymbolError(f"no size is given for symbol '{error.args[0]}'") from None

    def substitute(self, dims: Mapping[str, Dim]) -> Dim:
        """Return the dimension with others instead of symbols; symbols that are not named stay."""
        total: Dim = 0
        for atoms, factor in self.terms:
            product: Dim = factor
            for atom in atoms:
                if isinstance(atom, str):
                    product = product * dims.get(atom, SymbolicDim((((atom,), 1),)))
                else:
                    product = product * (atom.numerator.substitute(dims) // atom.divisor)
            total = total + product
        return total

    def divisors(self, name: str) -> list[int]:
        """Return what quotients with this symbol divide by, ascending."""
        return sorted(
            {
                atom.divisor
                for atoms, _ in self.terms
                for atom in atoms
                if not isinstance(atom, str) and name in atom.numerator.symbols
            }
        )

    def solve(self, size: int, known: Mapping[str, int]) -> tuple[str, int] | None:
        """Return the symbol that is not known and its size, rounded down, where this dimension has `size`.

        None where there are other than one such symbol, or where it stands in a product of its own or a quotient.
        """
        unknown = self.symbols - known.keys()
        if len(unknown) != 1:
            return None
        (name,) = unknown
        slope = offset = 0
        for atoms, factor in self.terms:
            count = atoms.count(name)
            rest = [atom for atom in atoms if atom != name]
            if count > 1 or any(not isinstance(atom, str) and name in atom.numerator.symbols for atom in rest):
                return None
            number = factor * prod(_size(atom, known) for atom in rest)
            slope, offset = (slope + number, offset) if count else (slope, offset + number)
        return (name, (size - offset) // slope) if slope else None

    def __str__(self) -> str:
        text = ""
        for atoms, factor in self.terms:
            parts = [] if abs(factor) == 1 and atoms else [str(abs(factor))]
            alone = not parts and len(atoms) == 1 and (text or factor > 0)
            parts += [str(atom) if alone or isinstance(atom, str) else f"({atom})" for atom in atoms]
            text += f"{'-' if factor < 0 else '+' if text else ''}{'*'.join(parts)}"
        return text

    __repr__ = __str__


Dim = int | SymbolicDim


def _size(atom: str | Quotient, bindings: Mapping[str, int]) -> int:
    return bindings[atom] if isinstance(atom, str) else atom.numerator.bind(bindings) // atom.divisor


def _magnitude(atom: str | Quotient, bindings: Mapping[str, int]) -> int:
    return bindings[atom] if isinstance(atom, str) else max(atom.numerator.magnitude(bindings), atom.divisor)


def _atom_order(atom: str | Quotient) -> tuple[bool, str]:
    return not isinstance(atom, str), str(atom)


def _term_order(term: tuple[tuple[str | Quotient, ...], int]) -> tuple[int, list[tuple[bool, str]]]:
    """Graded lexicographical order, which products keep, so that polynomials can be divided by their first terms."""
    return -len(term[0]), [_atom_order(atom) for atom in term[0]]


def _canonical(terms: Iterable[tuple[tuple[str | Quotient, ...], int]]) -> Dim:
    """Return the sum of terms whose atoms are sorted."""
    factors: dict[tuple[str | Quotient, ...], int] = {}
    for atoms, factor in terms:
        factors[atoms] = factors.get(atoms, 0) + factor
    found = [(atoms, factor) for atoms, factor in factors.items() if factor]
    if not found:
        return 0
    if len(found) == 1 and not found[0][0]:
        return found[0][1]
    if len(found) > _LARGEST or max(len(atoms) for atoms, _ in found) > _LARGEST:
        raise SymbolError(f"a dimension over '{min(_names(found))}' has more than {_LARGEST} terms or factors")
    return SymbolicDim(tuple(found if len(found) == 1 else sorted(found, key=_term_order)))


def _names(terms: Iterable[tuple[tuple[str | Quotient, ...], int]]) -> set[str]:
    return {name for term in terms for name in SymbolicDim((term,)).symbols}


def _floor(dim: SymbolicDim, divisor: int) -> Dim:
    """Return dim // divisor in the form in which every factor and the number lie between 0 and the divisor."""
    if divisor < 1:
        raise SymbolError(f"dimension {dim} cannot be divided by {divisor}; a divisor must be positive")
    if divisor == 1:
        return dim
    if dim.terms[0][1] < 0:  # rounded up: ⌊-x/d⌋ = -⌊(x+d-1)/d⌋
        return -(_as_dim(-dim + (divisor - 1)) // divisor)
    whole = _canonical((atoms, factor // divisor) for atoms, factor in dim.terms)
    rest = _canonical((atoms, factor % divisor) for atoms, factor in dim.terms)
    if isinstance(rest, int):
        return whole
    common = gcd(divisor, *(factor for atoms, factor in rest.terms if atoms))
    if common > 1:  # ⌊(g·x+c)/(g·d)⌋ = ⌊(x+⌊c/g⌋)/d⌋
        divisor //= common
        rest = _as_dim(_canonical((atoms, factor // common) for atoms, factor in rest.terms))
    for atoms, factor in rest.terms:
        if factor == 1 and len(atoms) == 1 and isinstance(atoms[0], Quotient):  # ⌊(⌊x/n⌋+y)/d⌋ = ⌊(x+n·y)/(n·d)⌋
            inner = atoms[0]
            others = rest - SymbolicDim(((atoms, 1),))
            return whole + (inner.numerator + inner.divisor * others) // (inner.divisor * divisor)
    return whole + SymbolicDim((((Quotient(rest, divisor),), 1),))


def _as_dim(dim: Dim) -> SymbolicDim:
    assert isinstance(dim, SymbolicDim)
    return dim


def _exact_quotient(dim: Dim, divisor: SymbolicDim) -> Dim:
    """Divide polynomials by their first terms, again and again, until nothing is left."""
    quotient: Dim = 0
    remainder = dim
    first, first_factor = divisor.terms[0]
    while remainder != 0:
        terms = remainder.terms if isinstance(remainder, SymbolicDim) else (((), remainder),)
        atoms, factor = list(terms[0][0]), terms[0][1]
        if factor % first_factor or any(first.count(atom) > atoms.count(atom) for atom in first):
            raise SymbolError(f"dimension {dim} cannot be divided by {divisor} without a remainder")
        for atom in first:
            atoms.remove(atom)
        part = _canonical([(tuple(atoms), factor // first_factor)])
        quotient, remainder = quotient + part, remainder - part * divisor
    return quotient


# ---------------------------------------------------------------------- names and texts

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TOKEN = re.compile(r"\s*([0-9]+|[A-Za-z_][A-Za-z0-9_]*|//|[-+*()])")
_DEEPEST = 8
"""Brackets inside brackets, and signs before a sign, that a text may have."""


@cache
def symbol(name: str) -> SymbolicDim:
    """Return the dimension named `name`.

    Raises:
        SymbolError: the name could be taken for something else in a text.
    """
    from nnc.ir.types import LONG_NAMES

    if not _NAME.fullmatch(name) or name in RESERVED or name in LONG_NAMES:
        raise SymbolError(f"a symbol needs a name of letters, digits and _ that means nothing else, got {name!r}")
    return SymbolicDim((((name,), 1),))


def parse_dim(text: str) -> Dim:
    """Read a dimension from its text form: numbers and symbols under ``+``, ``-``, ``*`` and ``//``, as in Python.

    Raises:
        SymbolError: the text is something else.

    >>> parse_dim("2*batch*((time-1)//2 + 1)")
    2*batch*((time+1)//2)
    """
    return _Reader(text).read()


class _Reader:
    """Reads a text form by recursive descent."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()
        self.tokens: list[str] = []
        self.at = 0
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self.error(f"cannot read {self.text[position : position + 10].strip()!r}")
            self.tokens.append(match[1])
            position = match.end()

    def error(self, reason: str) -> SymbolError:
        return SymbolError(f"{self.text[:80]!r} is not a dimension: {reason}")

    def accept(self, *texts: str) -> str:
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += token in texts
        return token if token in texts else ""

    def read(self) -> Dim:
        dim = self.sum(0)
        if self.at < len(self.tokens):
            raise self.error(f"unexpected {self.tokens[self.at]!r}")
        return dim

    def sum(self, depth: int) -> Dim:
        total = self.product(depth)
        while sign := self.accept("+", "-"):
            product = self.product(depth)
            total = total + product if sign == "+" else total - product
        return total

    def product(self, depth: int) -> Dim:
        product = self.factor(depth)
        while sign := self.accept("*", "//"):
            factor = self.factor(depth)
            if sign == "*":
                product = product * factor
            elif isinstance(factor, int) and factor > 0:
                product = product // factor
            else:
                raise self.error(f"only a positive number divides, got '{factor}'")
        return product

    def factor(self, depth: int) -> Dim:
        if depth > _DEEPEST:
            raise self.error("it is nested too deeply")
        if self.accept("-"):
            return -self.factor(depth + 1)
        if self.accept("("):
            dim = self.sum(depth + 1)
            if not self.accept(")"):
                raise self.error("expected ')'")
            return dim
        token = self.tokens[self.at] if self.at < len(self.tokens) else ""
        self.at += 1
        if token.isdecimal():
            return int(token)
        if _NAME.fullmatch(token):
            return symbol(token)
        raise self.error(f"expected a number or a name, found {token!r}" if token else "it ends too early")
