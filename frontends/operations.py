"""Functions between layers in Keras's files: operations of Keras 3's `keras.ops`, and TensorFlow's in Keras 2."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from inspect import signature

from frontends.nodes import Mapping, Scalar, Sequence, ValueNode
from nnc.layers import layer_classes
from nnc.operations import OPERATIONS

OPERATION = "Operation"
"""nnc's layer for all of them; see `nnc.operations`."""
IGNORED = frozenset({"name", "conjugate"})
"""Keywords of TensorFlow's functions that change nothing here."""
_OF_TWO = frozenset({"Add", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"})
"""Operations of two operands, which a layer of that name takes in one list."""
_OF_OPERATIONS = {"Average": "axis", "Reshape": "newshape"}
"""Arguments that operations have, and layers of their names do not."""
_OF_LAYERS = ("name", "trainable", "dtype")
_TENSORFLOW = {
    "__operators__.add": "Add",
    "__operators__.getitem": "GetItem",
    "cast": "Cast",
    "clip_by_value": "Clip",
    "concat": "Concatenate",
    "expand_dims": "ExpandDims",
    "linalg.matmul": "Matmul",
    "math.abs": "Absolute",
    "math.add": "Add",
    "math.divide": "Divide",
    "math.exp": "Exp",
    "math.log": "Log",
    "math.maximum": "Maximum",
    "math.minimum": "Minimum",
    "math.multiply": "Multiply",
    "math.negative": "Negative",
    "math.pow": "Power",
    "math.reduce_max": "Max",
    "math.reduce_mean": "Mean",
    "math.reduce_min": "Min",
    "math.reduce_sum": "Sum",
    "math.sigmoid": "Sigmoid",
    "math.sqrt": "Sqrt",
    "math.square": "Square",
    "math.subtract": "Subtract",
    "math.tanh": "Tanh",
    "math.truediv": "Divide",
    "nn.relu": "Relu",
    "nn.relu6": "Relu6",
    "nn.sigmoid": "Sigmoid",
    "nn.softmax": "Softmax",
    "nn.swish": "Silu",
    "reshape": "Reshape",
    "squeeze": "Squeeze",
    "stack": "Stack",
    "tanh": "Tanh",
    "transpose": "Transpose",
}
"""Keras 3's operation for a function of TensorFlow's, by its name in a ``TFOpLambda``."""
KEYWORDS = {
    "input_tensor": "x",
    "shape": "newshape",
    "perm": "axes",
    "clip_value_min": "x_min",
    "clip_value_max": "x_max",
    "slice_spec": "key",
    "features": "x",
    "y": "x2",
    "logits": "x",
    "input": "x",
}
"""Keras 3's keyword for one of TensorFlow's."""


def as_operation(
    class_name: str, module: str | None, arguments: MappingType[str, ValueNode], inbound: ValueNode | None
) -> tuple[str, dict[str, ValueNode]] | None:
    """Return class name and arguments of the layer that stands for a function, or None where an entry is a layer.

    Args:
        class_name: class of the entry.
        module: its module, where it says.
        arguments: its config.
        inbound: what it is applied to.
    """
    if class_name in ("TFOpLambda", "SlicingOpLambda"):
        function = arguments.get("function")
        name = function.value if isinstance(function, Scalar) else None
        known = _TENSORFLOW.get(str(name).removeprefix("compat.v1."))
        return None if known is None else (OPERATION, _made(known, arguments, {}))
    if _is_operation(class_name, arguments, inbound) if module is None else ".ops." in f"{module}.":
        settings = {key: node for key, node in arguments.items() if key not in _OF_LAYERS}
        if "dtype" in arguments and _is_typed(class_name):
            settings["dtype"] = arguments["dtype"]
        return OPERATION, _made(class_name, arguments, settings)
    return None


def _is_typed(class_name: str) -> bool:
    """Return whether the element type is one of an operation's arguments."""
    known = OPERATIONS.get(class_name)
    return known is not None and "dtype" in signature(known.function).parameters


def _is_operation(class_name: str, arguments: MappingType[str, ValueNode], inbound: ValueNode | None) -> bool:
    """Return whether an entry without a module, as in HDF5 files of Keras 3, is an operation."""
    if class_name not in layer_classes():
        return class_name in OPERATIONS
    if class_name not in _OF_TWO:
        return _OF_OPERATIONS.get(class_name) in arguments
    calls = inbound.items if isinstance(inbound, Sequence) else ()
    operands = [node.entries.get("args") for node in calls if isinstance(node, Mapping)]
    return any(
        isinstance(node, Sequence) and node.items and not isinstance(node.items[0], Sequence) for node in operands
    )


def _made(
    operation: str, arguments: MappingType[str, ValueNode], settings: dict[str, ValueNode]
) -> dict[str, ValueNode]:
    name = {"name": arguments["name"]} if "name" in arguments else {}
    return name | {"operation": Scalar(value=operation), "settings": Mapping(entries=settings)}
