"""Several cells one on top of the other, as one cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.layers.base import Layer
from nnc.layers.declared import KerasLayer
from nnc.layers.input_types import FLOAT
from nnc.layers.nested import layer_config
from nnc.layers.recurrent.cell import checked_cell
from nnc.layers.recurrent.time_loop import zeros


def _check_cells(where: str, key: str, value: Any) -> list[Any]:
    if not isinstance(value, list | tuple) or not value:
        raise ModelError(f"{where}: {key} must be a list of cells, got {value!r:.80}")
    return [checked_cell(cell, where) for cell in value]


class StackedRNNCells(KerasLayer):
    """Cells one on top of the other: each reads the output of the one below.

    Args:
        cells: at least one cell, or configs of cells, the lowest first.

    Raises:
        ModelError: one of them is not a cell.
    """

    cells: Sequence[Any] = argument(_check_cells, lambda cells: [layer_config(cell) for cell in cells])

    @property
    def state_size(self) -> list[Any]:
        """Lengths of the states of each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Length of the output."""
        return _output_size(self.cells[-1])

    def get_initial_state(self, batch_size: Any = None) -> list[Any]:
        """Return the first states of each cell, while a graph is being built."""
        states: list[Any] = []
        for cell in self.cells:
            own = getattr(cell, "get_initial_state", None)
            if own is not None:
                states.append(own(batch_size=batch_size))
                continue
            dtype = getattr(cell, "weights_dtype", None) or self.weights_dtype or FLOAT
            sizes = cell.state_size
            many = isinstance(sizes, list | tuple)
            found = [zeros((batch_size, size), dtype) for size in (sizes if many else [sizes])]
            states.append(found if many else found[0])
        return states

    def build(self, input_shape: Any) -> None:
        for cell in self.cells:
            if isinstance(cell, Layer):
                self.build_sublayer(cell, input_shape)
            input_shape = (input_shape[0], _output_size(cell))

    def call(self, inputs: Value, states: Any) -> tuple[Value, Any]:
        found: list[Any] = []
        for cell, state in zip(self.cells, states, strict=True):
            many = isinstance(state, list | tuple)
            call = cell if isinstance(cell, Layer) else cell.call
            inputs, new = call(inputs, list(state) if many else [state])
            if not many and isinstance(new, list | tuple) and len(new) == 1:
                new = new[0]
            found.append(new)
        return inputs, found


def _output_size(cell: Any) -> int:
    size: int | None = getattr(cell, "output_size", None)
    if size is not None:
        return size
    first: int = cell.state_size[0] if isinstance(cell.state_size, list | tuple) else cell.state_size
    return first
