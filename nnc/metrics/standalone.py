"""A metric by itself: arrays are added up without a model, as with Keras's ``update_state``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
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

    def add(self, **given: Any) -> None:
        """Add a batch of arrays.

        Raises:
            NncError: the arrays do not suit the metric.
        """
        outputs = self.function(given)
        self.shapes = [output.shape for output in outputs]
        added = numpy.concatenate([numpy.asarray(output, float).reshape(-1) for output in outputs])
        self.state = added if self.state is None else self.state + added

    def result(self, name: str, settings: Callable[[Sequence[Sequence[int]]], Mapping[str, Any]]) -> Any:
        """Return the result; that of nothing is 0.

        Args:
            name: how it is computed; see `nnc.results.rules.RESULTS`.
            settings: returns what it depends on besides the sums, of the shapes of these.
        """
        return 0.0 if self.state is None else result_of(name, self.state, self.shapes, settings(self.shapes))
