"""Computes Keras's side for the same model and arrays; Keras is imported here and nowhere else."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import numpy

from nnc import losses, optimizers
from nnc.errors import ModelError
from nnc.labels import OPERATION
from nnc.losses.registry import as_loss
from nnc.models.model import Model
from nnc.plugins import call_arguments, compute_operations
from nnc.verify.findings import Trace, same_tensors

Array = Any
Calls = list[tuple[str, str, tuple[Any, ...]]]
_NARROW = ("float16", "bfloat16")
_FLOATING = (*_NARROW, "mixed_float16", "mixed_bfloat16", "float32", "float64")
_LOADABLE = (".keras", ".h5", ".hdf5")


def keras_model(source: Any, model: Model) -> Any:
    """Return the Keras model to compare with.

    Args:
        source: a live Keras model, the path of a file that Keras reads, or anything else, for which the nnc model's
            config and weights make one.
        model: the nnc model.

    Raises:
        ModelError: Keras is not installed, or makes no model of it.
    """
    keras = _keras()
    if isinstance(source, keras.Model):
        return source
    try:
        if isinstance(source, str | os.PathLike) and Path(source).suffix.lower() in _LOADABLE:
            return keras.models.load_model(source)
        from nnc.models import Sequential

        cls = keras.Sequential if isinstance(model, Sequential) else keras.Model
        made = cls.from_config(model.get_config())
        made.set_weights(model.get_weights())
        if model.objective.loss is not None:
            _compile(made, model)
    except Exception as error:  # whatever Keras does not like about it
        raise ModelError(f"Keras cannot make a model from {str(source)!r}: {error}") from error
    return made


@contextmanager
def element_type(dtype: str | None) -> Iterator[None]:
    """Let Keras compute in an element type inside the block; None leaves it as it is."""
    if dtype is None:
        yield
        return
    keras = _keras()
    before = keras.config.floatx()
    keras.config.set_floatx(dtype)
    try:
        yield
    finally:
        keras.config.set_floatx(before)


def is_narrow(model: Any) -> bool:
    """Whether a Keras model computes in an element type of fewer digits than float32, and nnc not."""
    return any(layer.compute_dtype in _NARROW for layer in (model, *all_layers(model)))


def converted(model: Any, dtype: str) -> Any:
    """Return a copy of a Keras model that computes in another element type, with its weights and its loss.

    Args:
        model: a Sequential or functional model, which is not changed.
        dtype: the element type, which must be that of `element_type` as well.

    Raises:
        ModelError: Keras cannot make a copy of it.
    """
    keras = _keras()
    classes = {type(layer).__name__: type(layer) for layer in all_layers(model)}
    try:
        with keras.saving.custom_object_scope(classes):
            made = type(model).from_config(_of_type(model.get_config(), dtype))
        made.set_weights(model.get_weights())
        if is_compiled(model):
            made.compile(
                type(model.optimizer).from_config(model.optimizer.get_config()),
                keras.tree.map_structure(lambda loss: _loss_of_type(loss, dtype), model.loss),
                loss_weights=getattr(model._compile_loss, "_user_loss_weights", None),
            )
    except Exception as error:  # whatever a user's own class raises
        raise ModelError(f"verify: Keras cannot copy model '{model.name}' in {dtype}: {error}") from error
    return made


def _of_type(config: Any, dtype: str) -> Any:
    """Return a config with another element type instead of every floating-point one."""
    if isinstance(config, dict):
        return {
            key: dtype if key in ("dtype", "name") and value in _FLOATING else _of_type(value, dtype)
            for key, value in config.items()
        }
    return [_of_type(item, dtype) for item in config] if isinstance(config, list | tuple) else config


def _loss_of_type(loss: Any, dtype: str) -> Any:
    """Return a loss that computes in an element type, where it is an object, which has one."""
    keras = _keras()
    if not isinstance(loss, keras.losses.Loss):
        return loss
    found = object.__new__(type(loss))  # by way of its config, as Keras copies it, some lose arguments
    found.__dict__.update(loss.__dict__)
    found._dtype_policy = keras.dtype_policies.get(dtype)
    found._dtype = found._dtype_policy.compute_dtype
    return found


def _compile(made: Any, model: Model) -> None:
    """Compile a Keras model with the optimizer and the losses of an nnc model."""
    keras = _keras()

    def loss(given: Any) -> Any:
        if isinstance(given, list | tuple):
            return [loss(item) for item in given]
        if isinstance(given, dict) and "class_name" not in given:
            return {name: loss(item) for name, item in given.items()}
        return None if given is None else keras.losses.get(losses.serialize(as_loss(given)))

    made.compile(
        keras.optimizers.get(optimizers.serialize(model.optimizer)),
        loss(model.objective.loss),
        loss_weights=model.objective.loss_weights,
    )


def _keras() -> Any:
    try:
        import keras
    except ImportError as error:
        raise ModelError(f"verify needs Keras: pip install keras tensorflow ({error})") from error
    return keras


def all_layers(model: Any) -> Iterator[Any]:
    """Return the layers inside a model, and those inside of them."""
    return (layer for layer, _ in _paths(model, ""))


def is_compiled(model: Any) -> bool:
    """Return whether a Keras model has a loss."""
    return bool(getattr(model, "compiled", False) and model.loss is not None)


def trace_forward(model: Any, arrays: Sequence[Array]) -> Trace:
    """Return the outputs of all layers when predicting."""
    keras = _keras()
    args, kwargs = call_arguments(model, arrays)
    with _restored(model), _recording(model) as (calls, _):
        outputs = model(*args, **kwargs, training=False)
    calls = [call for call in calls if all(map(_is_eager, call[2]))]
    return Trace(_layers(calls), outputs=tuple(map(_numbers, keras.tree.flatten(outputs))))


def trace_training(
    model: Any, arrays: Sequence[Array], targets: Sequence[Array], weights: Sequence[Any], trained: Sequence[Any]
) -> Trace:
    """Return the outputs of all layers in training, all gradients, and the weights after one update.

    Args:
        model: the model; its weights are as before afterwards.
        arrays: an array per input.
        targets: an array per output.
        weights: its weights in the order in which they are compared.
        trained: those of them that are trained, likewise.

    Raises:
        ModelError: Keras's backend is not TensorFlow.
    """
    keras = _keras()
    if keras.backend.backend() != "tensorflow":
        raise ModelError(f"verify --train needs Keras on TensorFlow, it runs on {keras.backend.backend()}")
    import tensorflow

    with _restored(model):
        with tensorflow.GradientTape() as tape, _recording(model) as (calls, given):
            inputs = [tensorflow.constant(array) for array in arrays]
            tape.watch([tensor for tensor in inputs if tensor.dtype.is_floating])
            asks = getattr(model, "_call_has_training_arg", True)  # as Keras trains it, where its call does not ask
            args, kwargs = call_arguments(model, inputs)
            outputs = model(*args, **kwargs, **({"training": True} if asks else {}))
            loss = _loss(model, arrays, targets, outputs)
        calls = [call for call in calls if all(map(_is_eager, call[2]))]
        flat = [tensor for _, _, tensors in calls for tensor in tensors if tensor.dtype.is_floating]
        unique = list({id(tensor): tensor for tensor in flat}.values())
        found = tape.gradient(loss, [*unique, *trained])
        cotangents = {id(tensor): found[position] for position, tensor in enumerate(unique)}
        gradients = found[len(unique) :]
        if trained:
            _optimizer(model).apply(gradients, trained)
        after = [(weight.path, _numbers(weight)) for weight in weights]
    return Trace(
        _layers(calls),
        tuple(tuple(_optional(cotangents.get(id(tensor))) for tensor in tensors) for _, _, tensors in calls),
        tuple((weight.path, _optional(gradient)) for weight, gradient in zip(trained, gradients, strict=True)),
        tuple(after),
        same=tuple(same_tensors(list(map(id, tensors))) for _, _, tensors in calls),
        readers=tuple(tuple(_readers(tensor, given) for tensor in tensors) for _, _, tensors in calls),
    )


def with_operations(trace: Trace, model: Any, arrays: Sequence[Array], training: bool) -> Trace:
    """Return a trace with the results of the operations inside what the model's author wrote.

    Raises:
        ModelError: the model cannot be traced, or its author draws random numbers.
    """
    with _restored(model):
        found = compute_operations(model, arrays, training)
    for item in found:
        if any(output is None for output in item.outputs):
            when = "training" if training else "predicting"
            raise ModelError(
                f"verify: '{item.path}' ({item.op}) draws random numbers when {when}, which no two engines draw alike"
                f" (at {item.place}); compare a model without them"
            )
    in_loops = {item.layer for item in found if item.layer}  # which the model's own run has called in each step
    trace = trace.without(in_loops)
    layers = (*trace.layers, *((item.path, item.op, item.outputs) for item in found))
    trace = replace(trace, operations=frozenset(item.path for item in found if not item.layer))
    if not training:
        return replace(trace, layers=layers)
    none = tuple(tuple(None for _ in item.outputs) for item in found)
    readers = tuple(tuple(() for _ in item.outputs) for item in found)
    return replace(
        trace,
        layers=layers,
        cotangents=trace.cotangents + none,
        same=trace.same + tuple(tuple(range(len(item.outputs))) for item in found),
        readers=trace.readers + readers,
    )


@contextmanager
def _restored(model: Any) -> Iterator[None]:
    """Let a model's weights, and what its layers remember between batches, be as before behind the block."""
    states = [state for layer in all_layers(model) for state in _remembered(layer)]
    before = [numpy.array(array) for array in (*model.get_weights(), *map(_numbers, states))]
    try:
        yield
    finally:
        count = len(before) - len(states)
        model.set_weights(before[:count])
        for state, array in zip(states, before[count:], strict=True):
            state.assign(array)


