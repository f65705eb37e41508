"""The graphs of a program, made when they are first asked for, and the sizes of their run-time dimensions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from nnc.activity import announced
from nnc.errors import DataError, GraphError, ShapeError, nearest
from nnc.execution.collection import collection_paused
from nnc.execution.signature import Signature
from nnc.execution.snapshots import NO_SNAPSHOTS, Snapshots
from nnc.execution.state import ProgramState
from nnc.fork_safety import renew_in_children
from nnc.ir import Graph, SymbolicDim, nominal_sizes, solve_symbols
from nnc.labels import EVALUATE, ITERATIONS, OWN_ROWS, PREDICT, PROLOGUE, ROWS, SUMMAND, TRAIN, unweighted

if TYPE_CHECKING:
    from nnc.execution.microbatches import Microbatches
    from nnc.plan.milestones import Piece

Array = Any
GraphMaker = Callable[[], Graph]


@dataclass(frozen=True)
class MadeGraph:
    """A graph, and what is asked about it whenever it is bound.

    Args:
        signature: of the graph.
        name: its name in the program.
        read: returns the graph, each time the same.
        elements: which elements of vectors of states it has, None for all.
    """

    signature: Signature
    name: str
    read: GraphMaker
    elements: range | None = None

    @staticmethod
    def of(graph: Graph, name: str, elements: range | None = None) -> MadeGraph:
        """Return what is asked about a graph that is at hand."""
        return MadeGraph(Signature.of(graph), name, lambda: graph, elements)

    @property
    def graph(self) -> Graph:
        """The graph, optimised and scheduled."""
        return self.read()

    @cached_property
    def kind(self) -> str:
        """Its name without the suffix of one that takes weights."""
        return unweighted(self.name)

    @property
    def symbols(self) -> tuple[str, ...]:
        """Names of its run-time dimensions."""
        return self.signature.symbols

    @cached_property
    def is_by_row(self) -> bool:
        """Whether no input has the batch in other axes than the first."""
        return not any(ROWS in type.with_shape(type.shape[1:]).symbols for type in self.signature.inputs.values())

    @cached_property
    def rows(self) -> int | None:
        """How many rows its batches have, where it was made for one number of them alone."""
        return self.signature.rows if self.kind in (EVALUATE, TRAIN) else None

    @cached_property
    def counts_batches(self) -> bool:
        """Whether it counts the batches itself, because its rule needs the number."""
        return ITERATIONS in self.signature.states

    @cached_property
    def averages(self) -> tuple[str, ...]:
        """Labels of the states that keep moving averages of weights."""
        return tuple(label for label, (_, role) in self.signature.states.items() if role == "average")

    def own(self, states: Mapping[str, Array]) -> Mapping[str, Array]:
        """Return the states by label as it has them: views of those of which it has some elements."""
        if self.elements is None:
            return states
        begin, stop = self.elements.start, self.elements.stop
        return {
            label: states[label] if states[label].shape == type.shape else states[label][begin:stop]
            for label, (type, _) in self.signature.states.items()
        }

    @cached_property
    def pieces(self) -> tuple[Piece, ...]:
        """The pieces, if there are several, in which its summands are finished; see `nnc.plan.milestones`."""
        labels = [label for label in self.signature.outputs if label.startswith(SUMMAND)]
        if not labels:
            return ()
        from nnc.plan.milestones import find_pieces  # which one process does without

        found = find_pieces(self.graph, labels)
        return found if len(found) > 1 else ()

    @cached_property
    def microbatches(self) -> Microbatches:
        """How many rows it computes at a time, where it predicts."""
        from nnc.execution.microbatches import Microbatches  # which single rows do without

        return Microbatches(self.graph)

    @cached_property
    def symbolic_dims(self) -> list[SymbolicDim]:
        """Each length in it that is computed of sizes of run-time dimensions."""
        dims = {dim for node in self.graph.nodes for type in node.types for dim in type.shape}
        return sorted((dim for dim in dims if isinstance(dim, SymbolicDim)), key=str)


class GraphTable:
    """The graphs of a program by name.

    Args:
        program_name: name of the program, for messages.
        makers: for each name a function that makes the graph.
        state: gets the states of graphs that are made.
        snapshots: have graphs that an earlier process has made.

    Attributes:
        lock: held by whoever makes or compiles a graph.
    """

    def __init__(
        self,
        program_name: str,
        makers: Mapping[str, GraphMaker],
        state: ProgramState,
        snapshots: Snapshots = NO_SNAPSHOTS,
    ) -> None:
        self.program_name = program_name
        self._makers, self._state, self._snapshots = dict(makers), state, snapshots
        self._made: dict[str, MadeGraph] = {}
        self._renew_locks()
        renew_in_children(self, type(self)._renew_locks)

    def _renew_locks(self) -> None:
        """Make the lock; in a child, because another thread may have held it while this process was forked."""
        self.lock = threading.RLock()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the graphs; the prologue of ``predict`` is a part of it."""
        return tuple(name for name in self._makers if name != PROLOGUE)

    def graph(self, name: str = PREDICT) -> Graph:
        """Return an optimised, scheduled graph; its ``nx`` is the networkx graph.

        Raises:
            GraphError: there is no graph of this name.
        """
        return self.made(name).graph

    def made(self, name: str) -> MadeGraph:
        """Return a graph and what is asked about it; see `graph`."""
        name = name.removesuffix(OWN_ROWS)
        known = self._made.get(name)
        if known is not None:
            return known
        with self.lock:
            if name not in self._made:
                if name not in self._makers:
                    raise GraphError(self._missing(name))
                made = self._recalled(name) or MadeGraph.of(self.make(name), name)
                self._state.add(made.signature)
                self._made[name] = made
            return self._made[name]

    def add(self, name: str, graph: Graph, elements: range | None = None) -> MadeGraph:
        """Take a part of a graph, which is not a graph of the program's own, and return what is asked about it.

        Args:
            name: its name.
            graph: the part.
            elements: which elements of vectors of states it has; None for all, and these get their memory.
        """
        with self.lock:
            made = self._made[name] = MadeGraph.of(graph, name, elements)
            if elements is None:
                self._state.add(made.signature)
            return made

    def make(self, name: str) -> Graph:
        """Make a graph anew, equal to that of `graph`."""
        with collection_paused(), announced(f"compiling the graph '{name}'"):
            return self._makers[name]()

    def _recalled(self, name: str) -> MadeGraph | None:
        """Return a graph as an earlier process has made it."""
        found = self._snapshots.graph(name)
        return None if found is None else MadeGraph(found[0], name, found[1])

    @property
    def has_objective(self) -> bool:
        """Whether a graph that trains or evaluates has been made."""
        return any(unweighted(name) in (TRAIN, EVALUATE) for name in self._made)

    def replace(self, makers: Mapping[str, GraphMaker]) -> None:
        """Make the graphs that train and evaluate otherwise from now on; none of them has been made.

        Args:
            makers: for the name of each of them a function that makes it.
        """
        others = {name: make for name, make in self._makers.items() if unweighted(name) not in (TRAIN, EVALUATE)}
        self._makers = {**others, **makers}

    def _missing(self, name: str) -> str:
        reason = "unknown name"
        if unweighted(name) in (TRAIN, EVALUATE):
            compiled = EVALUATE in self._makers
            reason = "it takes no such weights" if compiled else "the model was not compiled with a loss"
            if not compiled and any(unweighted(maker) == TRAIN for maker in self._makers):
                reason = "its steps are a user's own, and none of them tests"
        known = ", ".join(self.names)
        near = nearest(name, self._makers)
        return f"program '{self.program_name}' has no graph '{name}' ({reason}); it has {known}.{near}"

    @property
    def averages(self) -> tuple[str, ...]:
        """Labels of the states that keep moving averages of weights; none for a program that does not train."""
        name = next((name for name in self._makers if unweighted(name) == TRAIN), None)
        return () if name is None else self.made(name).averages

    @property
    def derived_bytes(self) -> int:
        """Bytes of the arrays that are derived from the states for predictions, beside those of an arena."""
        return sum(type.nbytes for type in self.made(PREDICT).signature.hoisted.values())

    # ------------------------------------------------------------------ sizes

    def sizes(self, name: str, arrays: Mapping[str, Array]) -> dict[str, int]:
        """Return the size of each run-time dimension of a graph for arrays by input label.

        Raises:
            DataError: the arrays do not fit each other.
        """
        rows = len(next(iter(arrays.values())))
        made = self.made(name)
        if made.symbols in ((), (ROWS,)) and made.is_by_row:
            return {ROWS: rows}
        inputs = made.signature.inputs
        try:
            return {ROWS: rows} | solve_symbols(
                {f"array '{label}'": (type.shape, arrays[label].shape) for label, type in inputs.items()}
            )
        except ShapeError as error:
            raise DataError(str(error)) from None

    def nominal_sizes(self, name: str, batch: int, lengths: Mapping[str, int] | None = None) -> dict[str, int]:
        """Return a size of each run-time dimension of a graph: the given ones, or what `nnc.ir.nominal_sizes` says."""
        made = self.made(name)
        sizes = nominal_sizes(made.graph, batch) | dict(lengths or {})
        return {symbol: sizes[symbol] for symbol in made.symbols}

    def check_lengths(self, name: str, bindings: Mapping[str, int]) -> None:
        """Check that something is left of each run-time dimension.

        Raises:
            DataError: a size is too small for what is cut off.
        """
        for dim in self.made(name).symbolic_dims:
            size = dim.bind(bindings)
            if size < (0 if set(dim.symbols) == {ROWS} else 1):  # a full batch leaves no row of a layer's state
                given = ", ".join(f"{symbol} = {bindings[symbol]}" for symbol in sorted(dim.symbols))
                raise DataError(
                    f"the arrays are too short for program '{self.program_name}': a dimension of length {dim} would be"
                    f" {size} where {given}"
                )
