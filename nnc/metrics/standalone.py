"""A metric by itself: arrays are added up without a model, as with Keras's ``update_state``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import prod
from typing import Any

import numpy

from nnc.ir import Value
from nnc.losses.arrays import ArrayFunction
from nnc.results.rules import result_of

Array = Any


class Standalone:
    """The sums of a metric since the last reset.

    Args:
        lower: returns what a batch adds, of values by name.
        dtype: element type to compute in.
    """

    def __init__(self, lower: Callable[..., Sequence[Value]], dtype: str) -> None:
        self.function = ArrayFunction(lower, dtype)
        self.shapes: list[tuple[int, ...]] = []
        self.state: Array = None
        self._bound: Array = None

    def add(self, **given: Any) -> None:
        """Add a batch of arrays.

        Raises:
            NncError: the arrays do not suit the metric.
        """
        outputs = self.function(given)
        self.shapes = [output.shape for output in outputs]
        added = numpy.concatenate([numpy.asarray(output, float).reshape(-1) for output in outputs])
        self.state = added if self.state is None else self.state + added

    def bound_sums(self, shapes: Sequence[tuple[int, ...]], dtype: str) -> Array:
        """Return a vector in which graphs may add up sums of these shapes, beside what `add` adds.

        Args:
            shapes: the shape of each of the sums.
            dtype: element type.
        """
        if self._bound is None:
            self.bind(numpy.zeros(sum(map(prod, shapes)), dtype), shapes)
        return self._bound

    def bind(self, sums: Array, shapes: Sequence[tuple[int, ...]]) -> None:
        """Count a vector in which graphs add up sums of these shapes from now on."""
        self._bound, self.shapes = sums, list(shapes)

    def reset(self) -> None:
        """Start afresh."""
        self.state = None
        if self._bound is not None:
            self._bound.fill(0)

    def parts(self, count: int) -> list[Array]:
        """Return what has been added up, an array for each sum; so many zeros where nothing was.

        Args:
            count: how many sums there are.
        """
        sums = self._sums()
        if sums is None:
            shapes = self.shapes or [()] * count
            return [numpy.zeros(shape, self.function.dtype) for shape in shapes]
        ends = numpy.cumsum([prod(shape) for shape in self.shapes])[:-1]
        flat = numpy.split(sums, ends)
        return [
            numpy.asarray(part.reshape(shape), self.function.dtype)
            for part, shape in zip(flat, self.shapes, strict=True)
        ]

    def _sums(self) -> Array:
        if self._bound is None or not self._bound.any():
            return self.state
        bound = self._bound.astype(float)
        return bound if self.state is None else self.state + bound

    def result(self, name: str, settings: Callable[[Sequence[Sequence[int]]], Mapping[str, Any]]) -> Any:
        """Return the result; that of nothing is 0.

        Args:
            name: how it is computed; see `nnc.results.rules.RESULTS`.
            settings: returns what it depends on besides the sums, of the shapes of these.
        """
        sums = self._sums()
        return 0.0 if sums is None else result_of(name, sums, self.shapes, settings(self.shapes))
