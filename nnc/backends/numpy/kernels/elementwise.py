"""Kernels of elementwise ops: NumPy's ufuncs, and the few functions made of several of them."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod

import numpy

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ir.ops import arithmetic, comparison, error_function, exponential, sizes, trigonometric
from nnc.ir.ops.elementwise import Binary, Unary
from nnc.ir.ops.sizes import WHOLE, write_whole_numbers

_UFUNCS: tuple[type[Unary | Binary], ...] = (
    arithmetic.Absolute,
    arithmetic.Add,
    arithmetic.Divide,
    arithmetic.Floor,
    arithmetic.Multiply,
    arithmetic.Negative,
    arithmetic.Reciprocal,
    arithmetic.Sign,
    arithmetic.Square,
    arithmetic.SquareRoot,
    arithmetic.Subtract,
    arithmetic.BitwiseAnd,
    arithmetic.BitwiseOr,
    arithmetic.BitwiseXor,
    arithmetic.LeftShift,
    arithmetic.RightShift,
    arithmetic.FloorDivide,
    arithmetic.GreatestCommonDivisor,
    arithmetic.Remainder,
    exponential.Exponential,
    exponential.ExponentialMinusOne,
    exponential.HyperbolicTangent,
    exponential.LogAddExp,
    exponential.Logarithm,
    exponential.LogarithmOnePlus,
    exponential.Power,
    exponential.HyperbolicSine,
    exponential.InverseHyperbolicSine,
    trigonometric.Angle,
    trigonometric.Cosine,
    trigonometric.Sine,
)


_COMPARISONS: tuple[type[comparison.Comparison], ...] = (
    comparison.Equal,
    comparison.Greater,
    comparison.GreaterEqual,
    comparison.Less,
    comparison.LessEqual,
    comparison.LogicalAnd,
    comparison.LogicalOr,
    comparison.NotEqual,
)


CLIPPED_ELEMENTS = 4096
"""Elements per row from which on `clip`, which costs a microsecond more per call, is faster than a limit by a ufunc."""


def _is_clipped(type: TensorType) -> bool:
    """Whether NumPy's `clip`, which works on several elements at once, is worth its call.

    The ufuncs `maximum` and `minimum` do so for two arrays only, and take four times as long where one is a number.
    """
    return type.is_floating and prod(dim for dim in type.shape if isinstance(dim, int)) >= CLIPPED_ELEMENTS


@kernel(arithmetic.Maximum, arithmetic.Minimum)
def limit(call: KernelCall) -> Sequence[str]:
    """The ufunc; large arrays that are limited by one number are clipped."""
    sizes = [type.size for type in call.operand_types]
    if sizes.count(1) != 1 or not _is_clipped(call.result_types[0]):
        return ufunc(call)
    operands = _broadcast(call)
    number, x = operands[sizes.index(1)], operands[1 - sizes.index(1)]
    if isinstance(call.op, arithmetic.Maximum):
        return [f"{x}.clip({number}, {call.number(inf)}, {call.result})"]
    return [f"{x}.clip({call.number(-inf)}, {number}, {call.result})"]


@kernel(*_UFUNCS)
def ufunc(call: KernelCall) -> Sequence[str]:
    """One call of the ufunc with the result as output."""
    return [_ufunc_call(call, call.result)]


def _ufunc_call(call: KernelCall, output: str) -> str:
    assert isinstance(call.op, Unary | Binary)
    function = call.op.ufunc
    assert function is not None
    arguments = [*_broadcast(call), _output(function, output)]
    return f"{call.function(function)}({', '.join(arguments)})"


def _broadcast(call: KernelCall) -> Sequence[str]:
    """Return the operands; one element for all is seen as a number, which NumPy broadcasts in half the time."""
    if call.result_types[0].size == 1:
        return call.operands
    return [
        call.reshaped(operand, "number", lambda _: ()) if type.size == 1 and type.rank > 0 else operand
        for operand, type in zip(call.operands, call.operand_types, strict=True)
    ]


def _output(function: numpy.ufunc, name: str) -> str:
    """NumPy wants the output of these two by keyword."""
    return f"out={name}" if function in (numpy.maximum, numpy.minimum) else name


@kernel(arithmetic.Relu)
def relu(call: KernelCall) -> Sequence[str]:
    """The maximum with 0."""
    if _is_clipped(call.result_types[0]):
        return [f"{call.operands[0]}.clip({call.number(0)}, {call.number(inf)}, {call.result})"]
    return [f"{call.function(numpy.maximum)}({call.operands[0]}, {call.number(0)}, out={call.result})"]


@kernel(exponential.Sigmoid)
def sigmoid(call: KernelCall) -> Sequence[str]:
    """1 / (1 + exp(-x)), in the result's buffer."""
    op, (x,), y = call.op, call.operands, call.result
    assert isinstance(op, exponential.Sigmoid)
    first = [] if op.negated else [f"{call.function(numpy.negative)}({x}, {y})"]
    return [
        *first,
        f"{call.function(numpy.exp)}({x if op.negated else y}, {y})",
        f"{call.function(numpy.add)}({y}, {call.number(1)}, {y})",
        f"{call.function(numpy.reciprocal)}({y}, {y})",
    ]


