"""Records what kernels said while a graph was planned, and what its unit holds, so a second start needs no kernels.

A graph is planned each time. A record answers instead of the kernels, which always are asked the same in the same
order, and says what is printed for the plan that comes of it; the text itself is only needed to compile it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

from nnc.backends.c import cache
from nnc.backends.c.emitted import UnitSource
from nnc.backends.c.identity import code_is_as_loaded
from nnc.backends.c.target import CNeeds
from nnc.ir import Dim, Op, TensorType, Value, parse_dim
from nnc.plan import Plan
from nnc.target import KernelNeeds, Prepacked

_KERNELS = "nnc.backends.c.kernels"
_SAME = (
    "key",
    "level",
    "name",
    "prepacked_bytes",
    "feeds",
    "runs_epochs",
    "is_parallel",
    "may_fail",
    "parts",
    "common",
)
"""Attributes of a source that JSON has as they are."""
_LABELS = ("symbols", "states", "packed_states")


class Transcript(KernelNeeds):
    """The workspace of one plan, and what is packed for it: from a record, or else from the kernels, to be recorded.

    A record serves those who start: where kernels are loaded already, they are asked.

    Args:
        key: of the record, see `nnc.backends.c.identity`; None where there shall be none.
        printed: what is printed for a plan that another process has made, as of a record.
    """

    def __init__(self, key: str | None, printed: dict[str, Any] | None = None) -> None:
        self.key, self._kernels = key, CNeeds()
        self._record = _read(key) if key is not None and serves() else printed
        self._printed: dict[str, Any] | None = None
        self._remaining: Iterator[Any] = iter(self._record["answers"] if self._record and key else ())
        self._answers: list[Any] = []
        self._is_planned = printed is not None

    def workspace(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
        """Return what the kernel of an op needs besides operands and results; see `CNeeds`.

        Raises:
            MissingKernelError: there is no kernel for the op.
        """
        known = self._recorded(op)
        if known is not None:
            return _types_from(known)
        found = self._kernels.workspace(op, operands, results)
        self._record_answer(op, _types_to(found))
        return found

    def prepacked(self, op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Prepacked | None:
        """Return what the kernel of an op reads instead of an operand that no run changes."""
        known = self._recorded(op)
        if known is not None:
            return _prepacked_from(known)
        found = self._kernels.prepacked(op, operands, results)
        self._record_answer(op, _prepacked_to(found))
        return found

    def strips(self, dtype: str, inner: Dim, columns: Dim) -> Dim:
        """Return the elements of a right matrix in strips, for which no kernel is asked."""
        return self._kernels.strips(dtype, inner, columns)

    def packs_for_few_rows(self, nbytes: int) -> bool:
        """Return whether runs of too few rows read packed operands too, for which no kernel is asked."""
        return self._kernels.packs_for_few_rows(nbytes)

    def end(self) -> None:
        """Say that the plan is made; what is asked about other sizes later is not a part of the record."""
        self._is_planned = True
        if next(self._remaining, None) is not None:
            self._distrust()

    def recalled_source(self, plan: Plan) -> UnitSource | None:
        """Return what is printed for the plan, without its text; None where no earlier process has printed it."""
        if self._record is None or self._record["milestones"] != _milestones_to(plan):
            return None
        return _source_from(self._record["source"], plan)

    def remember(self, source: UnitSource) -> None:
        """Record what was said and printed, if the cache takes it."""
        if self.key is None or self._record is not None or not code_is_as_loaded():
            return
        milestones = _milestones_to(source.plan)
        self._printed = {"milestones": milestones, "source": _source_to(source)}
        data = json.dumps({"answers": self._answers, **self._printed}).encode()
        if cache.recall(_name(self.key)) != data:
            cache.remember(_name(self.key), data)

    def _recorded(self, op: Op) -> Any:
        """Return the next answer, None where the kernels must be asked."""
        if self._record is None or self._is_planned:
            return None
        name, answer = next(self._remaining, ("", None))
        if name != op.name:
            self._distrust()
            return None
        return answer

    def _record_answer(self, op: Op, answer: list[Any]) -> None:
        if not self._is_planned:
            self._answers.append((op.name, answer))

    def _distrust(self) -> None:
        """Neither go on with a record that is about another plan nor complete it."""
        self.key = self._record = None

    @property
    def is_lasting(self) -> bool:
        """Whether later processes may take the plan as it is: what is printed for it is known."""
        return self.key is not None and (self._record or self._printed) is not None

    def __reduce__(self) -> tuple[Any, ...]:
        known = self._record or self._printed or {}
        return Transcript, (None, {name: known.get(name) for name in ("milestones", "source")})


def serves() -> bool:
    """Return whether records serve this process: where kernels are loaded already, they are asked."""
    return _KERNELS not in sys.modules


def _name(key: str) -> str:
    return f"{key}.json"


def _read(key: str) -> dict[str, Any] | None:
    """Return a record, None where there is none."""
    data = cache.recall(_name(key))
    record: dict[str, Any] | None = json.loads(data) if data else None
    return record


# ---------------------------------------------------------------------- to JSON and back


def _source_to(source: UnitSource) -> dict[str, Any]:
    same = {name: getattr(source, name) for name in (*_SAME, *_LABELS, "slots")}
    return same | {"constants": [(path, value.index, value.result) for path, value in source.constants]}


def _milestones_to(plan: Plan) -> list[list[int]]:
    return [[step, count] for step, count in plan.milestones.items()]


def _source_from(record: dict[str, Any], plan: Plan) -> UnitSource:
    same: dict[str, Any] = {name: record[name] for name in _SAME}
    labels: dict[str, Any] = {name: tuple(record[name]) for name in _LABELS}
    slots = tuple([(tuple(path), buffer) for path, buffer in record["slots"]])
    constants = tuple([(tuple(path), _value(plan, path, *place)) for path, *place in record["constants"]])
    return UnitSource(plan=plan, slots=slots, constants=constants, **same, **labels)


def _value(plan: Plan, path: Sequence[int], index: int, result: int) -> Value:
    for step in path:
        plan = plan.loops[step].plan
    return plan.graph.results(plan.graph.nodes[index])[result]


def _types_to(types: Sequence[TensorType]) -> list[Any]:
    return [[type.dtype, *map(_dim_to, type.shape)] for type in types]


def _types_from(found: list[Any]) -> tuple[TensorType, ...]:
    return tuple([TensorType(dtype, tuple(map(_dim_from, shape))) for dtype, *shape in found])


def _prepacked_to(found: Prepacked | None) -> list[Any]:
    if found is None:
        return []
    return [found.operand, *_types_to([found.type]), _dim_to(found.rows), found.least, _types_to(found.workspace)]


def _prepacked_from(found: list[Any]) -> Prepacked | None:
    if not found:
        return None
    operand, type, rows, least, workspace = found
    return Prepacked(operand, _types_from([type])[0], _dim_from(rows), least, _types_from(workspace))


def _dim_to(dim: Dim) -> int | str:
    return dim if isinstance(dim, int) else str(dim)


def _dim_from(found: int | str) -> Dim:
    return parse_dim(found) if isinstance(found, str) else found
