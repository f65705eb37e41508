"""What tests of the C backend share: a graph, planned, printed, compiled and bound."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from typing import Any

from nnc.backends.c.executable import Executable
from nnc.backends.c.source import print_source
from nnc.backends.c.target import WITHOUT_PACKING
from nnc.backends.c.toolchain import build
from nnc.ir import Graph
from nnc.target import Target
from tests.plan.helpers import plan_of

LEVEL = 1
"""Optimisation level: tests compile more than they run."""


class CMachine:
    """A graph in an arena.

    Args:
        graph: what to run; it must have no composites.
        bindings: the largest sizes of the run-time dimensions.
        states: arrays of the states; copies are made.
        target: what it is planned for.
        options: for `make_plan`.
    """

    def __init__(
        self,
        graph: Graph,
        bindings: Mapping[str, int],
        states: Mapping[str, Any],
        target: Target = WITHOUT_PACKING,
        **options: Any,
    ) -> None:
        self.graph = graph
        self.plan = plan_of(graph, bindings, target, **options)
        self.source = print_source(self.plan)
        self.states = {label: array.copy() for label, array in states.items()}
        library = ctypes.CDLL(str(build(self.source.text, level=LEVEL, threads=self.source.is_parallel)))
        self.executable = Executable(self.plan, self.source, library, self.states)

    def run(self, inputs: Mapping[str, Any], bindings: Mapping[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Run once and return copies of the outputs and of the states."""
        bound = self.executable.bind(bindings)
        for label, array in inputs.items():
            bound.inputs[label][...] = array
        bound.run()
        return (
            {label: array.copy() for label, array in bound.outputs.items()},
            {label: array.copy() for label, array in self.states.items()},
        )

    def __str__(self) -> str:
        return f"{self.graph}\n{self.plan}\n{self.source.text}"
