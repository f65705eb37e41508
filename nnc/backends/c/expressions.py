"""Expressions of C: values with operators, whose parentheses follow from precedence, and the names that they use.

Nothing but the functions here puts texts of expressions together; in a format string an expression raises an error.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy

from nnc.backends.c.text import C_TYPES, UNSIGNED, number_text, symbol_text
from nnc.ir import Dim, SymbolicDim
from nnc.ir.dimensions import Quotient
from nnc.ir.types import FLOATING

FLOOR_DIVIDE = "nnc_floor_divide_i64"
"""The function that dimensions with quotients call."""
NOTHING: frozenset[str] = frozenset()
_KNOWN = 4096
"""Names and dimensions whose expressions are kept."""


class Precedence(IntEnum):
    """How firmly an operator holds its operands together, the loosest first (C99, 6.5)."""

    CONDITIONAL = 0
    OR = 1
    AND = 2
    BIT_OR = 3
    BIT_XOR = 4
    BIT_AND = 5
    EQUALITY = 6
    RELATION = 7
    SHIFT = 8
    SUM = 9
    PRODUCT = 10
    UNARY = 11
    """Below casts, as it is not in C, so that no sign meets a sign: ``--`` is another operator."""
    CAST = 12
    PRIMARY = 13


_SIGNS = {
    "||": Precedence.OR,
    "&&": Precedence.AND,
    "|": Precedence.BIT_OR,
    "^": Precedence.BIT_XOR,
    "&": Precedence.BIT_AND,
    "==": Precedence.EQUALITY,
    "!=": Precedence.EQUALITY,
    "<": Precedence.RELATION,
    "<=": Precedence.RELATION,
    ">": Precedence.RELATION,
    ">=": Precedence.RELATION,
    "<<": Precedence.SHIFT,
    "+": Precedence.SUM,
    "-": Precedence.SUM,
    "*": Precedence.PRODUCT,
    "/": Precedence.PRODUCT,
    "%": Precedence.PRODUCT,
}
_ARITHMETIC = frozenset({Precedence.SUM, Precedence.PRODUCT})
_COMPARING = frozenset({Precedence.EQUALITY, Precedence.RELATION})
_MISREAD = {
    Precedence.OR: frozenset({Precedence.AND}),
    Precedence.BIT_OR: _COMPARING | _ARITHMETIC,
    Precedence.BIT_XOR: _COMPARING | _ARITHMETIC,
    Precedence.BIT_AND: _COMPARING | _ARITHMETIC,
    Precedence.SHIFT: _ARITHMETIC,
}
"""Operands with parentheses that C does not need: people misread them, and compilers warn of them."""

_EITHER_WAY = frozenset({Precedence.OR, Precedence.AND})
"""Operators of which it is all the same whether the first or the last two operands are taken together."""


_CONDITIONAL, _SUM, _UNARY, _CAST, _PRIMARY = (
    *(Precedence.CONDITIONAL, Precedence.SUM),
    *(Precedence.UNARY, Precedence.CAST, Precedence.PRIMARY),
)


@dataclass(slots=True, eq=False)
class Expression:
    """An expression; it is never changed, as several others may be made of it.

    Args:
        text: in C.
        precedence: of its outermost operator.
        uses: names of the variables and functions in it.
    """

    text: str
    precedence: Precedence = _PRIMARY
    uses: frozenset[str] = NOTHING

    def __str__(self) -> str:
        raise TypeError(f"the expression {self.text!r} has a precedence, which a string does not: use operators")

    @property
    def grouped(self) -> Expression:
        """The expression in parentheses."""
        return Expression(f"({self.text})", _PRIMARY, self.uses)

    @property
    def atom(self) -> Expression:
        """The expression as an operand that no operator takes apart: in parentheses if it has operators."""
        return self if self.precedence is _PRIMARY else self.grouped

    @property
    def reference(self) -> Expression:
        """Its address."""
        return Expression(f"&{_within(self, _CAST)}", _UNARY, self.uses)

    @property
    def dereferenced(self) -> Expression:
        """The element that it points to."""
        return Expression(f"*{_within(self, _CAST)}", _UNARY, self.uses)

    @property
    def incremented(self) -> Expression:
        """Its value after 1 is added to it."""
        return Expression(f"++{_within(self, _PRIMARY)}", _UNARY, self.uses)

    def cast(self, c_type: str) -> Expression:
        """Return the expression as another type."""
        return Expression(f"({c_type}){_within(self, _CAST)}", _CAST, self.uses)

    def __getitem__(self, index: Operand) -> Expression:
        place = index if isinstance(index, Expression) else _operand(index)
        text = f"{_within(self, _PRIMARY)}[{place.text}]"
        return Expression(text, _PRIMARY, self.uses | place.uses if place.uses else self.uses)

    def __neg__(self) -> Expression:
        return Expression(f"-{_within(self, _CAST)}", _UNARY, self.uses)

    def __add__(self, other: Operand) -> Expression:
        return infix("+", self, other)

    def __sub__(self, other: Operand) -> Expression:
        return infix("-", self, other)

    def __mul__(self, other: Operand) -> Expression:
        return infix("*", self, other)

    def __truediv__(self, other: Operand) -> Expression:
        return infix("/", self, other)

    def __mod__(self, other: Operand) -> Expression:
        return infix("%", self, other)


@dataclass(slots=True, eq=False)
class Literal(Expression):
    """A number.

    Args:
        value: the number, as its element type has it.
    """

    value: float = 0.0

    @property
    def grouped(self) -> Literal:
        """The number in parentheses."""
        return Literal(f"({self.text})", _PRIMARY, NOTHING, self.value)

    @property
    def is_whole(self) -> bool:
        """Whether each type of C that is taken for it has this number."""
        return not math.isfinite(self.value) or self.value.is_integer()


Operand = Expression | Dim
"""An expression, or a dimension that becomes one."""


def _within(expression: Expression, least: Precedence) -> str:
    """Return a text as the operand of what takes everything apart that is looser than the least precedence."""
    return expression.text if expression.precedence >= least else f"({expression.text})"


# ---------------------------------------------------------------------- names, numbers and dimensions


@lru_cache(maxsize=_KNOWN)
def variable(name: str) -> Expression:
    """Return a variable, or whatever else has a name."""
    return Expression(name, _PRIMARY, frozenset((name,)))


def number(value: float | int | bool, dtype: str) -> Literal:
    """Return a number as a literal of an element type.

    >>> number(-0.5, "float32").text, number(-0.5, "float32").atom.text
    ('-0.5f', '(-0.5f)')
    """
    text = number_text(value, dtype)
    if dtype not in FLOATING:
        is_lowest = int(value) == -(2**63) or (int(value) == -(2**31) and dtype == "int32")  # written as a difference
        precedence = _UNARY if value < 0 and not is_lowest else _PRIMARY
        return Literal(text, precedence, NOTHING, float(value))
    rounded = float(numpy.dtype(dtype).type(value))
    has_sign = math.copysign(1, rounded) < 0 and not math.isnan(rounded)
    return Literal(text, _UNARY if has_sign else _PRIMARY, NOTHING, rounded)


def operand(value: Operand) -> Expression:
    """Return an expression; a dimension in parentheses unless it is one word, wherever it will stand.

    >>> from nnc.ir import symbol
    >>> operand(3 * symbol("batch") - 1).text, operand(symbol("batch")).text, operand(-1).text
    ('(3 * batch - 1)', 'batch', '(-1)')
    """
    return value if isinstance(value, Expression) else _operand(value)


def whole(value: Operand) -> Expression:
    """Return an expression; a dimension as it is where a bracket, a comma or the like ends it.

    >>> from nnc.ir import symbol
    >>> whole(3 * symbol("batch") - 1).text
    '3 * batch - 1'
    """
    return value if isinstance(value, Expression) else _whole(value)


@lru_cache(maxsize=_KNOWN)
def _operand(dim: Dim) -> Expression:
    found = _whole(dim)
    if isinstance(dim, int):
        return found.atom
    (atoms, factor), *rest = dim.terms
    is_symbol = not rest and factor == 1 and len(atoms) == 1 and isinstance(atoms[0], str)
    return found if is_symbol else found.grouped


@lru_cache(maxsize=_KNOWN)
def _whole(dim: Dim) -> Expression:
    if isinstance(dim, int):
        return Expression(str(dim), _PRIMARY if dim >= 0 else _UNARY)
    text = ""
    uses: frozenset[str] = NOTHING
    for atoms, factor in dim.terms:
        factors = [] if abs(factor) == 1 and atoms else [Expression(str(abs(factor)))]
        factors += map(_atom, atoms)
        term = " * ".join([factor.text for factor in factors])
        uses = uses.union(*(factor.uses for factor in factors))
        text += (" - " if factor < 0 else " + ") + term if text else ("-" if factor < 0 else "") + term
    return Expression(text, _precedence(dim), uses)


def _atom(atom: str | Quotient) -> Expression:
    if isinstance(atom, str):
        return variable(symbol_text(atom))
    return call(FLOOR_DIVIDE, whole(atom.numerator), atom.divisor)


def _precedence(dim: SymbolicDim) -> Precedence:
    if len(dim.terms) > 1:
        return Precedence.SUM
    ((atoms, factor),) = dim.terms
    if len(atoms) > 1 or (abs(factor) != 1 and atoms):
        return Precedence.PRODUCT
    return _UNARY if factor < 0 else _PRIMARY


def product_of(*dims: Dim) -> Expression:
    """Return the product of dimensions as an operand."""
    total: Dim = 1
    for dim in dims:
        total = total * dim
    return operand(total)


# ---------------------------------------------------------------------- operators


def infix(sign: str, first: Operand, second: Operand) -> Expression:
    """Return two operands with an operator between them, in parentheses where C would take them apart.

    >>> x, y = variable("x"), variable("y")
    >>> infix("-", x, infix("-", y, 1)).text, infix("|", infix("<", x, y), infix("!=", x, x)).text
    ('x - (y - 1)', '(x < y) | (x != x)')
    """
    own = _SIGNS[sign]
    left = first if isinstance(first, Expression) else _operand(first)
    right = second if isinstance(second, Expression) else _operand(second)
    misread = _MISREAD.get(own, ())
    before, behind = left.text, right.text
    if left.precedence < own or left.precedence in misread:
        before = f"({before})"
    if right.precedence < own or (right.precedence == own and own not in _EITHER_WAY) or right.precedence in misread:
        behind = f"({behind})"
    return Expression(f"{before} {sign} {behind}", own, left.uses | right.uses if right.uses else left.uses)


def chain(sign: str, terms: Iterable[Operand]) -> Expression:
    """Return operands with an operator between each and the next, the first ones taken together first."""
    first, *others = terms
    found = operand(first)
    for other in others:
        found = infix(sign, found, other)
    return found


def element(
    pointer: Expression,
    offset: Dim,
    indices: Sequence[Expression | int],
    strides: Sequence[Dim],
    lengths: Sequence[Dim],
) -> Expression:
    """Return the element behind a pointer at an offset and, along each axis, so many times its stride.

    Args:
        pointer: to the element before the offset.
        offset: elements to the first one.
        indices: one per axis; a number where that is known, so that what begins there is not written out.
        strides: elements from one index to the next.
        lengths: of the axes; where it is 1, so is the index.
    """
    uses, terms = pointer.uses, []
    if offset != 0:
        start = _whole(offset)
        uses, terms = uses | start.uses, [start.text]
    for place, stride, length in zip(indices, strides, lengths, strict=True):
        if stride == 0 or length == 1 or place == 0:
            continue
        index = place if isinstance(place, Expression) else _operand(place)
        if index.uses:
            uses |= index.uses
        if stride == 1:
            terms.append(index.text if index.precedence >= _SUM else f"({index.text})")
            continue
        times = _operand(stride)
        if times.uses:
            uses |= times.uses
        before = index.text if index.precedence == _PRIMARY else f"({index.text})"
        terms.append(f"{before} * {times.text}")
    text = pointer.text if pointer.precedence == _PRIMARY else f"({pointer.text})"
    return Expression(f"{text}[{' + '.join(terms) or '0'}]", _PRIMARY, uses)


def choice(condition: Expression, first: Operand, second: Operand) -> Expression:
    """Return ``condition ? first : second``."""
    one, other = operand(first), operand(second)
    text = f"{_within(condition, Precedence.OR)} ? {one.text} : {other.text}"
    return Expression(text, _CONDITIONAL, condition.uses | one.uses | other.uses)


def call(function: str, *arguments: Operand) -> Expression:
    """Return the call of a function; those of the headers are called with `Unit.call`."""
    given = [operand(argument) for argument in arguments]
    uses = frozenset((function,)).union(*[argument.uses for argument in given])
    return Expression(f"{function}({', '.join([argument.text for argument in given])})", _PRIMARY, uses)


def size_of(c_type: str) -> Expression:
    """Return the bytes of a type."""
    return Expression(f"sizeof({c_type})")


def wrapping(x: Expression, dtype: str) -> Expression:
    """Return an operand so that what is added to it, or multiplied with it, wraps around; see `UNSIGNED`."""
    return x.cast(C_TYPES[UNSIGNED[dtype]]) if dtype in UNSIGNED else x
