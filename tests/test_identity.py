"""Whose a class is, as a config tells: files of Keras 3 say it, older ones and people give a name alone."""

from __future__ import annotations

from typing import Any

import pytest

import nnc
from nnc import activations, constraints, initializers, layers, losses, optimizers, regularizers
from nnc.errors import ModelError
from nnc.identity import ObjectIdentity
from nnc.ir import TensorType
from nnc.layers.batch import BATCH
from nnc.losses.registry import as_loss
from nnc.metrics.registry import metric_for

KERAS: list[dict[str, Any]] = [
    {"class_name": "Dense"},
    {"module": "keras.layers", "class_name": "Dense", "registered_name": None},
    {"module": "keras", "class_name": "Sequential", "registered_name": ""},
    {"module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional"},
    {"module": "keras.src.ops.numpy", "class_name": "Add", "registered_name": "Add"},
    {"module": "tf_keras.src.layers.core.tf_op_layer", "class_name": "TFOpLambda", "registered_name": "TFOpLambda"},
    {"module": "tensorflow.python.keras.layers.core", "class_name": "Dense", "registered_name": "Dense"},
    {"module": "keras.src.optimizers.adam", "class_name": "Adam", "registered_name": "Custom>Adam"},
    {"module": "nnc.layers.core", "class_name": "Dense", "registered_name": "Dense"},
    {"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"},
    {"module": "keras.losses", "class_name": "function", "config": "hinge", "registered_name": "hinge"},
]
"""What is Keras's own."""

AUTHORS: list[tuple[dict[str, Any], str, str]] = [
    (
        {"module": None, "class_name": "Softmax", "registered_name": "my>Softmax"},
        "'Softmax' of module '__main__' registered as 'my>Softmax'",
        "my>Softmax",
    ),
    (
        {"module": "keras.layers", "class_name": "Softmax", "registered_name": "my>Softmax"},
        "'Softmax' of module 'keras.layers' registered as 'my>Softmax'",
        "my>Softmax",
    ),
    (
        {"module": None, "class_name": "Dense", "registered_name": "Dense"},
        "'Dense' of module '__main__'",
        "__main__.Dense",
    ),
    ({"module": "keras_hub.src.layers", "class_name": "Dense"}, "'Dense' of module 'keras_hub.src.layers'", "Dense"),
    ({"module": "kerasic", "class_name": "Dense"}, "'Dense' of module 'kerasic'", "Dense"),
    ({"module": "tensorflow.keras_like", "class_name": "Dense"}, "'Dense' of module 'tensorflow.keras_like'", "Dense"),
    ({"class_name": "Custom>Dense", "config": {}}, "'Custom>Dense'", "Custom>Dense"),
    (
        {"module": "builtins", "class_name": "function", "config": "my>relu", "registered_name": "function"},
        "'my>relu'",
        "my>relu",
    ),
    ({"module": "builtins", "class_name": "function", "config": "mae", "registered_name": "function"}, "'mae'", "mae"),
    (
        {"module": "mine", "class_name": "function", "config": "relu", "registered_name": "function"},
        "'relu' of module 'mine'",
        "mine.relu",
    ),
    (
        {"module": "keras.layers", "class_name": "Dense", "overrides": ["call"]},
        "'Dense' of module 'keras.layers' (overrides call)",
        "keras.layers.Dense",
    ),
]
"""What is somebody else's, how errors name it, and a name for it."""


@pytest.mark.parametrize("config", KERAS)
def test_keras_own(config: dict[str, Any]) -> None:
    identity = ObjectIdentity.of(config)
    assert identity is not None
    assert identity.is_keras


@pytest.mark.parametrize(("config", "shown", "name"), AUTHORS)
def test_authors_own(config: dict[str, Any], shown: str, name: str) -> None:
    identity = ObjectIdentity.of(config)
    assert identity is not None
    assert not identity.is_keras
    assert str(identity) == shown
    assert identity.name_among({name}) == name
    assert identity.name_among({"Other"}) is None


@pytest.mark.parametrize("config", [{}, {"class_name": 3}, {"class_name": "function", "config": [1]}])
def test_what_names_nothing(config: dict[str, Any]) -> None:
    assert ObjectIdentity.of(config) is None


TYPE = TensorType("float32", (BATCH, 1))
KINDS: list[tuple[str, Any, dict[str, Any]]] = [
    ("Softmax", activations.get, {}),
    ("Zeros", initializers.get, {}),
    ("L2", regularizers.get, {}),
    ("NonNeg", constraints.get, {}),
    ("MeanSquaredError", losses.get, {}),
    ("LossFunctionWrapper", losses.get, {"fn": "hinge"}),
    ("MeanSquaredError", lambda config, own=None: metric_for(config, TYPE, TYPE, own), {}),
    ("SGD", optimizers.get, {}),
    ("ExponentialDecay", optimizers.schedules.get, {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5}),
    ("Dense", layers.deserialize, {"units": 1}),
    ("Dense", lambda config, own=None: layers.TimeDistributed(config), {"units": 1}),
]


@pytest.mark.parametrize(("name", "get", "arguments"), KINDS)
def test_every_kind_of_object(name: str, get: Any, arguments: dict[str, Any]) -> None:
    """One rule: of Keras's name, but its author's; the user's own is taken by the name it was registered by."""
    own = {"module": "keras.any", "class_name": name, "config": arguments, "registered_name": None}
    made = type(get(own))
    assert made.__module__.startswith("nnc.")
    config = own | {"module": "mine", "registered_name": f"my>{name}"}
    with pytest.raises(
        ModelError, match=f"class '{name}' of module 'mine' registered as 'my>{name}' is not Keras's own"
    ):
        get(config)


def test_own_objects_by_their_narrower_names() -> None:
    class Mine(losses.MeanSquaredError):
        pass

    config = {"module": "m", "class_name": "MeanSquaredError", "config": {}, "registered_name": "my>MeanSquaredError"}
    for name in ("my>MeanSquaredError", "m.MeanSquaredError", "MeanSquaredError"):
        assert type(as_loss(config, {name: Mine})) is Mine
    assert type(as_loss("mse", {"my>MeanSquaredError": Mine})) is losses.MeanSquaredError


def relu(x: Any) -> Any:
    """Not Keras's."""
    return x * 3.0


def zeros(shape: Any, dtype: Any = None) -> Any:
    raise AssertionError(f"{shape}, {dtype}")


def test_own_functions_are_saved_as_what_they_are() -> None:
    layer = layers.Dense(2, activation=relu)
    config = layer.get_config()
    with pytest.raises(ModelError, match=r"activation function 'relu' of module 'tests\.test_identity' is not Keras's"):
        layers.Dense.from_config(config)
    assert activations.get(config["activation"], {"relu": relu}) is relu
    with pytest.raises(ModelError, match="initializer function 'zeros' of module"):
        initializers.get(initializers.serialize(initializers.get(zeros)))


def test_own_subclasses_are_saved_as_what_they_are() -> None:
    class Dense(nnc.layers.Dense):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2.0

    text = nnc.Sequential([nnc.Input((3,)), Dense(2)]).to_json()
    with pytest.raises(ModelError, match=r"layer class 'Dense' of module 'tests\.test_identity' is not Keras's own"):
        nnc.models.model_from_json(text)
    assert type(nnc.models.model_from_json(text, {"Dense": Dense}).layers[0]) is Dense
