"""Objects as plain data and back, models and weights as files: ``keras.saving``; nothing in a config or file is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from types import EllipsisType, FunctionType
from typing import TYPE_CHECKING, Any

import numpy

from nnc.absent_names import absence
from nnc.errors import ArgumentError, ModelError
from nnc.identity import ObjectIdentity, is_keras_module, is_own
from nnc.ir import Value
from nnc.layers import Layer, SymbolicTensor
from nnc.layers.nested import deserialize as deserialize_layer
from nnc.layers.nested import layer_config
from nnc.models.saving import load_model
from nnc.models.writing import refuse_options
from nnc.objects import function_config
from nnc.registration import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    known_objects,
    register_keras_serializable,
)

if TYPE_CHECKING:
    from nnc.models import Model

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

_ROOMS = ("losses", "metrics", "optimizers", "initializers", "regularizers", "constraints", "dtype_policies")
_BASES = {
    "losses": "Loss",
    "metrics": "Metric",
    "optimizers": "Optimizer",
    "initializers": "Initializer",
    "regularizers": "Regularizer",
    "constraints": "Constraint",
    "dtype_policies": "DTypePolicy",
}
_OF_FUNCTIONS = ("activations", "losses", "metrics")
_PLAIN = (str, int, float, bool)


def serialize_keras_object(obj: Any) -> Any:
    """Return an object as plain data, from which `deserialize_keras_object` makes an equal one.

    Args:
        obj: a layer, a model, a loss and so on, a function with a name, an array, plain data, or what nests them.

    Raises:
        ModelError: it is a lambda, or an object without `get_config`.
    """
    if obj is None or isinstance(obj, _PLAIN):
        return obj
    if isinstance(obj, list | tuple):
        parts = [serialize_keras_object(item) for item in obj]
        return tuple(parts) if isinstance(obj, tuple) else parts
    if isinstance(obj, dict):
        return {key: serialize_keras_object(item) for key, item in obj.items()}
    special = _special(obj)
    return _object_config(obj) if special is None else special


def _special(obj: Any) -> Any:
    """Return the data of what Keras has words of its own for, None for anything else."""
    if isinstance(obj, bytes):
        return {"class_name": "__bytes__", "config": {"value": obj.decode("utf-8")}}
    if isinstance(obj, slice):
        ends = {"start": obj.start, "stop": obj.stop, "step": obj.step}
        return {
            "class_name": "__slice__",
            "config": {key: serialize_keras_object(end) for key, end in ends.items()},
        }
    if isinstance(obj, EllipsisType):
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(obj, numpy.ndarray) and obj.ndim:
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": obj.dtype.name}}
    if isinstance(obj, numpy.ndarray | numpy.generic):
        return obj.item()
    if isinstance(obj, SymbolicTensor):
        config = {"shape": obj.shape, "dtype": obj.dtype, "keras_history": _history(obj)}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(obj, Value):
        raise ModelError("a value of a graph has no numbers before it runs, and cannot be serialised")
    return None


def _history(tensor: SymbolicTensor) -> list[Any] | None:
    """Return layer, number of the call and number of the output that a symbolic tensor comes from."""
    call = tensor.call
    if call is None:
        return None
    calls = call.layer._calls
    return [call.layer.name, calls.index(call) if call in calls else 0, tensor.index]


def _object_config(obj: Any) -> Any:
    if isinstance(obj, FunctionType):
        return _of_function(obj)
    if isinstance(obj, Layer):
        return layer_config(obj)
    for room, base in _BASES.items():
        module = import_module(f"nnc.{room}")
        if isinstance(obj, getattr(module, base)):
            return module.serialize(obj)
    schedules = import_module("nnc.optimizers.schedules")
    if isinstance(obj, schedules.LearningRateSchedule):
        return schedules.serialize(obj)
    if not hasattr(obj, "get_config"):
        raise ModelError(
            f"{obj!r:.80} of type {type(obj).__name__} cannot be serialised; give its class a get_config()"
        )
    config = obj.get_config()
    if not isinstance(config, dict):
        raise ModelError(f"get_config() of {type(obj).__name__} must return a dictionary, got {config!r:.80}")
    cls = type(obj)
    return {
        "module": None if cls.__module__ == "__main__" else cls.__module__,
        "class_name": cls.__name__,
        "config": serialize_keras_object(config),
        "registered_name": get_registered_name(cls),
    }


def _of_function(function: Any) -> dict[str, Any]:
    config = function_config(function, f"function {function!r}")
    if is_own(function):
        return config
    name = config["config"]
    module = None if function.__module__ == "__main__" else function.__module__
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True, **kwargs: Any
) -> Any:
    """Return the object of what `serialize_keras_object`, Keras's too, returned; nothing is imported or run.

    Args:
        config: the data.
        custom_objects: the user's own classes and functions by name.
        safe_mode: makes no difference, as no code is ever run.
        kwargs: ``module_objects``, further classes and functions by name.

    Raises:
        ModelError: a name is unknown, the data are malformed, or they are those of a lambda.
    """
    del safe_mode
    module_objects = kwargs.pop("module_objects", None)
    if kwargs:
        raise ModelError(f"deserialize_keras_object has no argument {next(iter(kwargs))!r}")
    known = {**(module_objects or {}), **known_objects(custom_objects)}
    return _deserialized(config, known, takes_names=module_objects is not None)


def _deserialized(config: Any, known: Mapping[str, Any], takes_names: bool = False) -> Any:
    if isinstance(config, str) and known.get(config) is not None:
        found = known[config]
        return found() if takes_names and isinstance(found, type) else found
    if config is None or isinstance(config, _PLAIN):
        return config
    if isinstance(config, list | tuple):
        return [_deserialized(item, known) for item in config]
    if not isinstance(config, Mapping):
        raise ModelError(f"deserialize_keras_object takes plain data, got {config!r:.80}")
    if "class_name" not in config or "config" not in config:
        return {key: _deserialized(item, known) for key, item in config.items()}
    inner = {} if config["config"] is None else config["config"]
    special = _SPECIAL.get(config["class_name"])
    if special is not None:
        try:
            return special({key: _deserialized(item, known) for key, item in inner.items()})
        except (KeyError, AttributeError, TypeError, ValueError) as error:
            raise ModelError(f"the data of {config['class_name']} are malformed: {error}") from error
    if config["class_name"] == "function" and not isinstance(config["config"], str):
        raise ArgumentError(f"Expected 'config' to be a non-null str, a function's name, got {config['config']!r:.80}")
    if config["class_name"] != "function" and not isinstance(inner, Mapping):
        raise ArgumentError(f"Expected 'config' to be a dict, the arguments of the class, got {inner!r:.80}")
    identity = ObjectIdentity.of(config)
    if identity is None:
        raise ModelError(f"a config needs the name of a class in 'class_name', got {dict(config)!r:.200}")
    return _made(identity, config, inner, known)


def _made(identity: ObjectIdentity, config: Mapping[str, Any], inner: Any, known: Mapping[str, Any]) -> Any:
    name = identity.name_among(known)
    what = "function" if identity.is_function else "class"
    if name is not None:
        found = known[name]
        if identity.is_function or not isinstance(found, type):
            return found
        if not hasattr(found, "from_config"):
            raise ModelError(f"class '{name}' cannot be made from a config: it has no from_config()")
        with CustomObjectScope(known):
            made = found.from_config(dict(inner))
            return _restored(made, config)
    if not identity.is_keras:
        is_name = identity.registered_name is not None and identity.registered_name != identity.name
        if is_name and (identity.module is None or is_keras_module(identity.module)):
            raise ModelError(
                f"{what} {identity}: the name resolved to a Keras built-in, which is not registered so; leave out"
                " registered_name"
            )
        raise ModelError(
            f"{what} {identity} is not Keras's own; register it with @nnc.saving.register_keras_serializable"
        )
    for room in _places(str(identity.module or ""), identity.is_function):
        module = import_module(f"nnc.{room}")
        if identity.is_function:
            found = getattr(module, identity.name, None)
            if found is not None and callable(found):
                return found
        elif isinstance(getattr(module, identity.name, None), type):
            with CustomObjectScope(known):
                return module.deserialize({"class_name": identity.name, "config": inner})
    if not identity.is_function:
        with CustomObjectScope(known):
            return deserialize_layer({"class_name": identity.name, "config": inner})
    raise ModelError(f"unknown {what} '{identity.name}'; give it in custom_objects, or register it")


def _places(module: str, is_function: bool) -> tuple[str, ...]:
    """Return the rooms that may have what a module of Keras's has: those that its name says, or else all."""
    rooms = (*_OF_FUNCTIONS, *_ROOMS[3:]) if is_function else (*_ROOMS, "optimizers.schedules")
    parts = module.split(".")
    if "layers" in parts or "models" in parts:
        return ()
    if "schedules" in parts:
        return ("optimizers.schedules",)
    named = tuple(room for room in rooms if room in parts)
    return named or rooms


