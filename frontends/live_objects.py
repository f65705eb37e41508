"""Tells whose the objects of a live Keras model are: configs of Keras's with the class and module each object has."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy

from frontends.live_vocabularies import LEARNT, live_vocabulary
from nnc.identity import ObjectIdentity, is_keras_module

_DESCRIPTIVE = frozenset(
    {
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__slots__", "__firstlineno__"),
        *("__annotations__", "__annotate__", "__annotate_func__", "__annotations_cache__", "__static_attributes__"),
        *("__abstractmethods__", "_abc_impl", "__orig_bases__", "__parameters__", "__init__", "__repr__", "__str__"),
        *("get_config", "from_config", "get_build_config", "build_from_config", "get_compile_config"),
        *("compile", "compile_from_config", "save_own_variables", "load_own_variables", "save_assets", "load_assets"),
        *("summary", "save", "save_weights", "load_weights", "to_json", "export"),
    }
)
"""Methods that a class may override without computing anything else: making, describing, compiling and saving.

What its `__init__` has made of an object is read from the object.
"""
TRAINING = frozenset(
    {
        *("train_step", "test_step", "compute_loss", "compute_metrics", "compute_loss_and_updates", "fit", "evaluate"),
        *("train_on_batch", "test_on_batch", "make_train_function", "make_test_function", "stateless_compute_loss"),
        *("metrics", "metrics_names", "reset_metrics", "get_metrics_result"),
    }
)
"""Methods that a model may override if it only predicts."""
RUNNING = TRAINING | {"predict", "predict_step", "predict_on_batch", "make_predict_function"}
"""Methods that a model inside another may override: nobody calls them there."""
_MADE_BY_KERAS = frozenset({"build", "loss", "quantize"})
"""Methods that Keras itself replaces in objects."""
_OTHER_DEFAULTS = {"gelu": "the default of approximate"}
"""Functions of `keras.ops` that compute something else than the activation of their name."""
_SAME_IN_TENSORFLOW = frozenset(
    {
        *("elu", "gelu", "leaky_relu", "log_softmax", "log_softmax_v2", "relu", "relu6", "selu", "sigmoid", "silu"),
        *("softmax", "softmax_v2", "softplus", "softsign", "swish", "tanh"),
    }
)
"""TensorFlow's functions that compute what the activation of their name does."""
_PARTS = {"layer": ("layer", "forward_layer"), "learning_rate": ("_learning_rate",)}
_APART = frozenset({"layers", "function"})
"""Arguments that are not described as others: layers are found by their names, and a function is a layer's code."""
_MISSING = object()


