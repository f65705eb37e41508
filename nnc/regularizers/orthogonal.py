"""The regularizer that wants the rows or the columns of a matrix at right angles."""

from __future__ import annotations

from typing import Any, Literal

import numpy

from nnc.arguments import argument
from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.ir.ops.comparison import NotEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.regularizers.regularizer import DeclaredRegularizer, penalty_factor
from nnc.settings import SETTINGS


def _check_mode(where: str, key: str, value: Any) -> Any:
    if value not in ("rows", "columns"):
        raise ModelError(
            f'Invalid value for argument `{key}`. Expected one of {{"rows", "columns"}}. Received: {key}={value}'
        )
    return value


class OrthogonalRegularizer(DeclaredRegularizer, names=("OrthogonalRegularizer", "orthogonal_regularizer")):
    """factor · the mean of |cosine| over all pairs of rows, or of columns (keras.io/api/layers/regularizers).

    Args:
        factor: the factor; kept as float32, as in Keras.
        mode: ``rows`` or ``columns``.

    Raises:
        ModelError: an argument is wrong.
    """

    factor: float = penalty_factor(default=0.01)
    mode: Literal["rows", "columns"] = argument(_check_mode, default="rows")

    def __post_init__(self) -> None:
        self.factor = float(numpy.float32(self.factor))

    def __call__(self, x: Value) -> Value:
        """Return the penalty of a matrix.

        Raises:
            ModelError: x is not a matrix, or has only one row (or column).
        """
        if x.rank != 2:
            raise ModelError(f"Inputs to OrthogonalRegularizer must have rank 2. Received: inputs.shape={x.shape}")
        rows = ops.transpose(x, (0, 1) if self.mode == "rows" else (1, 0))
        count = rows.shape[0]
        if not isinstance(count, int) or count < 2:
            raise ModelError(f"{self._where} needs at least two {self.mode}, got {x.type}")
        squares = ops.sum(ops.square(rows), 1, keepdims=True)
        unit = rows / ops.sqrt(ops.maximum(squares, SETTINGS.epsilon**2))
        numbers = rows.graph.add(Iota(count))[0]
        others = apply(NotEqual(dtype=rows.dtype), ops.reshape(numbers, (count, 1)), numbers)
        cosines = ops.absolute((unit @ ops.transpose(unit)) * others)
        return ops.sum(cosines) * (self.factor * 0.5 / (count * (count - 1) / 2))