def _restored(made: Any, config: Mapping[str, Any]) -> Any:
    """Return an object of a user's class, built and compiled as its config says where the class knows how."""
    for key, method in (("build_config", "build_from_config"), ("compile_config", "compile_from_config")):
        if config.get(key) and hasattr(made, method):
            getattr(made, method)(config[key])
    return made


def _refuse_lambda(config: Mapping[str, Any]) -> Any:
    raise ModelError(
        "the config has a lambda, whose code nnc does not run; write a function with 'def' and register it"
    )


def _symbolic(config: Mapping[str, Any]) -> Any:
    from nnc.layers.core import Input

    return Input(batch_shape=tuple(config["shape"]), dtype=config["dtype"])


_SPECIAL: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "__bytes__": lambda config: config["value"].encode("utf-8"),
    "__ellipsis__": lambda config: ...,
    "__keras_tensor__": _symbolic,
    "__lambda__": _refuse_lambda,
    "__numpy__": lambda config: numpy.array(config["value"], config["dtype"]),
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__tensor__": lambda config: numpy.array(config["value"], config["dtype"]),
}


def save_model(
    model: Model, filepath: str | Path, overwrite: bool = True, zipped: bool | None = None, **kwargs: Any
) -> None:
    """Write a model as what the suffix says; see `Model.save`.

    Args:
        model: the model.
        filepath: the file.
        overwrite: whether a file that is there may be replaced.
        zipped: must not be False: a model is one file.
        kwargs: nothing else.

    Raises:
        ModelError: an argument is given that nnc does not have.
    """
    refuse_options("save_model", kwargs)
    if zipped is False:
        raise ModelError("save_model writes one file, without zipped=False; leave it out")
    model.save(filepath, overwrite)


