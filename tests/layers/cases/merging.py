"""Layers that make one value of several; `Add` and `Concatenate` are in the core table, too."""

from __future__ import annotations

from tests.layers.cases.case import Case

CASES = (
    *(Case(name, {}, ((3,), (3,)), (3,)) for name in ("Subtract", "Multiply", "Average", "Maximum", "Minimum")),
    *(Case(name, {}, ((2, 3), (2, 1), (1, 3)), (2, 3)) for name in ("Multiply", "Average", "Maximum", "Minimum")),
    *(Case(name, {}, ((2, 3, 4), (4,)), (2, 3, 4)) for name in ("Add", "Subtract", "Multiply", "Average", "Maximum")),
    Case("Add", {}, ((2, 3),), (2, 3)),
    Case("Average", {}, ((3,), (2, 3), (2, 1)), (2, 3)),
    Case("Dot", {"axes": 1}, ((3,), (3,)), (1,)),
    Case("Dot", {"axes": -1, "normalize": True}, ((3,), (3,)), (1,), tolerance=1e-5),
    Case("Dot", {"axes": (1, 2)}, ((3, 5), (4, 3)), (5, 4)),
    Case("Dot", {"axes": 2, "normalize": True}, ((3, 5), (4, 5)), (3, 4), tolerance=1e-5),
    Case("Dot", {"axes": [2, 1]}, ((3, 5), (5,)), (3,)),
    Case("Dot", {"axes": (1, -1)}, ((3,), (2, 3)), (2,)),
    Case("Dot", {"axes": (2, 1)}, ((2, 3, 4), (3, 2)), (2, 4, 2)),
    Case("Dot", {"axes": (1, 3)}, ((3, 2), (2, 4, 3)), (2, 2, 4)),
)
