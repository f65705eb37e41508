"""Orders along the last axis."""

from __future__ import annotations

from collections.abc import Sequence

from nnc.backends.c.expressions import Expression, infix, variable
from nnc.backends.c.kernels.registry import KernelCall, Unit, kernel
from nnc.backends.c.statements import Code, assign, block, execute, loop
from nnc.backends.c.text import SUFFIXES, UNSIGNED
from nnc.ir import FLOATING, Op, TensorType
from nnc.ops.ordering import ArgSort


def _workspace(op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]) -> Sequence[TensorType]:
    length = operands[0].shape[-1:]
    return TensorType("uint64", length), TensorType("int64", length)


@kernel(ArgSort, workspace=_workspace)
def argsort(call: KernelCall) -> Sequence[Code]:
    """A key per element, whole numbers without sign in the order of the elements; then a merge sort per row."""
    (x,), result, (keys, spare) = call.operands, call.result, call.workspace
    names = [variable(f"i{axis}") for axis in range(x.rank)]
    *outer, last = names
    key = _key(call.unit, x.at(*names), x.dtype, call.op.descending)
    order = result.behind(*outer).address
    lines: list[Code] = [
        loop(last, x.shape[-1], [assign(keys.at(last), key)]),
        execute(call.unit.call("nnc_order_u64", keys.address, order, spare.address, x.shape[-1])),
    ]
    for name, length in reversed(list(zip(outer, x.shape[:-1], strict=True))):
        lines = [loop(name, length, lines)]
    return lines if outer else [block(lines)]


def _key(unit: Unit, element: Expression, dtype: str, descending: bool) -> Expression:
    if dtype in FLOATING:
        return unit.call(f"nnc_key_{SUFFIXES[dtype]}", -element if descending else element)
    key = element.cast("uint64_t")
    if dtype in UNSIGNED:
        key = infix("^", element.cast("int64_t").cast("uint64_t"), variable("INT64_MIN").cast("uint64_t"))
    return infix("-", variable("UINT64_MAX"), key) if descending else key
