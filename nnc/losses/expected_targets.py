"""The form in which a loss expects the targets of an output."""

from __future__ import annotations

from dataclasses import dataclass

from nnc.ir import TensorType


@dataclass(frozen=True, slots=True)
class ExpectedTargets:
    """The targets that go with one output.

    Args:
        type: element type and shape, the batch first.
        classes: number of classes where targets are class indices, otherwise 0.
        low: smallest allowed number, None for any.
        high: largest allowed number, None for any.
        ignored: a class index that is allowed although there is no such class, or None.
        exact: whether a last axis of length 1 makes a difference, which is no matter otherwise.
    """

    type: TensorType
    classes: int = 0
    low: float | None = None
    high: float | None = None
    ignored: int | None = None
    exact: bool = False
