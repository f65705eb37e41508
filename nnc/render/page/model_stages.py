"""The subject of a page: a model, and the graphs it is compiled into, with every stage on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from nnc.ir import Graph
from nnc.plan import Plan
from nnc.render import architecture


class Model(architecture.Model, Protocol):
    """A model, as pictures know it."""

    @property
    def input_names(self) -> Sequence[str]:
        """Names of the inputs in graphs, in the order of `inputs`."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A graph as one pass has left it.

    Args:
        name: name of the pass.
        graph: what it made.
    """

    name: str
    graph: Graph


@dataclass(frozen=True, slots=True)
class Compiled:
    """One graph of a program, with its history.

    Args:
        name: name of the graph, such as ``train``.
        stages: in the order of the passes, with what the plan was made for, and that with its fusions: `Plan.source`.
        plan: plan of the last stage.
        source: source that was printed for the plan; each statement stands under the IR line it came from.
        language: what the source is written in, such as ``NumPy``.
    """

    name: str
    stages: Sequence[Stage]
    plan: Plan
    source: str
    language: str

    @property
    def printed(self) -> int:
        """Number of the stage whose lines stand in the source: the last with fusions."""
        return max(number for number, stage in enumerate(self.stages) if stage.graph == self.plan.source)


@dataclass(frozen=True, slots=True)
class Definition:
    """The file that a model was read from.

    Args:
        name: its name.
        text: all of it.
    """

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Subject:
    """All that a page shows.

    Args:
        title: name of the model.
        compiled: graphs, in the order in which they are offered.
        model: layers and how they are wired; None where they are not known, and groups are the paths of the ops.
        definition: where the model was read from, as far as it is text.
        notes: a few words under the names of parts that are not layers, such as ``{"update": "Adam"}``.
    """

    title: str
    compiled: Sequence[Compiled]
    model: Model | None = None
    definition: Definition | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
