"""Kernels of elementwise ops: NumPy's ufuncs, and the few functions made of several of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy

from nnc.backends.numpy.kernels.registry import KernelCall, kernel
from nnc.ir import Op, TensorType
from nnc.ops import arithmetic, comparison, exponential, sizes
from nnc.ops.elementwise import Binary, Unary
from nnc.ops.error_function import WORKSPACE_ARRAYS, write_error_function

_UFUNCS: tuple[type[Unary | Binary], ...] = (
    arithmetic.Absolute,
    arithmetic.Add,
    arithmetic.Divide,
    arithmetic.Floor,
    arithmetic.Maximum,
    arithmetic.Minimum,
    arithmetic.Multiply,
    arithmetic.Negative,
    arithmetic.Power,
    arithmetic.Reciprocal,
    arithmetic.Sign,
    arithmetic.Square,
    arithmetic.SquareRoot,
    arithmetic.Subtract,
    comparison.Equal,
    comparison.Greater,
    comparison.GreaterEqual,
    comparison.Less,
    comparison.LessEqual,
    comparison.LogicalAnd,
    comparison.LogicalOr,
    comparison.NotEqual,
    exponential.Exponential,
    exponential.ExponentialMinusOne,
    exponential.HyperbolicTangent,
    exponential.LogAddExp,
    exponential.Logarithm,
    exponential.LogarithmOnePlus,
)


@kernel(*_UFUNCS)
def ufunc(call: KernelCall) -> Sequence[str]:
    """One call of the ufunc with the result as output."""
    assert isinstance(call.op, Unary | Binary)
    function = call.op.ufunc
    assert function is not None
    arguments = [*call.operands, _output(function, call.result)]
    return [f"{call.function(function)}({', '.join(arguments)})"]


def _output(function: numpy.ufunc, name: str) -> str:
    """NumPy wants the output of these two by keyword."""
    return f"out={name}" if function in (numpy.maximum, numpy.minimum) else name


@kernel(arithmetic.Relu)
def relu(call: KernelCall) -> Sequence[str]:
    """The maximum with 0."""
    return [f"{call.function(numpy.maximum)}({call.operands[0]}, {call.number(0)}, out={call.result})"]


@kernel(exponential.Sigmoid)
def sigmoid(call: KernelCall) -> Sequence[str]:
    """1 / (1 + exp(-x)), in the result's buffer."""
    (x,), y = call.operands, call.result
    return [
        f"{call.function(numpy.negative)}({x}, {y})",
        f"{call.function(numpy.exp)}({y}, {y})",
        f"{call.function(numpy.add)}({y}, {call.number(1)}, {y})",
        f"{call.function(numpy.reciprocal)}({y}, {y})",
    ]


def _error_function_workspace(
    op: Op, operands: Sequence[TensorType], results: Sequence[TensorType]
) -> Sequence[TensorType]:
    return (results[0],) * WORKSPACE_ARRAYS


@kernel(exponential.ErrorFunction, workspace=_error_function_workspace)
def error_function(call: KernelCall) -> Sequence[str]:
    """The rational approximation."""
    workspace = ", ".join(call.workspace)
    return [f"{call.function(write_error_function)}({call.operands[0]}, {call.result}, ({workspace}))"]


@kernel(comparison.Where)
def where(call: KernelCall) -> Sequence[str]:
    """The third operand, overwritten by the second where the condition holds."""
    condition, x, y = call.operands
    copyto = call.function(numpy.copyto)
    first = [] if call.inplace == 2 else [f"{copyto}({call.result}, {y})"]
    return [*first, f"{copyto}({call.result}, {x}, where={condition})"]


@kernel(sizes.Cast)
def cast(call: KernelCall) -> Sequence[str]:
    """A converting copy."""
    return [f"{call.function(numpy.copyto)}({call.result}, {call.operands[0]}, 'unsafe')"]
