"""Sparsemax: a threshold per row, found without sorting."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.expressions import Expression, choice, infix, variable
from nnc.backends.c.kernels.elementwise import is_nan
from nnc.backends.c.kernels.registry import KernelCall, kernel
from nnc.backends.c.nests import write_loops
from nnc.backends.c.statements import Code, Statement, assign, declare, loop, until_settled
from nnc.ir.ops.sparsemax import Sparsemax


@kernel(Sparsemax)
def sparsemax(call: KernelCall) -> Sequence[Code]:
    """max(x - threshold, 0), where the threshold grows until no element leaves the support.

    C. Michelot, "A finite algorithm for finding the projection of a point onto the canonical simplex of R^n", 1986,
    from the largest element minus 1, below which no element of the support lies.
    """
    (x,), result, axis = call.operands, call.result, call.op.axis
    names = [variable(f"i{position}") for position in range(x.rank)]
    element, target = x.at(*names), result.at(*names)
    most, threshold, count, before, total, found, is_in, better = map(
        variable, ("most", "threshold", "count", "before", "total", "found", "is_in", "better")
    )

    def larger(one: Expression, other: Expression) -> Expression:
        return choice(infix("|", infix(">", one, other), is_nan(one)).grouped, one, other)

    maximum = [declare("const double", found, element), assign(most, larger(found, most))]
    support = [
        declare("const double", found, element - most),
        Statement("const bool is_in = !(found <= threshold);"),
        assign(total, choice(is_in, found, 0), sign="+="),
        assign(count, is_in, sign="+="),
    ]
    turn = [
        declare("double", total, 0),
        assign(before, count),
        assign(count, 0),
        loop(names[axis], x.shape[axis], support),
        declare("const double", better, (total - 1) / count.cast("double")),
        assign(threshold, larger(better, threshold)),
    ]
    cut = [
        declare("const double", found, element - most - threshold),
        assign(target, choice(infix("<", found, 0), 0, found).cast(result.c_type)),
    ]
    lines: list[Code] = [
        declare("double", most, -variable("INFINITY")),
        loop(names[axis], x.shape[axis], maximum),
        Statement("double threshold = -1;"),
        Statement("int64_t count = -1, before;"),
        until_settled(turn, infix("!=", count, before)),
        loop(names[axis], x.shape[axis], cut),
    ]
    around = [position for position in range(x.rank) if position != axis]
    lengths = tuple(x.shape[position] for position in around)
    return write_loops([names[position] for position in around], lengths, lines, x.size)
