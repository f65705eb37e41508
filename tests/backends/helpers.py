"""What tests of the NumPy backend share: a graph, planned, printed and bound."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.backends.numpy import TARGET, Executable, NumpySource, print_source
from nnc.ir import Graph
from nnc.plan import Plan
from nnc.target import Target
from tests.plan.helpers import plan_of


class Machine:
    """A graph in an arena.

    Args:
        graph: what to run; it must have no composites.
        batch: the largest batch, or the largest size of each run-time dimension.
        states: arrays of the states; copies are made.
        target: what it is planned for.
        options: for `make_plan`.
    """

    def __init__(
        self,
        graph: Graph,
        batch: int | Mapping[str, int],
        states: Mapping[str, Any],
        target: Target = TARGET,
        **options: Any,
    ) -> None:
        self.graph = graph
        self.plan: Plan = plan_of(graph, self._bindings(batch), target, **options)
        self.source: NumpySource = print_source(self.plan)
        self.states = {label: array.copy() for label, array in states.items()}
        self.executable = Executable(self.plan, self.source, self.source.compile(), self.states)

    def _bindings(self, batch: int | Mapping[str, int]) -> Mapping[str, int]:
        return dict.fromkeys(self.graph.symbols, batch) if isinstance(batch, int) else batch

    def run(self, inputs: Mapping[str, Any], batch: int | Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run once and return copies of the outputs and of the states."""
        bound = self.executable.bind(self._bindings(batch))
        for label, array in inputs.items():
            bound.inputs[label][...] = array
        bound.run()
        return (
            {label: array.copy() for label, array in bound.outputs.items()},
            {label: array.copy() for label, array in self.states.items()},
        )

    def __str__(self) -> str:
        return f"{self.graph}\n{self.plan}\n{self.source.text}"


def bits(results: tuple[dict[str, Any], dict[str, Any]]) -> list[Any]:
    """What must be equal for two runs to be the same to the bit."""
    return [(label, array.dtype, array.shape, array.tobytes()) for half in results for label, array in half.items()]
