"""The first step of a training, for whoever gives hints: its data before it, and its weights after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy

from nnc.errors import DataError
from nnc.execution.executor import Executor
from nnc.labels import ITERATIONS
from nnc.observation import FirstBatch, Move, TargetInput, observer
from nnc.passes import inlined

Array = Any
SAMPLE_ROWS = 1024
"""Rows that are looked at, evenly spread over the data."""
LEAST_SIZE = 1e-3
"""Root mean square of weights that are as good as 0, so that a first update may well be larger."""


class FirstLook:
    """Looks at the first step of a training; it reads, and changes nothing.

    Args:
        executor: runs what is trained.
        told: names of hints that were given before; each is given once.
    """

    def __init__(self, executor: Executor, told: set[str]) -> None:
        self._graphs, self._spec, self._state = executor.graphs, executor.spec, executor.state
        self._told = told
        self._weights: dict[str, Array] = {}

    def before(self, name: str, arrays: Mapping[str, Array]) -> None:
        """Look at the data, and keep what is to be compared with the weights after the first update.

        Args:
            name: name of the graph.
            arrays: arrays by label of its inputs, of the first batch or of all rows.
        """
        spec, states = self._spec, self._state.arrays
        batch = FirstBatch(
            graph=inlined(self._graphs.graph(name)),
            arrays={label: numpy.asarray(array[:: -(-len(array) // SAMPLE_ROWS)]) for label, array in arrays.items()},
            inputs=tuple(item.label for item in spec.inputs),
            targets=tuple(
                TargetInput(item.label, item.loss, bool(item.classes) or item.low is not None or item.high is not None)
                for item in spec.targets
            ),
            states=states,
        )
        observer().look_at_data(batch, self._told)
        if not states.get(ITERATIONS, 0):
            labels = {variable.state for variable in spec.variables if variable.trainable}
            self._weights = {label: states[label].copy() for label in sorted(labels)}

    def after(self) -> None:
        """Look at how far the first update moved the weights."""
        observer().look_at_update(self._moves(), self._told)
        self._weights = {}

    def _moves(self) -> list[Move]:
        """Return how far the weights of each layer moved, in the order of the layers."""
        layers: dict[str, tuple[list[float], list[float]]] = {}
        for variable in self._spec.variables if self._weights else ():
            if not variable.trainable:
                continue
            window = slice(variable.offset, variable.offset + int(numpy.prod(variable.shape)))
            before = self._weights[variable.state].reshape(-1)[window].astype("float64")
            after = self._state.arrays[variable.state].reshape(-1)[window]
            if before.size and numpy.sqrt(numpy.mean(before**2)) > LEAST_SIZE:
                sizes, distances = layers.setdefault(variable.path.rpartition("/")[0], ([], []))
                sizes.append(float(numpy.sum(before**2)))
                distances.append(float(numpy.sum((after - before) ** 2)))
        try:
            rate = self._state.optimizer.learning_rate
        except DataError:  # it follows a schedule
            rate = None
        return [
            Move(path, float(numpy.sqrt(sum(sizes))), float(numpy.sqrt(sum(distances))), rate)
            for path, (sizes, distances) in layers.items()
        ]
