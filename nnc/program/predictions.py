"""Predictions of many rows, some at a time, into one array for each output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy

from nnc.backends.backend import BoundRun
from nnc.execution.executor import Executor
from nnc.labels import PREDICT, ROWS

Array = Any


class Predictions:
    """The outputs for some rows; what predicts them is compiled, none of them is computed yet.

    Args:
        executor: runs the predictions.
        arrays: arrays of shape (rows, …) in the order of the inputs, of their element types.
        sizes: sizes of the run-time dimensions, the number of all rows among them.
        size: rows of a batch.

    Attributes:
        outputs: an array of all rows for each output.
    """

    def __init__(self, executor: Executor, arrays: Sequence[Array], sizes: Mapping[str, int], size: int) -> None:
        self._executor, self._arrays, self._sizes = executor, arrays, sizes
        self._at_once = executor.rows_at_once({**sizes, ROWS: size})
        first = next(_spans(range(size), self._at_once))
        found = executor.bound(PREDICT, {**sizes, ROWS: len(first)}).outputs.values()
        self.outputs = [numpy.empty((sizes[ROWS], *output.shape[1:]), output.dtype) for output in found]

    def run(self, batch: range) -> None:
        """Compute the outputs of a batch of rows.

        Raises:
            NonFiniteError: with `check_nan`, a number is not finite.
        """
        executor, threads = self._executor, self._executor.most_at_once
        for group in _groups(list(_spans(batch, self._at_once)), threads):
            counts = [len(rows) for rows in group]
            together = executor.side_by_side(counts, self._sizes) if len(group) > 1 else None
            if together is not None:
                self._run_on(group, together.runs, together.run)
                continue
            for rows in group:
                bound = executor.bound(PREDICT, {**self._sizes, ROWS: len(rows)})
                self._run_on([rows], [bound], bound.run)

    def _run_on(self, group: Sequence[range], runs: Sequence[BoundRun], run: Callable[[], None]) -> None:
        """Compute the outputs of groups of rows.

        Args:
            group: the rows of each run.
            runs: their inputs and outputs.
            run: runs all of them.
        """
        for rows, bound in zip(group, runs, strict=True):
            for spec, array in zip(self._executor.spec.inputs, self._arrays, strict=True):
                numpy.copyto(bound.inputs[spec.label], array[rows.start : rows.stop])
        run()
        for rows, bound in zip(group, runs, strict=True):
            for output, found in zip(self.outputs, bound.outputs.values(), strict=True):
                output[rows.start : rows.stop] = found


def _groups(spans: Sequence[range], threads: int) -> Iterator[Sequence[range]]:
    """Yield parts that run at once: one for each thread, and at last one by one where these leave threads idle.

    Threads share the loops of a part that runs alone.
    """
    whole = len(spans) - len(spans) % threads
    yield from (spans[start : start + threads] for start in range(0, whole, threads))
    rest = spans[whole:]
    if 2 * len(rest) > threads:
        yield rest
    else:
        yield from ([rows] for rows in rest)


def _spans(rows: range, most: int) -> Iterator[range]:
    """Yield rows in as few parts as there can be, of two lengths at most, the longer ones first.

    Args:
        rows: the rows, at least one.
        most: rows of a part.
    """
    count = -(-len(rows) // most)
    length, longer = divmod(len(rows), count)
    start = rows.start
    for number in range(count):
        stop = start + length + (number < longer)
        yield range(start, stop)
        start = stop
