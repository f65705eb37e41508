"""Signatures and base classes of the vocabulary: those of Keras, and what differs from them on purpose."""

from __future__ import annotations

import inspect

import pytest

import nnc
from nnc import layers
from nnc.arguments import Declared
from nnc.layers import families
from nnc.layers.declared import KerasLayer

ON_PURPOSE = {
    "Activation": "a subclass that defines `call` needs no activation",
}
"""Layers whose signatures are others, and why."""


@pytest.fixture(scope="module")
def keras():
    return pytest.importorskip("keras")


COMMON = set(KerasLayer.declared_arguments())
ROOMS = (
    nnc.layers,
    nnc.losses,
    nnc.metrics,
    nnc.optimizers,
    nnc.optimizers.schedules,
    nnc.initializers,
    nnc.regularizers,
    nnc.constraints,
    nnc.callbacks,
    nnc.activations,
)
ANY_KEYWORD = {"Lambda", "LossFunctionWrapper", "MeanMetricWrapper", "Layer", "LambdaCallback", "CallbackList"}
"""Classes that take any keyword, as Keras's do, or a user's subclass's."""
LAYERS = sorted(families.CLASSES)


def positional(cls) -> list[tuple[str, object]]:
    """The arguments that may be given by position, with one number for equal numbers of all axes."""
    listed = inspect.signature(cls).parameters.values()
    return [(item.name, _one(item.default)) for item in listed if item.kind is item.POSITIONAL_OR_KEYWORD]


def _one(default: object) -> object:
    equal = isinstance(default, tuple) and default and all(item == default[0] for item in default)
    return _one(default[0]) if equal else default


def test_arguments_are_those_of_keras(keras):
    compared = [name for name in LAYERS if name not in ON_PURPOSE and hasattr(keras.layers, name)]
    assert len(compared) > 125
    for name in compared:
        found, expected = (positional(getattr(module, name)) for module in (layers, keras.layers))
        assert found == expected, name


def test_all_other_arguments_are_by_name():
    for name in LAYERS:
        cls = getattr(layers, name)
        assert issubclass(cls, Declared), name
        by_name = {item.name for item in inspect.signature(cls).parameters.values() if item.kind is item.KEYWORD_ONLY}
        assert by_name == {key for key, item in cls.declared_arguments().items() if item.kw_only}, name
        assert COMMON - {key for key, _ in positional(cls)} <= by_name or name == "InputLayer", name


def test_no_public_class_hides_its_arguments():
    hidden = [
        f"{room.__name__}.{name}"
        for room in ROOMS
        for name in room.__all__
        if isinstance(cls := getattr(room, name), type)
        and cls.__module__.startswith("nnc.")
        and name not in ANY_KEYWORD
        and any(item.kind in (item.VAR_POSITIONAL, item.VAR_KEYWORD) for item in _parameters(cls))
    ]
    assert hidden == []


def test_classes_are_kinds_of_what_they_are_in_keras(keras):
    for ours, theirs in ((nnc.layers, keras.layers), (nnc.metrics, keras.metrics), (nnc.losses, keras.losses)):
        names = [name for name in ours.__all__ if isinstance(getattr(theirs, name, None), type)]
        pairs = [(one, other) for one in names for other in names if other not in ("Mean", "MeanMetricWrapper")]
        for one, other in pairs:
            if issubclass(getattr(theirs, one), getattr(theirs, other)):
                assert issubclass(getattr(ours, one), getattr(ours, other)), (one, other)


def _parameters(cls: type) -> list[inspect.Parameter]:
    return [] if cls.__init__ is object.__init__ else list(inspect.signature(cls).parameters.values())
