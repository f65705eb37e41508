"""A metric by itself: arrays are added up without a model, as with Keras's ``update_state``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy

from nnc.ir import Graph, TensorType, Value, interpret
from nnc.program.results import result_of

Array = Any
Lower = Callable[[Value, Value | None, Value | None], Sequence[Value]]
"""Returns what a batch adds, of targets (or values), output and weights."""


class Standalone:
    """The sums of a metric since the last reset.

    Args:
        dtype: element type to compute in.
    """

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype
        self.shapes: list[tuple[int, ...]] = []
        self.state: Array = None
        self._graphs: dict[Any, Graph] = {}

    def add(self, lower: Lower, first: Any, second: Any, weights: Any) -> None:
        """Add a batch of arrays.

        Raises:
            NncError: the arrays do not suit the metric.
        """
        named = {"first": first, "second": second, "weights": weights}
        arrays = {label: self._converted(given) for label, given in named.items() if given is not None}
        key = tuple((label, array.shape, str(array.dtype)) for label, array in arrays.items())
        if key not in self._graphs:
            graph = Graph("metric")
            inputs = {
                label: graph.input(label, TensorType(str(array.dtype), array.shape)) for label, array in arrays.items()
            }
            for number, value in enumerate(lower(inputs["first"], inputs.get("second"), inputs.get("weights"))):
                graph.output(f"sum.{number}", value)
            self._graphs[key] = graph
        with numpy.errstate(all="ignore"):
            outputs, _ = interpret(self._graphs[key], arrays)
        self.shapes = [output.shape for output in outputs.values()]
        added = numpy.concatenate([numpy.asarray(output, float).reshape(-1) for output in outputs.values()])
        self.state = added if self.state is None else self.state + added

    def result(self, name: str, settings: Any) -> Any:
        """Return the result; a sum of nothing is 0."""
        return 0.0 if self.state is None else result_of(name, self.state, self.shapes, settings)

    def _converted(self, given: Any) -> Array:
        array = numpy.asarray(given)
        return array.astype(self.dtype if array.dtype.kind == "f" else "int32")
