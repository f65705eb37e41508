"""Calls of Keras's operations on floats of shape (3, 4, 6) between 0.5 and 1.5: windows as columns."""

from __future__ import annotations

from tests.operations.cases.case import Call

CALLS: dict[str, Call] = {
    "Fold": lambda ops, x: ops.fold(x, output_size=(3, 4), kernel_size=2),
    "Fold apart": lambda ops, x: ops.fold(
        x, output_size=(4, 5), kernel_size=(1, 2), dilation=(1, 2), padding=(1, 0), stride=(3, 1)
    ),
    "Unfold": lambda ops, x: ops.unfold(ops.reshape(x, (-1, 2, 3, 4)), 2),
    "Unfold apart": lambda ops, x: ops.unfold(
        ops.reshape(x, (-1, 1, 4, 6)), (2, 3), dilation=(2, 1), padding=(1, 0), stride=(1, 2)
    ),
}
