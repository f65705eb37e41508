"""Sparsemax: a threshold per row, found without sorting."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.kernels.registry import Call, kernel
from nnc.backends.c.nests import indented, loop_head
from nnc.ops.sparsemax import Sparsemax


@kernel(Sparsemax)
def sparsemax(call: Call) -> Sequence[str]:
    """max(x - threshold, 0), where the threshold grows until no element leaves the support.

    C. Michelot, "A finite algorithm for finding the projection of a point onto the canonical simplex of R^n", 1986,
    from the largest element minus 1, below which no element of the support lies.
    """
    (x,), result, axis = call.operands, call.result, call.op.axis
    names = [f"i{position}" for position in range(x.rank)]
    element, target = x.at(*names), result.at(*names)
    loop = loop_head(names[axis], x.shape[axis])
    lines = [
        "double most = -INFINITY;",
        f"{loop} {{",
        f"    const double found = {element};",
        "    most = ((found > most) | (found != found)) ? found : most;",
        "}",
        "double threshold = -1;",
        "int64_t count = -1, before;",
        "do {",
        "    double total = 0;",
        "    before = count;",
        "    count = 0;",
        f"    {loop} {{",
        f"        const double found = {element} - most;",
        "        const bool is_in = !(found <= threshold);",
        "        total += is_in ? found : 0;",
        "        count += is_in;",
        "    }",
        "    const double better = (total - 1) / (double)count;",
        "    threshold = ((better > threshold) | (better != better)) ? better : threshold;",
        "} while (count != before);",
        f"{loop} {{",
        f"    const double found = {element} - most - threshold;",
        f"    {target} = ({result.c_type})(found < 0 ? 0 : found);",
        "}",
    ]
    for position in reversed(range(x.rank)):
        if position != axis:
            lines = [f"{loop_head(names[position], x.shape[position])} {{", *indented(lines), "}"]
    return lines if x.rank > 1 else ["{", *indented(lines), "}"]
