"""TensorFlow's functions that scripts of Keras users call beside Keras, each by one of `nnc.ops`; see `nnc.as_keras`.

They have TensorFlow's names, arguments and results. Whatever else a script asks of ``tensorflow`` is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc import ops
from nnc.compiled_function import function as compiled
from nnc.errors import ModelError
from nnc.tape import GradientTape
from nnc.tensorflow.reductions import (
    argmax,
    argmin,
    cumsum,
    norm,
    reduce_all,
    reduce_any,
    reduce_logsumexp,
    reduce_max,
    reduce_mean,
    reduce_min,
    reduce_prod,
    reduce_sum,
)
from nnc.tensorflow.shapes import (
    concat,
    expand_dims,
    gather,
    identity,
    one_hot,
    pad,
    repeat,
    reshape,
    reverse,
    shape,
    size,
    split,
    squeeze,
    stack,
    tile,
    transpose,
    unstack,
)
from nnc.tensorflow.signatures import renamed
from nnc.tensorflow.types import DType
from nnc.variable import Variable as _Variable

__all__ = [
    "GradientTape",
    "Variable",
    "abs",
    "add",
    "add_n",
    "argmax",
    "argmin",
    "argsort",
    "bool",
    "cast",
    "clip_by_value",
    "concat",
    "constant",
    "convert_to_tensor",
    "cos",
    "cumsum",
    "divide",
    "einsum",
    "equal",
    "exp",
    "expand_dims",
    "eye",
    "fill",
    "float32",
    "float64",
    "floor",
    "function",
    "gather",
    "greater",
    "greater_equal",
    "identity",
    "int32",
    "int64",
    "less",
    "less_equal",
    "linspace",
    "logical_and",
    "logical_not",
    "logical_or",
    "matmul",
    "maximum",
    "minimum",
    "multiply",
    "newaxis",
    "norm",
    "not_equal",
    "one_hot",
    "ones",
    "ones_like",
    "pad",
    "pow",
    "range",
    "reduce_all",
    "reduce_any",
    "reduce_logsumexp",
    "reduce_max",
    "reduce_mean",
    "reduce_min",
    "reduce_prod",
    "reduce_sum",
    "repeat",
    "reshape",
    "reverse",
    "round",
    "shape",
    "sigmoid",
    "sign",
    "sin",
    "size",
    "sort",
    "split",
    "sqrt",
    "square",
    "squeeze",
    "stack",
    "stop_gradient",
    "string",
    "subtract",
    "tanh",
    "tensordot",
    "tile",
    "transpose",
    "uint8",
    "unstack",
    "where",
    "zeros",
    "zeros_like",
]

newaxis = None
float32, float64 = DType("float32"), DType("float64")
int32, int64, uint8 = DType("int32"), DType("int64"), DType("uint8")
bool, string = DType("bool"), DType("string")

abs = renamed(ops.abs, "x")
argsort = renamed(ops.argsort, "values", axis=-1)
cos = renamed(ops.cos, "x")
exp = renamed(ops.exp, "x")
floor = renamed(ops.floor, "x")
logical_not = renamed(ops.logical_not, "x")
round = renamed(ops.round, "x")
sigmoid = renamed(ops.sigmoid, "x")
sign = renamed(ops.sign, "x")
sin = renamed(ops.sin, "x")
sort = renamed(ops.sort, "values", axis=-1)
sqrt = renamed(ops.sqrt, "x")
square = renamed(ops.square, "x")
stop_gradient = renamed(ops.stop_gradient, "input")
tanh = renamed(ops.tanh, "x")
add = renamed(ops.add, "x", "y")
divide = renamed(ops.divide, "x", "y")
equal = renamed(ops.equal, "x", "y")
greater = renamed(ops.greater, "x", "y")
greater_equal = renamed(ops.greater_equal, "x", "y")
less = renamed(ops.less, "x", "y")
less_equal = renamed(ops.less_equal, "x", "y")
logical_and = renamed(ops.logical_and, "x", "y")
logical_or = renamed(ops.logical_or, "x", "y")
maximum = renamed(ops.maximum, "x", "y")
minimum = renamed(ops.minimum, "x", "y")
multiply = renamed(ops.multiply, "x", "y")
not_equal = renamed(ops.not_equal, "x", "y")
pow = renamed(ops.power, "x", "y")
subtract = renamed(ops.subtract, "x", "y")
tensordot = renamed(ops.tensordot, "a", "b", "axes")
where = renamed(ops.where, "condition", x=None, y=None)
clip_by_value = renamed(ops.clip, "t", "clip_value_min", "clip_value_max")
linspace = renamed(ops.linspace, "start", "stop", "num")


def Variable(  # noqa: N802
    initial_value: Any, trainable: Any = True, validate_shape: Any = True, name: Any = None, dtype: Any = None
) -> _Variable:
    """Return a variable, which begins with an array."""
    del validate_shape
    return _Variable(convert_to_tensor(initial_value, dtype), trainable=trainable, name=name)


def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: Any = True,
    jit_compile: Any = None,
    reduce_retracing: Any = False,
) -> Any:
    """Compile a function, also as a decorator: `nnc.function`, which does so anew for other shapes and types."""
    del input_signature, autograph, jit_compile, reduce_retracing
    return compiled if func is None else compiled(func)


def constant(value: Any, dtype: Any = None, shape: Any = None) -> Any:
    """Return numbers as a tensor."""
    found = ops.convert_to_tensor(value, dtype)
    if shape is None:
        return found
    return ops.broadcast_to(found, tuple(shape)) if found.size == 1 else ops.reshape(found, tuple(shape))


def convert_to_tensor(value: Any, dtype: Any = None, dtype_hint: Any = None) -> Any:
    """Return numbers as a tensor."""
    del dtype_hint
    return ops.convert_to_tensor(value, dtype)


def cast(x: Any, dtype: Any) -> Any:
    """Return x in another element type."""
    return ops.cast(x, dtype)


def add_n(inputs: Any) -> Any:
    """Return the sum of several tensors."""
    found, *others = inputs
    for item in others:
        found = ops.add(found, item)
    return found


def matmul(a: Any, b: Any, transpose_a: Any = False, transpose_b: Any = False) -> Any:
    """Return the product of matrices."""
    return ops.matmul(_turned(a) if transpose_a else a, _turned(b) if transpose_b else b)


def einsum(equation: str, *inputs: Any) -> Any:
    """Return the sum of products that an equation says."""
    return ops.einsum(equation, *inputs)


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None) -> Any:
    """Return numbers from a start up to, and without, a limit."""
    return ops.arange(start, limit, delta, dtype) if limit is not None else ops.arange(0, start, delta, dtype)


def zeros(shape: Any, dtype: Any = "float32") -> Any:
    """Return zeros."""
    return ops.zeros(_shape(shape), dtype)


def ones(shape: Any, dtype: Any = "float32") -> Any:
    """Return ones."""
    return ops.ones(_shape(shape), dtype)


def zeros_like(input: Any, dtype: Any = None) -> Any:
    """Return zeros of a tensor's shape."""
    return ops.zeros_like(input, dtype)


def ones_like(input: Any, dtype: Any = None) -> Any:
    """Return ones of a tensor's shape."""
    return ops.ones_like(input, dtype)


def fill(dims: Any, value: Any) -> Any:
    """Return a tensor of one value."""
    kind = None if not isinstance(value, int | float) or value is True or value is False else constant(value).dtype
    return ops.full(_shape(dims), value, kind)


def eye(num_rows: int, num_columns: int | None = None, batch_shape: Any = None, dtype: Any = "float32") -> Any:
    """Return a matrix with ones on its diagonal."""
    if batch_shape is not None:
        raise ModelError("tensorflow.eye: batch_shape is not supported; use keras.ops.broadcast_to")
    return ops.eye(num_rows, num_columns, dtype=dtype)


def _turned(x: Any) -> Any:
    return ops.swapaxes(x, -1, -2)


def _shape(shape: Any) -> tuple[Any, ...]:
    return tuple(shape) if isinstance(shape, list | tuple | numpy.ndarray) else (shape,)