def _remembered(layer: Any) -> list[Any]:
    """Return the states of a recurrent layer that goes on from batch to batch, which are none of its weights."""
    if getattr(layer, "stateful", False) is not True:
        return []
    return [item for item in _keras().tree.flatten(getattr(layer, "states", None)) if hasattr(item, "assign")]


def below(trace: Trace, prefix: str) -> Trace:
    """Return a trace whose layers stand in another one, whose path is given with a slash behind it."""

    def inside(path: str) -> str:
        return prefix + path + (OPERATION if path in trace.operations and "/" not in path else "")

    return replace(
        trace,
        operations=frozenset(map(inside, trace.operations)),
        layers=tuple((inside(path), op, outputs) for path, op, outputs in trace.layers),
        readers=tuple(
            tuple(tuple((prefix + path, op) for path, op in found) for found in outputs) for outputs in trace.readers
        ),
    )


def _readers(tensor: Any, given: Sequence[tuple[str, str, set[int]]]) -> tuple[tuple[str, str], ...]:
    """Return the innermost layers that are given a tensor, by path and class."""
    found = {path: op for path, op, tensors in given if id(tensor) in tensors}
    return tuple((path, op) for path, op in found.items() if not any(other.startswith(f"{path}/") for other in found))


def _loss(model: Any, arrays: Sequence[Array], targets: Sequence[Array], outputs: Any) -> Any:
    keras = _keras()
    if is_compiled(model):
        args, kwargs = call_arguments(model, arrays)
        given = kwargs or (args[0] if len(args) == 1 else args)
        return model.compute_loss(given, _one_or_list(targets), outputs, training=True)
    mse = keras.losses.MeanSquaredError()
    pairs = zip(targets, keras.tree.flatten(outputs), strict=True)
    return sum((mse(target, output) for target, output in pairs), start=0.0) + sum(model.losses)


