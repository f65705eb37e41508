"""Models whose class says in ``call`` what is computed: wired when the types of their inputs are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nnc.arrays import is_array_like, shape_of
from nnc.errors import ModelError
from nnc.layers import InputLayer, Layer, SymbolicTensor
from nnc.models.wiring import name_layers, trace
from nnc.structure import leaves, map_leaves


def wire_author(model: Any, inputs: Any) -> None:
    """Apply a model's ``call`` to symbolic inputs, which becomes its only layer: the model itself.

    Args:
        model: the model.
        inputs: layers of inputs, nested as ``call`` takes them.

    Raises:
        ModelError: ``call`` does not accept them, or returns something else than tensors.
    """
    tensors = map_leaves(lambda layer: layer.output, inputs, InputLayer)
    model.is_wiring = True
    name_layers(model.sublayers, model)
    try:
        found = Layer._wire(model, (tensors,), {})
    finally:
        model.is_wiring = False
    given, outputs = leaves(tensors, SymbolicTensor), leaves(found, SymbolicTensor)
    name_layers(model.sublayers, model)  # those that were made meanwhile, too
    model.inputs, model.outputs, model.nested_inputs = given, outputs, tensors
    model.calls = trace(tuple(given), tuple(outputs), model.name)
    model.built = True
    model._program = None
    model.nest_outputs(found)


def arrays_as_types(given: Any, dtype: str, name: str | None = None) -> Any:
    """Return an input layer for each array, nested as these are.

    Args:
        given: arrays of shape (rows, …).
        dtype: element type of floating-point numbers.
        name: name of an input that has one.
    """
    if isinstance(given, Mapping):
        return {key: arrays_as_types(item, dtype, str(key)) for key, item in given.items()}
    if isinstance(given, list | tuple) and any(is_array_like(item) or isinstance(item, Mapping) for item in given):
        parts = [arrays_as_types(item, dtype, f"{name or 'input'}_{number}") for number, item in enumerate(given)]
        return parts if isinstance(given, list) else tuple(parts)
    shape = shape_of(given)
    if not shape:
        raise ModelError(f"a model takes arrays of shape (rows, …), got {type(given).__name__}")
    found = str(getattr(getattr(given, "dtype", None), "name", "float32"))
    chosen = dtype if found.startswith(("float", "bfloat")) else found
    return InputLayer(batch_shape=(None, *shape[1:]), dtype=chosen, name=name)


def shapes_as_types(given: Any, dtype: str, name: str | None = None) -> Any:
    """Return an input layer for each shape, the batch first, nested as these are."""
    if isinstance(given, Mapping):
        return {key: shapes_as_types(item, dtype, str(key)) for key, item in given.items()}
    if any(isinstance(item, list | tuple) for item in given):
        return [shapes_as_types(item, dtype, f"{name or 'input'}_{number}") for number, item in enumerate(given)]
    return InputLayer(batch_shape=tuple(given), dtype=dtype, name=name)


def build_config(model: Any) -> dict[str, Any] | None:
    """Return the shapes that a model is built for, as Keras's files have them; None before it is built.

    Args:
        model: the model.
    """
    if not model.outputs:
        return None
    return {"input_shape": map_leaves(lambda tensor: list(tensor.shape), model.nested_inputs, SymbolicTensor)}


def build_from_config(model: Any, config: Any) -> None:
    """Build a model for the shapes that a file says; see `build_config`.

    Raises:
        ModelError: it says none, or those of several arguments.
    """
    shapes = config.get("shapes_dict") if isinstance(config, Mapping) else None
    if isinstance(shapes, Mapping) and len(shapes) == 1:
        (shape,) = shapes.values()
    else:
        shape = config.get("input_shape") if isinstance(config, Mapping) else None
    if shape is None:
        raise ModelError(
            f"{type(model).__name__}: its build_config says no shape of a single argument, got {config!r:.200}; define"
            " build_from_config in the class"
        )
    model.build(shape)
