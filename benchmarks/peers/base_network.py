"""The base network's training written by hand in C, for the fastest vector functions that the compiler finds."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks.dense import BASE_RATE, BASE_ROWS, BASE_STEPS, BASE_WIDTHS, base_data, weights
from benchmarks.order import Order
from nnc.backends.c.toolchain import build

SOURCE = Path(__file__).with_suffix(".c")


class Training:
    """The loop over epochs around the C function: the order is NumPy's, as in nnc."""

    def __init__(self) -> None:
        library = ctypes.CDLL(str(build(SOURCE.read_text(), extra=("-ffast-math",))))
        self.function = library.train
        self.function.restype = None
        arrays = [array.ravel() for pair in weights(BASE_WIDTHS) for array in pair]
        self.parameters = numpy.concatenate(arrays)
        self.x, self.y = base_data()
        self.order = Order(BASE_ROWS)
        self.sums = numpy.zeros(2, numpy.float32)
        self.contestant = Contestant(self.fit, self.losses)

    def fit(self, epochs: int, shuffle: bool = True) -> Sequence[tuple[float, ...]]:
        """Train, and return loss and accuracy of every epoch."""
        order, function = numpy.arange(BASE_ROWS), self.function
        arrays = self.parameters, self.x, self.y, order
        given = *(ctypes.c_void_p(array.ctypes.data) for array in arrays), ctypes.c_int64(BASE_STEPS)
        rest = ctypes.c_float(BASE_RATE), ctypes.c_void_p(self.sums.ctypes.data)
        history = []
        for _ in range(epochs):
            order[:] = self.order.draw(shuffle)
            function(*given, *rest)
            history.append(tuple(number / BASE_ROWS for number in self.sums.tolist()))
        return history

    def losses(self) -> Sequence[float]:
        """Return the losses of the first epochs."""
        return [loss for loss, _ in self.fit(CHECKED_EPOCHS, shuffle=False)]


def by_hand() -> Contestant:
    """Return the loop around the C function."""
    return Training().contestant
