"""Decisions: what passes and the planner did and what they left, noted where they decide, for whoever listens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from nnc.ir.dimensions import Dim
from nnc.ir.graph import Graph, Node, Value
from nnc.ir.leaves import Constant
from nnc.ir.nominal import NOMINAL_SIZE, nominal_sizes
from nnc.ir.op import Op
from nnc.ir.printer import operand_text, value_names
from nnc.ir.rewriter import Rewriter

PLAN = "plan"
"""The stage of the planner's decisions; all others are named by their pass."""

MOST_RESULTS = 4
"""Results of a node that a text names."""

Reason = tuple[object, ...]
"""Why something was not done: a format string and what stands in it, as of `decide`; empty where nothing is against."""


@dataclass(frozen=True, slots=True)
class Saved:
    """The savings of a decision in each run; inside a loop, in each of its steps.

    Args:
        nodes: nodes of the graph.
        calls: kernel calls.
        traffic: bytes that are neither read nor written.
        arena: bytes of buffers that are not needed.
    """

    nodes: int = 0
    calls: int = 0
    traffic: int = 0
    arena: int = 0


NOTHING = Saved()


@dataclass(frozen=True, slots=True)
class Decision:
    """Something that was done to a graph, or that was nearly done.

    Args:
        stage: name of the pass, or ``plan``.
        run: which of the runs of this pass, from 1.
        kind: what was done, such as ``fused`` or ``in place``.
        path: layer path.
        phase: one of `nnc.ir.PHASES`.
        text: what it was done to, for people.
        reason: why it was not done; empty where it was.
        before: names of values in the graph that the pass was given.
        after: names of values in the graph that the pass made; for the plan, in its steps.
        inside: names of the first results of the loops around, outermost first; the other names are those of the body.
        saved: what it saves.
    """

    stage: str
    run: int
    kind: str
    path: str
    phase: str
    text: str
    reason: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    saved: Saved = NOTHING

    @property
    def done(self) -> bool:
        """Whether it was done."""
        return not self.reason


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision whose values may not have their names yet; see `decide`."""

    kind: str
    node: Node
    text: Reason
    reason: Reason
    before: tuple[Value, ...]
    after: tuple[Value, ...]
    gone: tuple[Node, ...]
    added: tuple[Node, ...]
    steps: Dim
    free: tuple[Value, ...]
    accesses: int
    saved: Saved
    inside: tuple[Value, ...]


@dataclass
class Stage:
    """A stage whose decisions are being noted.

    Args:
        name: name of the pass, or `PLAN`.
        run: which of its runs.
        sizes: sizes of the run-time dimensions.
        entries: what was decided so far.
    """

    name: str
    run: int
    sizes: Mapping[str, int]
    entries: list[Entry] = field(default_factory=list)


class Notebook:
    """Gathers decisions, stage by stage.

    Args:
        batch: rows of the batch that bytes are counted for.
        lengths: sizes of other run-time dimensions; see `nnc.ir.nominal_sizes` for what they are without.

    Attributes:
        decisions: what was decided.
        stages: how often each stage ran.
        loops: the loops around the graph that is being worked on.
    """

    def __init__(self, batch: int = NOMINAL_SIZE, lengths: Mapping[str, int] | None = None) -> None:
        self.batch, self.lengths = batch, dict(lengths or {})
        self.decisions: list[Decision] = []
        self.loops: list[Value] = []
        self._stage: Stage | None = None
        self.stages: Counter[str] = Counter()
        self._names: list[tuple[Graph, dict[Value, str]]] = []

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Write down what is decided inside the block, in this thread."""
        token = _NOTEBOOK.set(self)
        try:
            yield
        finally:
            _NOTEBOOK.reset(token)

    @contextmanager
    def stage(self, name: str, graph: Graph) -> Iterator[None]:
        """See `deciding`; what is decided in a stage inside another one, as for the body of a loop, belongs to that."""
        if self._stage is not None:
            yield
            return
        self.stages[name] += 1
        self._stage = stage = Stage(name, self.stages[name], nominal_sizes(graph, self.batch) | self.lengths)
        try:
            yield
            self.decisions += [self._decision(stage, entry) for entry in stage.entries]
        finally:
            self._stage = None
            self._names.clear()

    def note(self, entry: Entry) -> None:
        """Write down a decision of the running stage."""
        if self._stage is not None:
            self._stage.entries.append(entry)

    def follow(self, rewriter: Rewriter) -> None:
        """See `nnc.ir.decisions.follow`."""
        if self._stage is None:
            return

        def new(part: object) -> Any:
            is_old = isinstance(part, Value) and part.graph is rewriter.source and part in rewriter
            return rewriter[part] if is_old and isinstance(part, Value) else part

        self._stage.entries = [
            replace(entry, text=tuple(map(new, entry.text)), after=tuple(map(new, entry.after)))
            for entry in self._stage.entries
        ]

    def _decision(self, stage: Stage, entry: Entry) -> Decision:
        return Decision(
            stage.name,
            stage.run,
            entry.kind,
            entry.node.path,
            entry.node.phase,
            self._formatted(entry.text),
            self._formatted(entry.reason),
            self._all_named(entry.before),
            self._all_named(entry.after),
            self._all_named(entry.inside),
            _saved(entry, stage.sizes),
        )

    def _formatted(self, text: Reason) -> str:
        return str(text[0]).format(*map(self._told, text[1:])) if text else ""

    def _all_named(self, values: Iterable[Value]) -> tuple[str, ...]:
        return tuple(self._name(value) for value in values if not isinstance(value.node.op, Constant))

    def _told(self, part: object) -> str:
        if isinstance(part, Value):
            return self._name(part)
        if isinstance(part, Node):
            results = part.operands[0].graph.results(part)
            names = ", ".join(map(self._name, results[:MOST_RESULTS]))
            return f"{part.op.title} {names}{', …' if len(results) > MOST_RESULTS else ''}"
        if isinstance(part, list | tuple):
            return ", ".join(map(self._told, part))
        return str(part)

    def _name(self, value: Value) -> str:
        op = value.node.op
        if isinstance(op, Constant):
            return operand_text(value, {}) if len(op.data) == 1 else f"a constant {op.type}"
        for graph, names in self._names:
            if graph is value.graph:
                return names[value]
        self._names.append((value.graph, value_names(value.graph)))
        return self._names[-1][1][value]


