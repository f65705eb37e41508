"""The part of a program that keeps it within a number of bytes: what needs more is refused before it runs."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from nnc.backends import Backend
from nnc.errors import MemoryBudgetError, ModelError
from nnc.ir import Graph, nominal_sizes
from nnc.ir.decisions import Reason, is_listened_to, undecided
from nnc.passes import Observer, lower
from nnc.plan import Plan
from nnc.program.data import ROWS
from nnc.program.names import PREDICT, PROLOGUE
from nnc.program.switching import SwitchedBackend

if TYPE_CHECKING:
    from nnc.program.footprint import Footprint
    from nnc.program.prologue import Prologue

Array = Any


class Budgeted(SwitchedBackend):
    """The memory that a program needs, and the most that it may need."""

    states: dict[str, Array]
    _plans: dict[tuple[str, str], tuple[Plan, Any, Any]]
    _codes: dict[str, Any]
    _max_bytes: int | None = None
    _observe: Observer | None

    @property
    @abstractmethod
    def prologue(self) -> Prologue | None:
        """The graph that derives states for predictions."""

    @property
    @abstractmethod
    def derived_bytes(self) -> int:
        """Bytes of what is derived."""

    @property
    def max_bytes(self) -> int | None:
        """The most bytes that a graph may need, None where any number will do.

        A graph that would need more for some batch runs without packing weights for the kernels, where it does, and
        otherwise is refused with a `MemoryBudgetError` before it runs; see `nnc.program.footprint` for what counts. Set
        it to a number, or to a text such as ``64M``; then all is planned anew.
        """
        return self._max_bytes

    @max_bytes.setter
    def max_bytes(self, given: int | str | None) -> None:
        limit = bytes_of(given)
        with self._compiling:
            self._max_bytes = limit
            self._plans.clear()
            self._codes.clear()  # which hold weights that they have packed
            self._local, self._prologue, self._has_prologue = threading.local(), None, None

    def footprint(self, name: str = "predict", batch: int = 32, lengths: Mapping[str, int] | None = None) -> Footprint:
        """Return the bytes that a graph needs for batches of up to `batch` rows; nothing is allocated for it.

        Args:
            name: name of the graph.
            batch: rows of the largest batch.
            lengths: largest size of each other run-time dimension; without, see `nnc.ir.nominal_sizes`.
        """
        return self._footprint(name, self._plan_of(name, self._nominal_sizes(name, batch, lengths)))

    def _nominal_sizes(self, name: str, batch: int, lengths: Mapping[str, int] | None = None) -> dict[str, int]:
        """Return the size of each run-time dimension of a graph."""
        graph = self.graph(name)
        sizes = nominal_sizes(graph, batch) | dict(lengths or {})
        return {symbol: sizes[symbol] for symbol in graph.symbols}

    def _plan_by(self, backend: Backend, name: str, sizes: Mapping[str, int], reuse: bool = True) -> Plan:
        """Return a backend's plan of a graph, without packed weights where these do not fit."""
        graph = self._lowered(name, backend)
        if self._max_bytes is None:
            return backend.plan(graph, sizes, reuse)
        with undecided():
            plan = backend.plan(graph, sizes, reuse)
            obstacle = self._obstacle_to_packing(name, plan)
        if obstacle:
            return plan.unpacked(obstacle)
        return backend.plan(graph, sizes, reuse) if is_listened_to() else plan

    def _lowered(self, name: str, backend: Backend) -> Graph:
        """Return a graph as a backend plans it: the last passes, which differ by backend, have run on it, once each."""
        return lower(self.graph(name), backend.target, self._observe)

    def _obstacle_to_packing(self, name: str, plan: Plan) -> Reason:
        """Say why the weights that a plan packs should not be."""
        limit = self._max_bytes
        if limit is None or plan.prepacked_bytes == 0 or self.is_within_budget(name, plan):
            return ()
        from nnc.quantities import bytes_text

        needed = self._footprint(name, plan).total
        return "with packed weights the graph needs {}, more than max_bytes = {}", bytes_text(needed), bytes_text(limit)

    def is_within_budget(self, name: str, plan: Plan) -> bool:
        """Return whether a graph may be run by a plan."""
        limit = self._max_bytes  # the prologue counts as a part of the predictions
        return limit is None or name == PROLOGUE or self._footprint(name, plan).total <= limit

    def check_budget(self, name: str, plan: Plan) -> None:
        """Check that a graph may be run by a plan.

        Raises:
            MemoryBudgetError: it needs more than `max_bytes`.
        """
        limit = self._max_bytes
        if limit is not None and not self.is_within_budget(name, plan):
            from nnc.program.footprint import refusal

            found, fitting = self._footprint(name, plan), self._fitting_batch(name, plan, limit)
            text = refusal(self.spec, self.states, plan, found, limit, fitting)
            raise MemoryBudgetError(text, found.total, limit, fitting)

    def _footprint(self, name: str, plan: Plan) -> Footprint:
        from nnc.program.footprint import Footprint, constant_bytes

        plans = [plan]
        is_prediction = name == PREDICT
        if is_prediction and self.derived_bytes:
            plans.append(self._plan_of(PROLOGUE, {}))
        return Footprint(
            graph=name,
            batch=plan.bindings.get(ROWS, 1),
            arena=sum(plan.peak_bytes for plan in plans),
            states=sum(array.nbytes for array in self.states.values()) + self._counter_bytes(name),
            derived=(self.derived_bytes if is_prediction else 0) + plan.prepacked_bytes,
            constants=sum(map(constant_bytes, plans)),
        )

    def _counter_bytes(self, name: str) -> int:
        """Return the bytes of the number of batches, which is counted from the first on."""
        from nnc.program.live import ITERATIONS

        return 8 if name.startswith("train") and ITERATIONS not in self.states else 0

    def _fitting_batch(self, name: str, plan: Plan, limit: int) -> int | None:
        """Return the rows of the largest batch that fits, found by bisection; None where not even one row does."""
        rows = plan.bindings.get(ROWS)
        fits, too_many = 0, rows or 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            smaller = self._plan_of(name, {**plan.bindings, ROWS: middle})
            if self._footprint(name, smaller).total <= limit:
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
