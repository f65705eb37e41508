"""Functions of `keras.ops` between layers, such as ``x * 2.0 + y`` on symbolic tensors: each is a layer of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from nnc import activations, ops
from nnc.arguments import Argument, argument
from nnc.errors import ModelError, nearest
from nnc.ir import Op, Value
from nnc.layers import array_functions
from nnc.layers.declared import KerasLayer
from nnc.layers.element_types import as_float, as_value, of_one_type
from nnc.layers.structure import leaves, map_leaves
from nnc.objects import layer_snake_case
from nnc.ops import comparison
from nnc.ops.elementwise import apply

Function = Callable[..., Any]


def _check_operation(where: str, key: str, value: Any) -> str:
    """Return the name of an operation."""
    if not isinstance(value, str) or value not in OPERATIONS:
        raise ModelError(f"unknown operation {value!r} of keras.ops.{nearest(str(value), OPERATIONS)}")
    return value


class Operation(KerasLayer):
    """A function of tensors and numbers that has no weights.

    Args:
        operation: its class in Keras, such as ``Add`` or ``GetItem``.
        settings: the arguments that class is made with, such as ``axis``.

    Raises:
        ModelError: the operation is unknown.
    """

    keeps_integers = True
    autocast = False

    operation: str = argument(_check_operation)
    settings: Any = Argument(lambda owner, key, value: dict(value or {}), dict, default=None, optional=False)

    def __post_init__(self) -> None:
        if not self.has_own_name:
            self._name = self.default_name

    @property
    def default_name(self) -> str:
        return layer_snake_case(getattr(self, "operation", ""))

    @property
    def keras_module(self) -> str:
        """The module of the operation's class in Keras."""
        found = next((module for module, names in _MODULES.items() if self.operation in names), "numpy")
        return f"keras.src.ops.{found}"

    @property
    def is_joining(self) -> bool:
        """Whether the operation's class in Keras takes its operands as one list."""
        return self.operation in ("Concatenate", "Stack")

    def call(self, *args: Any, **kwargs: Any) -> Value:
        settings = {key: value for key, value in self.settings.items() if value is not None}
        found: Value = OPERATIONS[self.operation](*self._operands(args), **settings, **kwargs)
        return found

    def _operands(self, args: Sequence[Any]) -> Sequence[Any]:
        """Return the operands in the element types that Keras brings them to."""
        values = leaves(args, Value)
        if self.operation == "Where" and values:
            return [as_value(args[0], "bool", values[0].graph), *of_one_type(args[1:])]
        if self.operation in _FLOATING:
            args = map_leaves(as_float, args, Value)
        return of_one_type(args) if self.operation in _FLOATING | _OF_ONE_TYPE else args

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return None: what a function gives has no mask, as in Keras."""
        del inputs, previous_mask

    @property
    def summary_class(self) -> str:
        return self.operation

    @property
    def summary_note(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.settings.items())


def _get_item(x: Value, key: Any) -> Value:
    given = key if isinstance(key, list | tuple) else [key]
    items = [
        "..." if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__" else item for item in given
    ]
    if "..." in items:
        place = items.index("...")
        axes = sum(item is not None for item in items) - 1
        items[place : place + 1] = [_WHOLE] * (x.rank - axes)
    axis = 0
    for item in items:
        if item is None:
            x = _expand(x, axis)
        elif isinstance(item, Mapping):
            part = slice(*(item.get("config", item).get(name) for name in ("start", "stop", "step")))
            if (part.start or 0, part.stop, part.step or 1) != (0, None, 1):
                start, stop, step = part.indices(int(x.shape[axis]))
                if step < 0:
                    x = ops.flip(x, axis)
                    length = int(x.shape[axis])
                    start, stop, step = length - 1 - start, length - 1 - stop, -step
                x = ops.take(x, axis, start, stop, step)
        else:
            index = int(item) % int(x.shape[axis])
            x = _squeeze(ops.take(x, axis, index, index + 1), axis)
            continue
        axis += 1
    return x


_WHOLE: Mapping[str, Any] = MappingProxyType({"config": {"start": None, "stop": None, "step": None}})


def _expand(x: Value, axis: Any) -> Value:
    axes = [axis] if isinstance(axis, int) else list(axis)
    rank = x.rank + len(axes)
    shape = list(x.shape)
    for place in sorted(item % rank for item in axes):
        shape.insert(place, 1)
    return ops.reshape(x, shape)


def _squeeze(x: Value, axis: Any = None) -> Value:
    axes = range(x.rank) if axis is None else [axis] if isinstance(axis, int) else axis
    gone = {item % x.rank for item in axes if axis is not None or x.shape[item] == 1}
    return ops.reshape(x, [dim for place, dim in enumerate(x.shape) if place not in gone])


def _reshape(x: Value, newshape: Sequence[int | None]) -> Value:
    return ops.reshape(x, [x.shape[0] if dim is None else dim for dim in newshape])


def _variance(x: Value, axis: Any = None, keepdims: bool = False) -> Value:
    return ops.mean(ops.square(x - ops.mean(x, axis, True)), axis, keepdims)


def _joined(function: Callable[[Sequence[Value], int], Value]) -> Function:
    def join(*values: Any, axis: int = 0) -> Value:
        return function(values[0] if isinstance(values[0], list | tuple) else values, axis)

    return join


def _stack(values: Sequence[Value], axis: int) -> Value:
    return ops.concatenate([_expand(value, axis % (value.rank + 1)) for value in values], axis % (values[0].rank + 1))


def _reduced(function: Function) -> Function:
    def reduce(x: Value, axis: Any = None, keepdims: bool = False, initial: None = None) -> Value:
        if initial is not None:
            raise ModelError("reductions with initial= are not supported")
        found: Value = function(x, tuple(axis) if isinstance(axis, list) else axis, keepdims)
        return found

    return reduce


def _matmul(x1: Value, x2: Value) -> Value:
    return x1 @ x2


def _maximum(x1: Any, x2: Any) -> Value:
    return ops.maximum(x1, x2)


def _minimum(x1: Any, x2: Any) -> Value:
    return ops.minimum(x1, x2)


def _clip(x: Value, x_min: float, x_max: float) -> Value:
    return ops.clip(x, x_min, x_max)


def _where(condition: Value, x1: Any, x2: Any) -> Value:
    if not isinstance(x1, Value) and not isinstance(x2, Value):
        numbers = (x1, x2)
        dtype = next((name for kind, name in _NUMBERS.items() if any(type(item) is kind for item in numbers)), "bool")
        x1 = condition.graph.constant(x1, dtype)
    return ops.where(ops.cast(condition, "bool"), x1, x2)


_NUMBERS = {float: "float32", int: "int32"}
"""Element types of numbers, the larger ones first."""


def _comparison(op: Op) -> Function:
    def compare(x1: Any, x2: Any) -> Value:
        return apply(op, x1, x2)

    return compare


def _truth(function: Callable[[Value, Value], Value]) -> Function:
    def combine(x1: Any, x2: Any) -> Value:
        graph = leaves((x1, x2), Value)[0].graph
        items = [item if isinstance(item, Value) else graph.constant(bool(item), "bool") for item in (x1, x2)]
        return function(*(ops.cast(item, "bool") for item in items))

    return combine


def _not(x: Value) -> Value:
    return ops.equal(ops.cast(x, "bool"), x.graph.constant(False, "bool"))


def _any(x: Value, axis: Any = None, keepdims: bool = False) -> Value:
    found = ops.max(ops.cast(ops.cast(x, "bool"), "float32"), tuple(axis) if isinstance(axis, list) else axis, keepdims)
    return ops.cast(found, "bool")


def _all(x: Value, axis: Any = None, keepdims: bool = False) -> Value:
    return _not(_any(_not(x), axis, keepdims))


def _filled(number: float) -> Function:
    def fill(x: Value, dtype: str | None = None) -> Value:
        return ops.broadcast_to(x.graph.constant(number, dtype or x.dtype), x.shape)

    return fill


def _one_hot(x: Value, num_classes: int, axis: int = -1, dtype: str = "float32", sparse: bool = False) -> Value:
    if sparse or axis != -1:
        raise ModelError("OneHot: only dense rows along the last axis are supported")
    return ops.one_hot(x, num_classes, dtype)


OPERATIONS: Mapping[str, Function] = MappingProxyType(
    {
        "Abs": ops.absolute,
        "Absolute": ops.absolute,
        "Add": lambda x1, x2: x1 + x2,
        "All": _all,
        "Any": _any,
        "Argmax": array_functions.argmax,
        "Argmin": array_functions.argmin,
        "Cast": ops.cast,
        "Ceil": array_functions.ceil,
        "Celu": activations.celu,
        "Clip": _clip,
        "Concatenate": _joined(ops.concatenate),
        "Cos": ops.cos,
        "Divide": lambda x1, x2: x1 / x2,
        "Einsum": lambda *operands, subscripts: ops.einsum(subscripts, *operands),
        "Elu": activations.elu,
        "Equal": _comparison(comparison.Equal()),
        "Exp": ops.exp,
        "ExpandDims": _expand,
        "Expm1": ops.expm1,
        "Floor": ops.floor,
        "Gelu": activations.gelu,
        "GetItem": _get_item,
        "Glu": activations.glu,
        "Greater": _comparison(comparison.Greater()),
        "GreaterEqual": _comparison(comparison.GreaterEqual()),
        "HardShrink": activations.hard_shrink,
        "HardSigmoid": activations.hard_sigmoid,
        "HardSilu": activations.hard_silu,
        "HardTanh": activations.hard_tanh,
        "LeakyRelu": activations.leaky_relu,
        "Less": _comparison(comparison.Less()),
        "LessEqual": _comparison(comparison.LessEqual()),
        "Log": ops.log,
        "Log10": array_functions.logarithm(10.0),
        "Log1p": ops.log1p,
        "Log2": array_functions.logarithm(2.0),
        "LogSigmoid": activations.log_sigmoid,
        "LogSoftmax": activations.log_softmax,
        "LogicalAnd": _truth(ops.logical_and),
        "LogicalNot": _not,
        "LogicalOr": _truth(ops.logical_or),
        "LogicalXor": _truth(lambda x1, x2: apply(comparison.NotEqual(), x1, x2)),
        "Matmul": _matmul,
        "Max": _reduced(ops.max),
        "Maximum": _maximum,
        "Mean": _reduced(ops.mean),
        "Min": _reduced(array_functions.minimum_over),
        "Minimum": _minimum,
        "Multiply": lambda x1, x2: x1 * x2,
        "Negative": lambda x: -x,
        "NotEqual": _comparison(comparison.NotEqual()),
        "OneHot": _one_hot,
        "OnesLike": _filled(1),
        "Pad": array_functions.pad,
        "Power": lambda x1, x2: x1**x2,
        "Prod": array_functions.product_over,
        "Reciprocal": ops.reciprocal,
        "Relu": ops.relu,
        "Relu6": activations.relu6,
        "Repeat": array_functions.repeat,
        "Reshape": _reshape,
        "Round": array_functions.round_to_even,
        "Rsqrt": lambda x: 1.0 / ops.sqrt(x),
        "Selu": activations.selu,
        "Sigmoid": ops.sigmoid,
        "Sign": ops.sign,
        "Silu": activations.silu,
        "Sin": ops.sin,
        "SoftShrink": activations.soft_shrink,
        "Softmax": activations.softmax,
        "Softplus": ops.softplus,
        "Softsign": activations.softsign,
        "SparsePlus": activations.sparse_plus,
        "SparseSigmoid": activations.sparse_sigmoid,
        "Sqrt": ops.sqrt,
        "Square": ops.square,
        "Squareplus": activations.squareplus,
        "Squeeze": _squeeze,
        "Stack": _joined(_stack),
        "Subtract": lambda x1, x2: x1 - x2,
        "Sum": _reduced(array_functions.sum_over),
        "Tan": array_functions.tan,
        "Tanh": ops.tanh,
        "TanhShrink": activations.tanh_shrink,
        "Threshold": activations.threshold,
        "Tile": array_functions.tile,
        "Transpose": lambda x, axes=None: ops.transpose(x, axes),
        "Tril": array_functions.triangle(is_lower=True),
        "Triu": array_functions.triangle(is_lower=False),
        "TrueDivide": lambda x1, x2: x1 / x2,
        "Var": _variance,
        "Where": _where,
        "ZerosLike": _filled(0),
    }
)
"""Functions of the operations, by their classes in Keras; parameters have the same names as there."""

_OF_ONE_TYPE = frozenset(
    {
        *("Add", "Concatenate", "Einsum", "Equal", "Greater", "GreaterEqual", "Less", "LessEqual", "Matmul", "Maximum"),
        *("Minimum", "Multiply", "NotEqual", "Power", "Stack", "Subtract"),
    }
)
"""Operations that bring their operands to one element type."""
_FLOATING = frozenset(
    {
        *("Ceil", "Cos", "Divide", "Exp", "Expm1", "Floor", "Log", "Log10", "Log1p", "Log2", "Mean", "Reciprocal"),
        *("Sin", "Sqrt", "Tan", "Tanh", "TrueDivide", "Var"),
    }
)
"""Operations that make floats of whole numbers."""

_MODULES = {
    "core": ("Cast",),
    "math": ("Rsqrt",),
    "nn": (
        *("Celu", "Elu", "Gelu", "Glu", "HardShrink", "HardSigmoid", "HardSilu", "HardTanh", "LeakyRelu", "LogSigmoid"),
        *("LogSoftmax", "OneHot", "Relu", "Relu6", "Selu", "Sigmoid", "Silu", "SoftShrink", "Softmax", "Softplus"),
        *("Softsign", "SparsePlus", "SparseSigmoid", "Squareplus", "TanhShrink", "Threshold"),
    ),
}
"""Modules of Keras's operations; all others are in ``numpy``."""
