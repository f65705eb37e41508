"""The order of rows in the epochs of training loops: drawn as nnc draws it, from the same numbers."""

from __future__ import annotations

from typing import Any

import numpy

ORDER_SEED = 0
"""Of the order of rows, for nnc and for all loops that take an order from outside; others shuffle by themselves."""


class Order:
    """Draws orders.

    Args:
        rows: how many there are.
    """

    def __init__(self, rows: int) -> None:
        self._rows, self._generator = rows, numpy.random.default_rng(ORDER_SEED)

    def draw(self, shuffle: bool = True) -> Any:
        """Return the rows of the next epoch as int64, or all in their own order."""
        order = numpy.arange(self._rows)
        if shuffle:
            self._generator.shuffle(order)
        return order
