"""The base network's training written by hand in C, for the fastest vector functions that the compiler finds."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from pathlib import Path

import numpy

from benchmarks.contestant import CHECKED_EPOCHS, Contestant
from benchmarks.networks.dense import (
    BASE_RATE,
    BASE_ROWS,
    BASE_STEPS,
    BASE_WIDTHS,
    base_data,
    weights,
    weights_of_replicas,
)
from benchmarks.order import Order
from nnc.backends.c.toolchain import build

SOURCE = Path(__file__).with_suffix(".c")


class Training:
    """The loop over epochs around the C function: the order is NumPy's, as in nnc.

    Args:
        replicas: how many networks are trained, one after another; None for one with the usual weights.
    """

    def __init__(self, replicas: int | None = None) -> None:
        library = ctypes.CDLL(str(build(SOURCE.read_text(), extra=("-ffast-math",))))
        self.function = library.train_all
        self.function.restype = None
        self.replicas = replicas or 1
        if replicas is None:
            arrays = [array for pair in weights(BASE_WIDTHS) for array in pair]
        else:
            arrays = weights_of_replicas(BASE_WIDTHS, replicas)
        self.parameters = numpy.concatenate([array.reshape(self.replicas, -1) for array in arrays], 1)
        self.x, self.y = base_data()
        self.order = Order(BASE_ROWS)
        self.sums = numpy.zeros((self.replicas, 2), numpy.float32)
        self.contestant = Contestant(self.fit, self.losses)

    def fit(self, epochs: int, shuffle: bool = True) -> list[numpy.ndarray]:
        """Train, and return loss and accuracy of every network in every epoch."""
        order, function = numpy.arange(BASE_ROWS), self.function
        arrays = self.parameters, self.x, self.y, order
        given = *(ctypes.c_void_p(array.ctypes.data) for array in arrays), ctypes.c_int64(BASE_STEPS)
        rest = ctypes.c_float(BASE_RATE), ctypes.c_void_p(self.sums.ctypes.data), ctypes.c_int64(self.replicas)
        history = []
        for _ in range(epochs):
            order[:] = self.order.draw(shuffle)
            function(*given, *rest)
            history.append(self.sums / BASE_ROWS)
        return history

    def losses(self) -> Sequence[float]:
        """Return the losses of the first epochs."""
        return [loss for epoch in self.fit(CHECKED_EPOCHS, shuffle=False) for loss in epoch[:, 0].tolist()]


def by_hand() -> Contestant:
    """Return the loop around the C function."""
    return Training().contestant


def replicas_by_hand(replicas: int) -> Contestant:
    """Return the loop around the C function for one network after another."""
    return Training(replicas).contestant
