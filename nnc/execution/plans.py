"""The plans and the compiled code of a program's graphs, kept for further batches and within a number of bytes."""

from __future__ import annotations

import sys
from collections.abc import KeysView, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from nnc.backends import Backend
from nnc.backends.backend import source_key
from nnc.errors import DataError, MemoryBudgetError, ModelError, ShapeError
from nnc.execution.collection import collection_paused
from nnc.execution.engines import Engines
from nnc.execution.graphs import GraphTable
from nnc.execution.snapshots import NO_SNAPSHOTS, Snapshots
from nnc.execution.spec import ProgramSpec
from nnc.execution.state import ProgramState
from nnc.ir import Graph, nominal_sizes
from nnc.ir.decisions import Reason, is_listened_to, undecided
from nnc.labels import ITERATIONS, OWN_ROWS, PREDICT, PROLOGUE, ROWS
from nnc.passes import Observer, lower, run_passes
from nnc.plan import Plan

if TYPE_CHECKING:
    from nnc.execution.footprint import Footprint


class CompiledPlan(NamedTuple):
    """A plan, its source, and the code that a backend has made of it."""

    plan: Plan
    source: Any
    code: Any


class PlanCache:
    """For each backend and graph the largest plan so far, with its code; plans that need too many bytes are refused.

    Args:
        spec: the program's description, for messages.
        graphs: what is planned.
        engines: know which backend plans the prologue of the predictions.
        state: counts in what a graph needs.
        observe: called after each of the passes that run when a backend first plans a graph; see `nnc.passes.lower`.
        snapshots: have plans that an earlier process has made.

    Attributes:
        compilations: the number of times source was compiled; it does not grow with new batch sizes.
    """

    def __init__(
        self,
        spec: ProgramSpec,
        graphs: GraphTable,
        engines: Engines,
        state: ProgramState,
        observe: Observer | None = None,
        snapshots: Snapshots = NO_SNAPSHOTS,
    ) -> None:
        self._spec, self._graphs, self._engines, self._state = spec, graphs, engines, state
        self._observe, self._snapshots = observe, snapshots
        self.compilations = 0
        self._max_bytes: int | None = None
        self._plans: dict[tuple[str, str], CompiledPlan] = {}
        self._codes: dict[str, Any] = {}
        self._in_lanes: dict[str, Graph] = {}

    def describe(self, spec: ProgramSpec) -> None:
        """Take over another description of the program."""
        self._spec = spec

    def keys(self) -> KeysView[tuple[str, str]]:
        """Return the names of backends, each with that of a graph that has been compiled for it."""
        return self._plans.keys()

    @property
    def max_bytes(self) -> int | None:
        """The most bytes that a graph may need; when it is set, all is planned anew."""
        return self._max_bytes

    @max_bytes.setter
    def max_bytes(self, limit: int | None) -> None:
        self._max_bytes = limit
        self._plans.clear()
        self._codes.clear()  # which hold weights that they have packed

    def compiled(self, backend: Backend, name: str, bindings: Mapping[str, int]) -> CompiledPlan:
        """Return a plan with room for these sizes, and its code; the largest plan so far is kept.

        Raises:
            MemoryBudgetError: it needs more than `max_bytes`.
        """
        key = backend.name, name
        known = self._plans.get(key)
        if known is not None and known.plan.fits(bindings):
            return known
        with self._graphs.lock:
            known = self._plans.get(key)
            if known is not None and known.plan.fits(bindings):
                return known
            with collection_paused():
                recalled = self._recalled(backend, name, bindings) if known is None else None
                plan = recalled or self._in_pieces(name, self._largest_plan(backend, name, bindings, known))
                self.check_budget(name, plan)
                source = backend.source(plan)
            code_key = source_key(source)
            if code_key not in self._codes:
                self._codes[code_key] = backend.compile(source)
                self.compilations += 1
                self._engines.note_compiled(name, backend, self._codes[code_key])
                if logging := sys.modules.get("logging"):  # otherwise nobody listens, and a start needs no more modules
                    text = "'%s' of '%s' runs on the %s backend, %s"
                    logging.getLogger("nnc").info(text, name, self._spec.name, backend.title, backend.engine)
            if known is not None and source_key(known.source) != code_key:
                self._codes.pop(source_key(known.source), None)  # and with it the weights that it has packed
            if known is None and recalled is None and self._is_plain(name):
                with collection_paused():
                    self._snapshots.keep(name, backend.name, self._graphs.graph(name), plan)
            self._plans[key] = CompiledPlan(plan, source, self._codes[code_key])
            return self._plans[key]

    def _recalled(self, backend: Backend, name: str, bindings: Mapping[str, int]) -> Plan | None:
        """Return the plan for these sizes that an earlier process has made, None where there is none."""
        if not self._is_plain(name):
            return None
        return self._snapshots.plan(name, backend.name, self._all_sizes(name, bindings))

    def _all_sizes(self, name: str, bindings: Mapping[str, int]) -> dict[str, int]:
        """Return the sizes, and nominal ones of what has none."""
        if bindings.keys() >= {*self._graphs.made(name).symbols}:
            return dict(bindings)
        return nominal_sizes(self._graphs.graph(name), 1) | dict(bindings)

    def _is_plain(self, name: str) -> bool:
        """Whether the plan of a graph depends on nothing but the graph and its sizes."""
        wishes = self._max_bytes, self._observe, self._spec.replication
        return all(wish is None for wish in wishes) and not self._graphs.made(name).pieces

    def _in_pieces(self, name: str, plan: Plan) -> Plan:
        """Return a plan that says when what is read while it runs is finished."""
        pieces = self._graphs.made(name).pieces
        if not pieces:
            return plan
        from nnc.plan.milestones import with_milestones  # which one process does without

        return with_milestones(plan, pieces)

    def _largest_plan(
        self, backend: Backend, name: str, bindings: Mapping[str, int], known: CompiledPlan | None
    ) -> Plan:
        """Return a plan with room for these sizes and, where they go together, for the largest so far."""
        sizes = self._all_sizes(name, bindings)
        if known is not None:
            sizes = {symbol: max(size, known.plan.bindings[symbol]) for symbol, size in sizes.items()}
        try:
            plan = self.plan(backend, name, sizes)
            if plan.fits(bindings) and self.is_within_budget(name, plan):
                return plan
        except (ShapeError, DataError):  # the largest sizes so far need not go together
            pass
        return self.plan(backend, name, {**sizes, **bindings})

    def plan(self, backend: Backend, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return a backend's plan of a graph, without packed weights where these do not fit.

        Raises:
            MissingKernelError: the backend cannot run the graph.
        """
        graph = lower(self._planned(name), backend.target, self._observe)
        if self._spec.replication is not None:
            return backend.plan(graph, sizes, reuse).unpacked(("replicas have weights of their own",))
        if self._max_bytes is None:
            return backend.plan(graph, sizes, reuse)
        with undecided():
            plan = backend.plan(graph, sizes, reuse)
            obstacle = self._obstacle_to_packing(name, plan)
        if obstacle:
            return plan.unpacked(obstacle)
        return backend.plan(graph, sizes, reuse) if is_listened_to() else plan

    def _planned(self, name: str) -> Graph:
        """Return a graph as it is planned: that of several replicas in lanes, where they lie so."""
        graph, replication = self._graphs.graph(name), self._spec.replication
        if replication is None or replication.lanes == 1:
            return graph
        if name not in self._in_lanes:
            from nnc.passes.replicate import Replicate  # programs of one network start without it

            own_inputs = name.endswith(OWN_ROWS)
            self._in_lanes[name] = run_passes(graph, (Replicate(replication.lanes, own_inputs),), self._observe)
        return self._in_lanes[name]

    # ------------------------------------------------------------------ budget

    def _obstacle_to_packing(self, name: str, plan: Plan) -> Reason:
        """Say why the weights that a plan packs should not be."""
        limit = self._max_bytes
        if limit is None or plan.prepacked_bytes == 0 or self.is_within_budget(name, plan):
            return ()
        from nnc.quantities import bytes_text

        needed = self.footprint(name, plan).total
        return "with packed weights the graph needs {}, more than max_bytes = {}", bytes_text(needed), bytes_text(limit)

    def is_within_budget(self, name: str, plan: Plan) -> bool:
        """Return whether a graph may be run by a plan."""
        limit = self._max_bytes  # the prologue counts as a part of the predictions
        return limit is None or name == PROLOGUE or self.footprint(name, plan).total <= limit

    def check_budget(self, name: str, plan: Plan) -> None:
        """Check that a graph may be run by a plan.

        Raises:
            MemoryBudgetError: it needs more than `max_bytes`.
        """
        limit = self._max_bytes
        if limit is not None and not self.is_within_budget(name, plan):
            from nnc.execution.footprint import refusal

            found, fitting = self.footprint(name, plan), self._fitting_batch(name, plan, limit)
            text = refusal(self._spec, self._state.arrays, plan, found, limit, fitting)
            raise MemoryBudgetError(text, found.total, limit, fitting)

    def footprint(self, name: str, plan: Plan) -> Footprint:
        """Return the bytes that a graph needs with a plan; those of the predictions with what their prologue needs."""
        from nnc.execution.footprint import Footprint, constant_bytes

        plans, derived = [plan], 0
        if name == PREDICT and (derived := self._graphs.derived_bytes):
            plans.append(self.plan(self._engines.engine(PROLOGUE), PROLOGUE, {}))
        counter = 8 if name.startswith("train") and ITERATIONS not in self._state.arrays else 0  # made by the first run
        return Footprint(
            graph=name,
            batch=plan.bindings.get(ROWS, 1),
            arena=sum(plan.peak_bytes for plan in plans),
            states=sum(array.nbytes for array in self._state.arrays.values()) + counter,
            derived=derived + plan.prepacked_bytes,
            constants=sum(map(constant_bytes, plans)),
        )

    def _fitting_batch(self, name: str, plan: Plan, limit: int) -> int | None:
        """Return the rows of the largest batch that fits, found by bisection; None where not even one row does."""
        rows = plan.bindings.get(ROWS)
        fits, too_many = 0, rows or 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            smaller = self.plan(self._engines.engine(name), name, {**plan.bindings, ROWS: middle})
            if self.footprint(name, smaller).total <= limit:
                fits = middle
            else:
                too_many = middle
        return fits or None


def bytes_of(given: int | str | None) -> int | None:
    """Return a limit in bytes.

    Raises:
        ModelError: it is neither a number of at least 1 nor a text such as ``64M``.
    """
    if given is None:
        return None
    from nnc.quantities import parse_bytes

    try:
        if isinstance(given, bool) or not isinstance(given, int | str):
            raise ValueError(f"expected a number of bytes such as 64M, 512KiB or 2GB, got {given!r}")
        return parse_bytes(str(given))
    except ValueError as error:
        raise ModelError(f"max_bytes: {error}") from None