def _error_function_workspace(
    op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Sequence[TensorType]:
    return (results[0],) * error_function.WORKSPACE_ARRAYS


@kernel(exponential.ErrorFunction, workspace=_error_function_workspace)
def error_function_of_elements(call: KernelCall) -> Sequence[str]:
    """The rational approximation."""
    workspace = ", ".join(call.workspace)
    return [f"{call.function(error_function.write_error_function)}({call.operands[0]}, {call.result}, ({workspace}))"]


def _complement_workspace(
    op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Sequence[TensorType]:
    (y,) = results
    return (*(y,) * error_function.COMPLEMENT_ARRAYS, y.with_dtype("bool"))


@kernel(exponential.ComplementaryErrorFunction, workspace=_complement_workspace)
def complement_of_error_function(call: KernelCall) -> Sequence[str]:
    """The rational approximation."""
    workspace = ", ".join(call.workspace)
    return [f"{call.function(error_function.write_complement)}({call.operands[0]}, {call.result}, ({workspace}))"]


def _inverse_error_function_workspace(
    op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Sequence[TensorType]:
    (y,) = results
    return (*(y,) * error_function.INVERSE_ARRAYS, y.with_dtype("bool"))


@kernel(exponential.InverseErrorFunction, workspace=_inverse_error_function_workspace)
def inverse_of_error_function(call: KernelCall) -> Sequence[str]:
    """The rational approximation."""
    function = call.function(error_function.write_inverse_error_function)
    return [f"{function}({call.operands[0]}, {call.result}, ({', '.join(call.workspace)}))"]


def _comparison_workspace(
    op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Sequence[TensorType]:
    return () if results[0].dtype == "bool" else (results[0].with_dtype("bool"),)


@kernel(*_COMPARISONS, workspace=_comparison_workspace)
def compare(call: KernelCall) -> Sequence[str]:
    """The ufunc; where numbers are wanted, its truth values are copied: NumPy would do so in pieces, more slowly."""
    if not call.workspace:
        return ufunc(call)
    return [_ufunc_call(call, call.workspace[0]), f"{call.result}[...] = {call.workspace[0]}"]


@kernel(comparison.Where)
def where(call: KernelCall) -> Sequence[str]:
    """The third operand, overwritten by the second where the condition holds."""
    condition, x, y = call.operands
    first = [] if call.inplace == 2 else [f"{call.result}[...] = {y}"]
    (result,) = call.result_types
    same = all(type.shape == result.shape for type in call.operand_types[:2])
    if same and all(call.dense[:2]):  # faster, but does not broadcast
        return [*first, f"{call.function(numpy.putmask)}({call.result}, {condition}, {x})"]
    return [*first, f"{call.function(numpy.copyto)}({call.result}, {x}, where={condition})"]


@kernel(sizes.Cast)
def cast(call: KernelCall) -> Sequence[str]:
    """A converting copy; floating-point numbers that become whole ones are looked at."""
    if call.operand_types[0].is_floating and call.result_types[0].dtype in WHOLE:
        return [f"{call.function(write_whole_numbers)}({call.operands[0]}, {call.result})"]
    return [f"{call.result}[...] = {call.operands[0]}"]
