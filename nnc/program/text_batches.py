"""Batches of texts that are as long as the longest of each batch, as Keras makes them where no length is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.execution.spec import ProgramSpec
from nnc.labels import ROWS
from nnc.program.batches import Batches, Steps, Stretch

Array = Any


def inputs_of_open_length(spec: ProgramSpec) -> list[str]:
    """Return the inputs of graphs that are as long as the longest text of a batch.

    Raises:
        DataError: the end of a text cannot be told in one of them.
    """
    if spec.edge is None:
        return []
    places = spec.edge.open_results([(item.dtype, ("batch", *item.shape)) for item in spec.given])
    return [spec.inputs[place].label for place in places]


def cut(array: Array) -> Array:
    """Return indices of tokens without what is padding in all rows.

    Raises:
        DataError: nothing is left.
    """
    used = numpy.flatnonzero(array.any(axis=0))
    if not used.size:
        raise DataError("a batch has no text with a token; leave such rows out, or give output_sequence_length")
    return array[:, : used[-1] + 1]


class VaryingBatches(Batches):
    """Batches that are cut where the longest text of each ends."""

    def _steps(self, arrays: Mapping[str, Array], size: int, lengths: Sequence[int]) -> tuple[Steps, list[Stretch]]:
        windows = [self.order[number * size : number * size + length] for number, length in enumerate(lengths)]
        return [(window, [], partial(self._run, window)) for window in windows], []

    def _run(self, window: Array) -> None:
        arrays = {label: array[window] for label, array in self.arrays.items()}
        for label in inputs_of_open_length(self.executor.spec):
            arrays[label] = cut(arrays[label])
        sizes = self.executor.graphs.sizes(self.name, arrays) | {ROWS: len(window)}
        bound = self.executor.bound(self.name, sizes)
        for label, target in bound.inputs.items():
            numpy.copyto(target, arrays[label])
        bound.run()
