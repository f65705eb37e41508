"""The limits of the machine, measured in a moment: products, memory, and calls of NumPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from time import perf_counter

import numpy

from nnc.backends.numpy import kernel_settings

_ORDERS = (64, 512)
"""Orders of the products; BLAS uses one thread for the small one, which is faster where the others are held up."""
_COPIED_BYTES = 64 * 2**20
_CALLS = 2000
_TIMES, _SECONDS = 3, 0.05
"""Each rate is the best of at least so many tries, and of those that a time allows."""


@dataclass(frozen=True)
class Machine:
    """Rates of a machine.

    Args:
        dtype: element type of the products.
        product_rate: floating-point operations per second of a matrix product by NumPy's BLAS, with its threads.
        bandwidth: bytes per second that a copy of a long array reads and writes.
        call_seconds: what a call of NumPy takes that adds two numbers.
    """

    dtype: str
    product_rate: float
    bandwidth: float
    call_seconds: float

    @property
    def balance(self) -> float:
        """Operations per byte above which products, and below which memory is the limit: the ridge of the roofline."""
        return self.product_rate / self.bandwidth


@cache
def measure_machine(dtype: str = "float32") -> Machine:
    """Measure the machine, which takes a fraction of a second; once in a process.

    Args:
        dtype: element type of the products.
    """
    long = numpy.ones(_COPIED_BYTES, numpy.uint8)
    copy = numpy.zeros_like(long)
    one, two = numpy.ones(1, dtype), numpy.empty(1, dtype)

    def calls() -> None:
        add = numpy.add
        for _ in repeat(None, _CALLS):
            add(one, one, two)

    with kernel_settings():
        return Machine(
            dtype,
            max(_product_rate(order, dtype) for order in _ORDERS),
            2 * _COPIED_BYTES / _shortest(lambda: numpy.copyto(copy, long)),
            _shortest(calls) / _CALLS,
        )


def _product_rate(order: int, dtype: str) -> float:
    square = numpy.ones((order, order), dtype)
    product = numpy.empty_like(square)
    return 2 * order**3 / _shortest(lambda: numpy.matmul(square, square, product))


def _shortest(function: Callable[[], object]) -> float:
    """Return the seconds of the fastest of some calls."""
    seconds: list[float] = []
    while len(seconds) < _TIMES or sum(seconds) < _SECONDS:
        start = perf_counter()
        function()
        seconds.append(perf_counter() - start)
    return min(seconds)
