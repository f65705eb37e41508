"""The interface between a backend and a program: plans for its kernels, source, and something that runs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from nnc.errors import GraphError

if TYPE_CHECKING:
    from nnc.backends.marks import Marks
    from nnc.ir import Graph
    from nnc.plan import Plan
    from nnc.target import Target

Array = Any
_REMEMBERED_SIZES = 256
"""Runs that are kept, so that memory does not grow with the number of different sizes."""

FeedRun = Callable[[int, int], None]
"""Runs batches: takes the position of the first row and the number of batches."""
Feed = Callable[[Mapping[str, Array], Array], FeedRun | None]


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """The data that many epochs in one call work on.

    Args:
        stretches: sizes of the run-time dimensions, rows of a batch, and number of batches, in the order of the rows.
        arrays: arrays of all rows, by input label.
        order: numbers of the rows, which are drawn anew for each epoch.
        generator: a bit generator of NumPy to draw them with, or None to keep them.
        sums: states that begin each epoch as zeros, and are recorded at its end, each for all blocks.
        blocks: executables of one plan that see the same epochs, each on its own states; none for the bound one alone.
        threads: number of blocks that may run at once; those whose numbers differ by a multiple of it never do.
    """

    stretches: Sequence[tuple[Mapping[str, int], int, int]]
    arrays: Mapping[str, Array]
    order: Array
    generator: Any
    sums: Sequence[str]
    blocks: Sequence[Executable] = ()
    threads: int = 1


EpochsRun = Callable[[int, Array], None]
"""Runs so many epochs; the sums are written into an array of bytes, epoch by epoch."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """Derives from states what runs read in their place; all threads share one.

    Args:
        run: does it.
        sources: arrays of the states that it depends on, by label.
    """

    run: Callable[[], None]
    sources: Mapping[str, Array]


@dataclass(frozen=True, slots=True)
class BoundRun:
    """A run for one size: fill `inputs`, call `run`, read `outputs`; all arrays are windows on planned memory.

    Args:
        run: runs once.
        inputs: arrays to fill, by label.
        outputs: arrays to read, by label.
        feed: where the backend can run several batches in one call: takes arrays of all rows by input label and the
            order of rows, and returns a function of the position of the first row in that order and the number of
            batches; None where the arrays are not of the right kind. The order may change, in the same array.
        feed_blocks: the same for executables of one plan, each with its own states, that see the same batches, and for
            a number of threads as of `EpochPlan`; None where a run may fail, or changes no states.
        epochs: where the backend can run several epochs in one call: returns what does.
        preparation: what must have run since the states changed, before a run.
        finished: where a run says how many pieces of its outputs are finished, as the only element, for a plan with
            milestones; whoever lets it run sets it to 0 before.
    """

    run: Callable[[], None]
    inputs: dict[str, Array]
    outputs: dict[str, Array]
    feed: Feed | None = None
    feed_blocks: Callable[[Mapping[str, Array], Array, Sequence[Executable], int], FeedRun | None] | None = None
    epochs: Callable[[EpochPlan], EpochsRun | None] | None = None
    preparation: Preparation | None = None
    finished: Array | None = None


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Several runs at once: fill the inputs of each, call `run`, read their outputs.

    Args:
        run: runs all of them, each on one thread.
        runs: the arrays of each, in an arena of its own, and what must have run before.
    """

    run: Callable[[], None]
    runs: Sequence[BoundRun]


class Executable(ABC):
    """One plan in one arena; not to be shared between threads.

    Args:
        plan: what to run.
        states: arrays of the plan's states, shared with whoever else holds them.
        memory: the arena of another executable of the plan, which does not run at the same time; new memory by default.
    """

    def __init__(self, plan: Plan, states: Mapping[str, Array], memory: Array | None = None) -> None:
        from nnc.aligned import aligned_empty  # here, so that the command line can name backends without NumPy

        self.plan = plan
        self.arena = aligned_empty((plan.arena_bytes,), "uint8") if memory is None else memory
        self._states = states
        self._bound: dict[tuple[tuple[str, int], ...], BoundRun] = {}

    def bind(self, bindings: Mapping[str, int]) -> BoundRun:
        """Return the run for these sizes.

        Raises:
            GraphError: the plan has no room for them.
        """
        key = tuple(bindings.items())
        if key not in self._bound:
            if not self.plan.fits(bindings):
                raise GraphError(f"the plan has room for {_sizes(self.plan.bindings)}, not for {_sizes(bindings)}")
            if len(self._bound) >= _REMEMBERED_SIZES:
                self._bound.pop(next(iter(self._bound)))
            self._bound[key] = self._make(bindings)
        return self._bound[key]

    def side_by_side(self, bindings: Sequence[Mapping[str, int]]) -> SideBySide | None:
        """Return runs of some sizes at once, None where the backend has none; they use the memory of `bind` and more.

        Raises:
            GraphError: the plan has no room for one of them.
        """
        return None

    @abstractmethod
    def _make(self, bindings: Mapping[str, int]) -> BoundRun:
        """Return a run for sizes that the plan has room for."""


def _sizes(bindings: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {size}" for name, size in bindings.items())


class BackendSource(Protocol):
    """Printed source; one that has a `key`, the same for equal texts, need not print before its text is asked for."""

    @property
    def text(self) -> str:
        """The source."""


def source_key(source: BackendSource) -> str:
    """Return what is the same for sources of the same text, and for no others."""
    return getattr(source, "key", None) or source.text


class Backend(Protocol):
    """Turns graphs into something that runs."""

    name: str
    """The name that users give."""
    title: str
    """The name in texts."""
    is_optional: bool
    """Whether NumPy shall run what it cannot, as ``auto`` has it, rather than that an error says so."""
    target: Target
    """The graphs and plans that it wants."""

    @property
    def engine(self) -> str:
        """The program that runs its source, or compiles it."""

    def plan(self, graph: Graph, bindings: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return the plan of a graph that `nnc.passes.lower` has made for `target`; see `nnc.plan.make_plan`."""

    def source(self, plan: Plan, marks: Marks | None = None) -> Any:
        """Return the source of a plan, whose ``text`` does not depend on sizes; with marks, it counts what it runs."""

    def compile(self, source: Any) -> Any:
        """Return compiled code, which fits every source of the same text."""

    def executable(
        self, plan: Plan, source: Any, code: Any, states: Mapping[str, Array], memory: Array | None = None
    ) -> Executable:
        """Return code bound to an arena and to states, which are shared with whoever else holds them."""
