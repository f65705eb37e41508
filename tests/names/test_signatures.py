"""Names of Keras outside of layers and operations: there with Keras's arguments, or refused with a reason."""

from __future__ import annotations

import inspect
from importlib import import_module

import pytest

import nnc
from nnc.absent_names import reason_of
from nnc.errors import ModelError

MODULES = {
    "config": "",
    "backend": "",
    "saving": "KerasFileEditor",
    "tree": "MAP_TO_NONE",
    "mixed_precision": "LossScaleOptimizer",
    "dtype_policies": (
        "AWQDTypePolicy DTypePolicyMap GPTQDTypePolicy Int4DTypePolicy QuantizedDTypePolicy QuantizedFloat8DTypePolicy"
    ),
}
"""Modules, and names in them that are not compared."""
TOP = "DTypePolicy FloatDTypePolicy InputSpec device name_scope remat version"
UTILS = """CustomObjectScope custom_object_scope deserialize_keras_object disable_interactive_logging
enable_interactive_logging get_custom_objects get_registered_name get_registered_object get_source_inputs
is_interactive_logging_enabled pack_x_y_sample_weight register_keras_serializable serialize_keras_object
standardize_dtype unpack_x_y_sample_weight"""


def arguments(item):
    """Return names, kinds and defaults of the arguments of a function or class."""
    found = inspect.signature(item).parameters.values()
    return [(parameter.name, parameter.kind, parameter.default) for parameter in found]


def public_names():
    import keras

    for module, left_out in MODULES.items():
        place = getattr(keras, module)
        yield from (
            f"{module}.{name}" for name in dir(place) if not name.startswith("_") and name not in left_out.split()
        )
    yield from (f"utils.{name}" for name in UTILS.split())
    yield from TOP.split()


def named(package, name):
    *modules, last = name.split(".")
    return getattr(import_module(".".join([package, *modules])), last)


def test_arguments_are_those_of_keras():
    import keras  # noqa: F401

    different = [name for name in public_names() if arguments(named("keras", name)) != arguments(named("nnc", name))]
    assert different == []


def test_functions_of_keras_2():
    from keras._tf_keras.keras import backend

    compared = [name for name in dir(backend) if not name.startswith("_")]
    for name in compared:
        if reason_of(f"backend.{name}") is None:
            assert arguments(getattr(backend, name)) == arguments(getattr(nnc.backend, name)), name


@pytest.mark.parametrize("name", ["Function", "Operation", "StatelessScope", "distribution", "quantizers"])
def test_what_is_not_there_says_what_to_do(name):
    with pytest.raises(AttributeError, match=f"^nnc has no {name}: "):
        getattr(nnc, name)


def test_initializers_have_two_names():
    import keras

    for name in dir(keras.initializers):
        ours = getattr(nnc.initializers, name, None)
        if isinstance(ours, type):
            assert ours.__name__ == getattr(keras.initializers, name).__name__.replace(
                "IdentityInitializer", "Identity"
            )
    assert nnc.initializers.glorot_uniform is nnc.initializers.GlorotUniform


def test_members_of_models_and_layers_are_there_or_say_why():
    keras = pytest.importorskip("keras")
    for make in (lambda nn: nn.Sequential([nn.Input((2,)), nn.layers.Dense(1)]), lambda nn: nn.layers.Layer()):
        ours, theirs = make(nnc), make(keras)
        for name in dir(type(theirs)):
            if name[0] != "_" and not hasattr(ours, name):
                with pytest.raises(AttributeError, match=f"has no {name}: |is not wired: "):
                    getattr(ours, name)


def test_what_a_property_of_a_layer_raises_is_not_hidden():
    class Own(nnc.layers.Layer):
        @property
        def width(self):
            return self.missing.shape

    with pytest.raises(AttributeError, match="'Own' object has no attribute 'missing'"):
        _ = Own().width


def test_a_model_is_never_run_eagerly():
    model = nnc.Sequential([nnc.Input((2,)), nnc.layers.Dense(1)])
    model.run_eagerly = False
    with pytest.raises(ModelError, match="run_eagerly=True is not supported"):
        model.run_eagerly = True
