"""One table of all ops: operands to try, an independent oracle for the results, and what is known of the derivative.

Dimensions are all different; `BATCH` is known at run time only and stands for 7.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy

from nnc.ir import Dim, Op, TensorType, bind_shape, symbol

BATCH = symbol("batch")
BINDINGS = {"batch": 7}

DIFFERENTIABLE = "differentiable"
"""Every floating-point operand has the derivative that finite differences find."""
FLAT = "flat"
"""The derivative is 0 wherever it exists, so operands get no cotangent."""
WHOLE = "whole numbers"
"""Operands and results are whole numbers or bool here: cotangents never come into being."""
SURROGATE = "surrogate"
"""The derivative is not that of the numbers, on purpose: the op has a test of its own."""
NONE = "none"
"""There is no derivative: asking for one is an error."""


@dataclass(frozen=True)
class Domain:
    """Operands to draw: type and the range of their elements; labels are non-negative rows that sum to 1."""

    type: TensorType
    low: float = -2.0
    high: float = 2.0
    labels: bool = False

    def draw(self, generator: numpy.random.Generator, dtype: str = "float64") -> Any:
        shape = bind_shape(self.type.shape, BINDINGS)
        if not self.type.is_floating:
            return generator.integers(int(self.low), int(self.high), shape).astype(self.type.dtype)
        drawn = generator.uniform(self.low, self.high, shape)
        return (drawn / drawn.sum(-1, keepdims=True) if self.labels else drawn).astype(dtype)


def real(*shape: Dim, low: float = -2.0, high: float = 2.0, labels: bool = False) -> Domain:
    return Domain(TensorType("float64", shape), low, high, labels)


def whole(*shape: Dim, low: int = -3, high: int = 4, dtype: str = "int32") -> Domain:
    return Domain(TensorType(dtype, shape), low, high)


def truth(*shape: Dim) -> Domain:
    return Domain(TensorType("bool", shape), 0, 2)


@dataclass(frozen=True)
class Case:
    """One op on some operands.

    Args:
        op: the op; attributes may have symbols.
        operands: what to draw.
        oracle: the result (or a tuple of them) of NumPy operands, computed in another way than the op does.
        gradient: `DIFFERENTIABLE`, `FLAT`, `WHOLE`, `SURROGATE` or `NONE`.
        tolerance: largest error of the result in float64, relative and absolute.
        flops: exact number of operations for a batch of 7, where it is worth stating.
        prepare: makes the operands of those drawn, where one depends on another.
    """

    op: Op
    operands: tuple[Domain, ...]
    oracle: Callable[..., Any]
    gradient: str = DIFFERENTIABLE
    tolerance: float = 1e-14
    flops: int | None = None
    prepare: Callable[..., list[Any]] | None = None

    @property
    def bound(self) -> Op:
        return self.op.bind(BINDINGS)

    def draw(self, dtype: str = "float64") -> list[Any]:
        generator = numpy.random.default_rng(7)
        drawn = [domain.draw(generator, dtype) for domain in self.operands]
        return drawn if self.prepare is None else self.prepare(*drawn)

    def __str__(self) -> str:
        types = "-".join(str(domain.type) for domain in self.operands)
        return f"{self.op.title}-{types}"


def elements(function: Callable[..., float]) -> Callable[..., Any]:
    """Make an oracle of Python's scalar function."""
    return numpy.vectorize(function, otypes=["float64"])


PAIRS = (
    (real(BATCH, 2, 3), real(BATCH, 2, 3)),
    (real(BATCH, 1, 3), real(2, 1)),
    (real(), real(BATCH)),
    (real(1, 1), real(5)),
)


def binary(op: Op, oracle: Callable[..., float], low: float = -2.0, **keywords: Any) -> list[Case]:
    def limited(domain: Domain) -> Domain:
        return real(*domain.type.shape, low=low)

    return [Case(op, (limited(x), limited(y)), elements(oracle), **keywords) for x, y in PAIRS]


def unary(op: Op, oracle: Callable[[float], float], low: float = -2.0, **keywords: Any) -> list[Case]:
    return [Case(op, (real(*shape, low=low),), elements(oracle), **keywords) for shape in ((BATCH, 2, 3), ())]


def comparing(cls: Callable[..., Op], oracle: Callable[[Any, Any], Any]) -> list[Case]:
    return [
        Case(cls(), (whole(BATCH, 1, 3), whole(2, 1)), lambda x, y: oracle(x, y).astype(bool), FLAT),
        Case(cls(dtype="float64"), PAIRS[1], lambda x, y: oracle(x, y).astype("float64"), FLAT),
        Case(cls(), (truth(BATCH), truth(BATCH)), lambda x, y: oracle(x, y).astype(bool), FLAT),
    ]