class LiveConfigs:
    """Makes configs of live objects that say whose they are.

    An object of a class derived from one of Keras's that overrides nothing which matters is described as Keras's own.

    Args:
        is_known: whether the user has something for a class, which then stays what it is called.
    """

    def __init__(self, is_known: Callable[[ObjectIdentity], bool]) -> None:
        self.is_known = is_known

    def described(self, live: Any, entry: Mapping[str, Any], harmless: Collection[str]) -> dict[str, Any]:
        """Return the config of an object with its class, and of the objects in it with theirs.

        Args:
            live: the object.
            entry: what Keras made of it, with ``class_name`` and ``config``.
            harmless: what its class may override.
        """
        cls = type(live)
        base = next((item for item in cls.__mro__ if is_keras_module(item.__module__)), None)
        overrides = [] if base is None else _overridden(live, base, harmless)
        told = dict(entry)
        if base is not cls or overrides:
            told |= {"module": cls.__module__, "class_name": cls.__name__, "overrides": overrides}
            identity = ObjectIdentity.of(told)
            if base is not None and not overrides and identity is not None and not self.is_known(identity):
                told |= {"module": base.__module__, "class_name": base.__name__, "registered_name": None}
                if "get_config" in _own_names(cls, base):
                    told["config"] = getattr(base, "get_config")(live)  # noqa: B009  (of any class of Keras's)
        config = told.get("config")
        return told | {"config": self._inside(live, config)} if isinstance(config, Mapping) else told

    def _inside(self, live: Any, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments of an object, with the objects among them described."""
        found = {**config, **live_vocabulary(live, config)}
        for key in config.keys() - _APART - LEARNT:
            found[key] = self.value(config[key], _part(live, key))
        layers = config.get("layers")
        if isinstance(layers, list | tuple):
            by_name = {layer.name: layer for layer in (*getattr(live, "operations", ()), *getattr(live, "layers", ()))}
            found["layers"] = [self._layer(entry, by_name) for entry in layers]
        return found

    def _layer(self, entry: Any, by_name: Mapping[str, Any]) -> Any:
        config = entry.get("config") if isinstance(entry, Mapping) else None
        live = by_name.get(config["name"]) if isinstance(config, Mapping) and "name" in config else None
        return entry if live is None else _with_scalars(self.described(live, entry, RUNNING), live)

    def value(self, config: Any, live: Any) -> Any:
        """Return what Keras made of an argument, with the objects in it described.

        Args:
            config: a name, the config of an object, or a list or mapping of them; anything else is returned as it is.
            live: the argument; it says nothing where it does not fit.
        """
        if isinstance(config, list | tuple) and isinstance(live, list | tuple) and len(config) == len(live):
            return [self.value(one, other) for one, other in zip(config, live, strict=True)]
        name = config.get("class_name") if isinstance(config, Mapping) else None
        if isinstance(config, Mapping) and name is None and isinstance(live, Mapping):
            return {key: self.value(item, live.get(key)) for key, item in config.items()}
        if isinstance(live, FunctionType | BuiltinFunctionType) and (isinstance(config, str) or name == "function"):
            return _function(live, config)
        if isinstance(config, Mapping) and name == type(live).__name__:
            return self.described(live, config, RUNNING)
        return config


def holds_quantized(layer: Any) -> bool:
    """Whether a layer that is no model has quantized ones inside, which its config does not say."""
    if not hasattr(layer, "_flatten_layers") or hasattr(layer, "get_layer"):
        return False
    return any(getattr(inner, "quantization_mode", None) for inner in layer._flatten_layers(include_self=False))


def has_other_defaults(function: Any) -> bool:
    """Whether a function of `keras.ops` computes something else than the activation of its name."""
    is_of_ops = ".ops." in f"{getattr(function, '__module__', None) or ''}."
    return is_of_ops and getattr(function, "__name__", "") in _OTHER_DEFAULTS


def _function(live: Any, config: Any) -> Any:
    """Return the config of a function: what Keras made of it where it is Keras's own."""
    module, name = live.__module__ or "", live.__name__
    written = config if isinstance(config, str) else config.get("config")
    told = {"module": module, "class_name": "function", "config": name, "registered_name": "function"}
    if is_keras_module(module):
        other = _OTHER_DEFAULTS.get(name) if ".ops." in f"{module}." else None
        return config if other is None else told | {"overrides": [other]}
    if name == "<lambda>" or (module.startswith("tensorflow.") and name in _SAME_IN_TENSORFLOW):
        return config
    return told | ({"registered_name": written} if isinstance(written, str) and ">" in written else {})


def _with_scalars(entry: dict[str, Any], live: Any) -> dict[str, Any]:
    """Return the entry of a layer with NumPy's scalars among the arguments of its calls as arrays.

    Keras writes them as numbers, which have no element type; what it computes live depends on theirs.
    """
    calls, nodes = entry.get("inbound_nodes"), getattr(live, "_inbound_nodes", ())
    if not isinstance(calls, list | tuple) or len(calls) != len(nodes):
        return entry
    return entry | {"inbound_nodes": [_with_scalars_of(*pair) for pair in zip(calls, nodes, strict=True)]}


def _with_scalars_of(call: Any, node: Any) -> Any:
    arguments = getattr(node, "arguments", None)
    if not isinstance(call, Mapping) or arguments is None:
        return call
    given = {key: _typed(call[key], getattr(arguments, key)) for key in ("args", "kwargs") if key in call}
    return {**call, **given}


def _typed(config: Any, live: Any) -> Any:
    """Return what Keras made of an argument, with scalars of NumPy's as arrays of no dimensions."""
    if isinstance(config, list | tuple) and isinstance(live, list | tuple) and len(config) == len(live):
        return [_typed(one, other) for one, other in zip(config, live, strict=True)]
    if isinstance(config, Mapping) and isinstance(live, Mapping):
        return {key: _typed(item, live.get(key)) for key, item in config.items()}
    if isinstance(live, numpy.generic | numpy.ndarray) and isinstance(config, bool | int | float):
        return {"class_name": "__numpy__", "config": {"value": config, "dtype": live.dtype.name}}
    return config


def _part(live: Any, key: str) -> Any:
    """Return the attribute that an argument became, None where there is none."""
    for name in (*_PARTS.get(key, (key,)), f"_{key}"):
        try:
            found = getattr(live, name, None)
        except Exception:  # a property may raise anything
            found = None
        if found is not None:
            return found
    return None


def overridden_names(cls: type[Any], base: type[Any]) -> list[str]:
    """Return what a class, or one between, defines anew of one of Keras's, besides how it is made and described."""
    return sorted(_own_names(cls, base) - _DESCRIPTIVE)


def _own_names(cls: type[Any], base: type[Any]) -> set[str]:
    """Return the names that classes between an object's and Keras's define anew."""
    own = [item for item in cls.__mro__ if item not in base.__mro__]
    names = {name for item in own for name in vars(item)}
    return {name for name in names if _static(base, name) not in (_MISSING, _static(cls, name))}


def _overridden(live: Any, base: type[Any], harmless: Collection[str]) -> list[str]:
    """Return what an object, or its class, overrides of Keras's class, as far as it matters."""
    names = _own_names(type(live), base)
    if hasattr(base, "call") and hasattr(base, "build"):  # a layer, of which single objects may be patched
        patched = {name for name, value in getattr(live, "__dict__", {}).items() if not _is_of_keras(value)}
        names |= {name for name in patched if callable(_static(base, name))} - _MADE_BY_KERAS
    return sorted(names - _DESCRIPTIVE - frozenset(harmless))


def _is_of_keras(value: Any) -> bool:
    """Return whether something that an object has instead of a method is Keras's, or TensorFlow's in its place."""
    module = str(getattr(value, "__module__", None) or "")
    return is_keras_module(module) or module.startswith("tensorflow.")


def _static(item: Any, name: str) -> Any:
    return inspect.getattr_static(item, name, _MISSING)