def save_weights(
    model: Model, filepath: str | Path, overwrite: bool = True, max_shard_size: float | None = None, **kwargs: Any
) -> None:
    """Write the weights of a model; see `Model.save_weights`.

    Args:
        model: the model.
        filepath: a ``.weights.h5`` file.
        overwrite: whether a file that is there may be replaced.
        max_shard_size: must be None: one file has all weights.
        kwargs: nothing else.

    Raises:
        ModelError: an argument is given that nnc does not have.
    """
    refuse_options("save_weights", kwargs)
    if max_shard_size is not None:
        raise ModelError("save_weights writes one file, without max_shard_size; leave it out")
    model.save_weights(filepath, overwrite)


def load_weights(model: Model, filepath: str | Path, skip_mismatch: bool = False, **kwargs: Any) -> None:
    """Read the weights of a model; see `Model.load_weights`.

    Args:
        model: the model.
        filepath: a file of weights.
        skip_mismatch: whether layers whose weights have other shapes keep theirs, with a warning.
        kwargs: nothing else.

    Raises:
        ModelError: an argument is given that nnc does not have.
    """
    refuse_options("load_weights", kwargs)
    model.load_weights(filepath, skip_mismatch=skip_mismatch)


if not TYPE_CHECKING:  # to a type checker a name that is not above is a slip

    def __getattr__(name: str) -> object:
        raise absence("nnc.saving", name)