def _saved(entry: Entry, sizes: Mapping[str, int]) -> Saved:
    """Return all that an entry saves, if it was done: less what is computed instead of what is gone."""
    if entry.reason:
        return NOTHING
    steps = entry.steps if isinstance(entry.steps, int) else entry.steps.bind(sizes)
    gone, added = _cost(entry.gone, sizes), _cost(entry.added, sizes)
    less = gone[0], gone[1] * steps, gone[2] * steps
    nodes, calls, traffic = (max(number - other, 0) for number, other in zip(less, added, strict=True))
    saved, nbytes = entry.saved, sum(value.type.bind(sizes).nbytes for value in entry.free)
    traffic += saved.traffic + entry.accesses * nbytes
    return Saved(saved.nodes + nodes, saved.calls + calls, traffic, saved.arena + nbytes)


def _cost(nodes: Iterable[Node], sizes: Mapping[str, int]) -> tuple[int, int, int]:
    """Return the number of nodes, of kernel calls, and of bytes that these read and write; views cost nothing."""
    computing = [node for node in nodes if not node.is_leaf]
    calls = [node for node in computing if type(node.op).view is Op.view]
    types = [type for node in calls for type in (*(operand.type for operand in node.operands), *node.types)]
    return len(computing), len(calls), sum(type.bind(sizes).nbytes for type in types)


_NOTEBOOK: ContextVar[Notebook | None] = ContextVar("notebook", default=None)


def decide(
    kind: str,
    node: Node,
    text: str,
    *parts: object,
    reason: Reason = (),
    before: Iterable[Value] = (),
    after: Iterable[Value] = (),
    gone: Iterable[Node] = (),
    added: Iterable[Node] = (),
    steps: Dim = 1,
    free: Iterable[Value] = (),
    accesses: int = 0,
    saved: Saved = NOTHING,
) -> None:
    """Note a decision; nothing happens if nobody listens.

    Args:
        kind: what was done, or was not; see `Decision`.
        node: whose layer and phase it belongs to.
        text: a format string.
        *parts: what stands in it: values appear by their names, nodes that have operands by op and names, several with
            commas.
        reason: why it was not done: a format string and its parts; empty where it was done.
        before: values that it is about in the graph before.
        after: values that it is about in the graph after.
        gone: nodes that are not computed any more.
        added: nodes that are computed once in their place.
        steps: how often those that are gone would be computed in a run.
        free: values that need no buffer.
        accesses: how often these are neither read nor written.
        saved: what is saved beside these; all of it counts only where it was done.
    """
    notebook = _NOTEBOOK.get()
    if notebook is not None:
        loops = tuple(notebook.loops)
        values, nodes = (tuple(before), tuple(after)), (tuple(gone), tuple(added))
        notebook.note(
            Entry(kind, node, (text, *parts), reason, *values, *nodes, steps, tuple(free), accesses, saved, loops)
        )


def is_listened_to() -> bool:
    """Whether decisions are noted, so that it is worth looking for what was nearly done."""
    return _NOTEBOOK.get() is not None


@contextmanager
def deciding(stage: str, graph: Graph) -> Iterator[None]:
    """Let decisions inside the block belong to a stage.

    Args:
        stage: name of a pass, or `PLAN`.
        graph: what it works on.
    """
    notebook = _NOTEBOOK.get()
    if notebook is None:
        yield
    else:
        with notebook.stage(stage, graph):
            yield


@contextmanager
def undecided() -> Iterator[None]:
    """Note no decisions inside the block: they are only tried, or about graphs that nobody gets to see."""
    token = _NOTEBOOK.set(None)
    try:
        yield
    finally:
        _NOTEBOOK.reset(token)


@contextmanager
def in_loop(result: Value) -> Iterator[None]:
    """Let decisions inside the block be about the body of a loop, given by its first result."""
    notebook = _NOTEBOOK.get()
    if notebook is None:
        yield
        return
    notebook.loops.append(result)
    try:
        yield
    finally:
        notebook.loops.pop()


def follow(rewriter: Rewriter) -> None:
    """Let decisions of a stage that goes on with the graph it has made be about what stands there in the end."""
    notebook = _NOTEBOOK.get()
    if notebook is not None:
        notebook.follow(rewriter)


def all_of(reasons: Sequence[Reason]) -> Reason:
    """Return several reasons as one."""
    return "; ".join(str(text) for text, *_ in reasons), *(part for _, *parts in reasons for part in parts)


COUNTS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def uses_text(count: int) -> str:
    """Return ``two uses``.

    >>> uses_text(2), uses_text(12)
    ('two uses', '12 uses')
    """
    return f"{COUNTS[count] if count < len(COUNTS) else count} use{'' if count == 1 else 's'}"
