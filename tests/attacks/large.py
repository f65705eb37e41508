"""Predicts for arrays of more than 2³¹ elements, in one call, on both backends.

``python -m tests.attacks.large`` needs 12 GiB of memory. Rows at the start, in the middle and around element 2³¹ are
compared with NumPy's; all others are zeros, and so must be what comes of them.
"""

from __future__ import annotations

import gc
from functools import partial
from pathlib import Path

import numpy

import nnc
from nnc.layers import Dense, Permute
from tests.attacks.command import Report, run

ELEMENTS = 2**31


def main() -> None:
    """Run what the command line asks for."""
    backends = ("numpy", "c")
    products = {f"product-{backend}": partial(product, backend) for backend in backends}
    run(products | {f"movement-{backend}": partial(movement, backend) for backend in backends}, __doc__, 1)


def product(backend: str, folder: Path, count: int, seed: int) -> Report:
    """Multiply bytes, which become as many floats on the way."""
    del folder
    width = 4096
    model = nnc.Sequential([nnc.Input((width,), dtype="uint8"), Dense(2, "relu")])
    kernel = numpy.random.default_rng(seed).normal(size=(width, 2)).astype("float32")
    model.set_weights([kernel, numpy.zeros(2, "float32")])
    report = Report()
    for number in range(count):
        x, drawn = rows_of((width,), seed + number)
        found = nnc.compile(model, backend=backend)(x)
        exact = numpy.maximum(x[drawn].astype("float64") @ kernel.astype("float64"), 0.0)
        # each of the products is below 255 · 6, and a sum of float32 numbers is off by a rounding a term at most
        close = numpy.abs(found[drawn] - exact).max() <= width * 255 * 6 * numpy.finfo("float32").eps
        report.check(bool(close), f"{number}: {found[drawn]}, expected {exact}")
        check_others(report, found, drawn)
    return report


def movement(backend: str, folder: Path, count: int, seed: int) -> Report:
    """Exchange axes, so that results have as many elements as operands."""
    del folder
    model = nnc.Sequential([nnc.Input((64, 64), dtype="uint8"), Permute((2, 1))])
    report = Report()
    for number in range(count):
        x, drawn = rows_of((64, 64), seed + number)
        found = nnc.compile(model, backend=backend)(x)
        expected = x[drawn].transpose(0, 2, 1)
        report.check(numpy.array_equal(found[drawn], expected), f"{number}: {found[drawn]}, expected {expected}")
        check_others(report, found, drawn)
    return report


def rows_of(shape: tuple[int, ...], seed: int) -> tuple[numpy.ndarray, list[int]]:
    """Return bytes, zeros for the most part, and the rows that have others; there is no room for those before them."""
    gc.collect()
    end = ELEMENTS // int(numpy.prod(shape))
    drawn = [0, 1, end // 2, end - 1, end, end + 2]
    x = numpy.zeros((end + 3, *shape), "uint8")
    x[drawn] = numpy.random.default_rng(seed).integers(0, 256, (len(drawn), *shape))
    return x, drawn


def check_others(report: Report, found: numpy.ndarray, drawn: list[int]) -> None:
    """Check that rows of zeros have become zeros."""
    report.counts["rows"] += len(found)
    found[drawn] = 0
    report.check(not found.any(), "a row of zeros has become something else")


if __name__ == "__main__":
    main()