def _optimizer(model: Any) -> Any:
    """Return a fresh optimizer with the settings of the model's own."""
    keras = _keras()
    if not is_compiled(model):
        return keras.optimizers.SGD()
    return type(model.optimizer).from_config(model.optimizer.get_config())


@contextmanager
def _recording(model: Any) -> Iterator[tuple[Calls, list[tuple[str, str, set[int]]]]]:
    """Note what each layer returns inside the block, and what it is given, by identity; also layers inside layers."""
    keras = _keras()
    calls: Calls = []
    given: list[tuple[str, str, set[int]]] = []
    patched: list[tuple[Any, Any]] = []

    def record(layer: Any, path: str) -> None:
        original = layer.call

        @wraps(original)
        def call(*args: Any, **kwargs: Any) -> Any:
            found = original(*args, **kwargs)
            tensors = tuple(item for item in keras.tree.flatten(found) if hasattr(item, "shape"))
            given.append((path, type(layer).__name__, {id(item) for item in keras.tree.flatten((args, kwargs))}))
            calls.append((path, type(layer).__name__, tensors))
            return found

        patched.append((layer, layer.__dict__.get("call")))
        layer.__dict__["call"] = call

    for layer, path in _paths(model, ""):
        record(layer, path)
    try:
        yield calls, given
    finally:
        for layer, own in patched:
            if own is None:
                del layer.__dict__["call"]
            else:
                layer.__dict__["call"] = own


def _paths(layer: Any, prefix: str) -> Iterator[tuple[Any, str]]:
    """Return the layers inside a layer, each once, with their paths."""
    keras = _keras()
    inner = (
        layer.layers if isinstance(layer, keras.Model) else layer._flatten_layers(include_self=False, recursive=False)
    )
    for item in dict.fromkeys(inner):
        if not isinstance(item, keras.layers.InputLayer):
            yield item, prefix + item.name
            yield from _paths(item, f"{prefix}{item.name}/")


def _layers(calls: Calls) -> tuple[tuple[str, str, tuple[Array, ...]], ...]:
    return tuple((path, op, tuple(map(_numbers, tensors))) for path, op, tensors in calls)


def _is_eager(tensor: Any) -> bool:
    """Whether a tensor is numbers; what runs inside a loop of TensorFlow's has none."""
    return hasattr(tensor, "numpy") or not type(tensor).__module__.startswith("tensorflow")


def _numbers(tensor: Any) -> Array:
    return numpy.array(_keras().ops.convert_to_numpy(tensor))


def _optional(tensor: Any) -> Array | None:
    return None if tensor is None else _numbers(tensor)


def _one_or_list(items: Sequence[Any]) -> Any:
    return items[0] if len(items) == 1 else list(items)
