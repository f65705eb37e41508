"""Live Keras models and what their `to_json` writes: the same predictions, and training that goes on where it was."""

from __future__ import annotations

import json
import warnings
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy
import pytest

import nnc
from frontends.keras_model import FRONTEND
from frontends.yaml_file import read_text
from nnc.errors import ModelError, ModelFileError
from nnc.readers import read_model

X = numpy.random.default_rng(0).normal(size=(48, 4)).astype("float32")
LABELS = numpy.random.default_rng(1).integers(0, 3, 48)


@pytest.fixture(scope="module")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def classifier(keras: Any, named: bool = False) -> Any:
    layers = keras.layers
    names = [{"name": f"layer.{number}-x"} if named else {} for number in range(4)]
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, activation="relu", kernel_initializer="he_normal", **names[0]),
            layers.Dropout(0.3, **names[1]),
            layers.Dense(6, use_bias=False, activation=keras.activations.gelu, **names[2]),
            layers.Dense(3, activation="softmax", **names[3]),
        ]
    )


def every_layer(keras: Any) -> Any:
    layers = keras.layers
    chain = [
        layers.Reshape((2, 2)),
        layers.Softmax(axis=1),
        layers.ReLU(max_value=1, negative_slope=0.1, threshold=0.2),
    ]
    chain += [layers.Dense(3), layers.Flatten(), layers.Activation("tanh"), layers.Dense(2, trainable=False)]
    model = keras.Sequential(chain)
    model(X)
    return model


def shared(keras: Any) -> Any:
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((4,))
    dense, second = layers.Dense(5, activation="tanh"), layers.Dense(5)
    total = layers.Add()([dense(a), dense(b), second(dense(a))])
    joined = layers.Concatenate()([total, second(total)])
    return keras.Model([a, b], [layers.Dense(1)(layers.Dropout(0.1)(joined)), total])


def by_keyword(keras: Any) -> Any:
    x = keras.Input((4,), name="x")
    return keras.Model({"x": x}, keras.layers.Dense(2)(inputs=x) + keras.layers.Dense(2)(x))


def float64(keras: Any) -> Any:
    x = keras.Input((4,), dtype="float64")
    return keras.Model(x, keras.layers.Dense(3, dtype="float64", activation="sigmoid")(x))


MODELS = [classifier, lambda keras: classifier(keras, named=True), every_layer, shared, by_keyword, float64]


@pytest.mark.parametrize("make", MODELS)
def test_predictions_are_those_of_keras(keras: Any, make: Any) -> None:
    model = make(keras)
    x = X if len(model.inputs) == 1 else [X, X[::-1] * 2]
    expected = model.predict({"x": X} if make is by_keyword else x, verbose=0)
    found = read_model(model)
    assert found.name == model.name
    outputs = found.predict(x)
    for left, right in zip(listed(outputs), listed(expected), strict=True):
        numpy.testing.assert_allclose(left, right, atol=1e-6)
    written = read_text(model.to_json(indent=1), "model.json", is_json=True)
    assert written.get_config() == found.get_config()
    written.set_weights(found.get_weights())
    for left, right in zip(listed(written.predict(x)), listed(outputs), strict=True):
        numpy.testing.assert_array_equal(left, right)


def listed(outputs: Any) -> list[Any]:
    return list(outputs) if isinstance(outputs, list | tuple) else [outputs]


def test_result_shares_no_memory_and_changes_nothing(keras: Any) -> None:
    model = classifier(keras)
    before = model.get_weights()
    found = read_model(model)
    found.set_weights([weight + 1 for weight in found.get_weights()])
    for left, right in zip(model.get_weights(), before, strict=True):
        numpy.testing.assert_array_equal(left, right)


OPTIMIZERS = [
    ("SGD", {"learning_rate": 0.1}, True),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}, False),
    ("Adam", {"learning_rate": 0.02}, True),
    ("Adam", {"learning_rate": 0.02, "amsgrad": True}, False),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.5, "centered": True}, True),
]


@pytest.mark.parametrize(("name", "options", "is_functional"), OPTIMIZERS)
@pytest.mark.sampled(2)
def test_training_goes_on_where_it_was(keras: Any, name: str, options: dict[str, Any], is_functional: bool) -> None:
    """The optimizer's state comes along, so that steps after the change are the steps Keras would have made."""
    layers = keras.layers
    chain = [
        layers.Dense(8, activation="tanh"),
        layers.Dense(5, trainable=False),
        layers.Dense(3, activation="softmax"),
    ]
    x = y = keras.Input((4,))
    for layer in chain:
        y = layer(y)
    model = keras.Model(x, y) if is_functional else keras.Sequential([keras.Input((4,)), *chain])
    loss = keras.losses.SparseCategoricalCrossentropy()
    model.compile(getattr(keras.optimizers, name)(**options), loss, metrics=["accuracy"], jit_compile=False)
    for _ in range(5):
        model.train_on_batch(X, LABELS)
    found = read_model(model)
    assert found.program.spec.metrics == ("loss", "accuracy")
    fresh = read_model(model, compile=False)
    assert not fresh.is_compiled
    for _ in range(5):
        model.train_on_batch(X, LABELS)
        found.train_on_batch(X, LABELS)
    for left, right, start in zip(found.get_weights(), model.get_weights(), fresh.get_weights(), strict=True):
        numpy.testing.assert_allclose(left, right, atol=2e-5)
        assert left.shape == (5,) or left.shape == (8, 5) or not numpy.allclose(left, start, atol=1e-4)


def test_losses_and_metrics_of_several_outputs(keras: Any) -> None:
    model = shared(keras)
    model.compile(
        "sgd", loss=["mse", keras.losses.MeanAbsoluteError()], metrics=[["mae"], ["mse"]], loss_weights=[1, 2]
    )
    targets = [numpy.ones((48, 1)), numpy.ones((48, 5))]
    found = read_model(model)
    expected = model.evaluate([X, X], targets, batch_size=48, verbose=0)  # Keras weighs unequal batches alike
    numpy.testing.assert_allclose(sorted(found.evaluate([X, X], targets, verbose=0)), sorted(expected), rtol=1e-5)
    written = read_text(model.to_json(), "model.json", is_json=True)
    assert written.program.spec.metrics == found.program.spec.metrics


def test_compile_section_of_json(keras: Any) -> None:
    model = classifier(keras)
    model.compile(keras.optimizers.Adam(0.5), keras.losses.SparseCategoricalCrossentropy(), metrics=["accuracy"])
    found = read_text(model.to_json(), "model.json", is_json=True)
    assert type(found.optimizer).__name__ == "Adam"
    assert found.optimizer.learning_rate == 0.5
    assert found.program.spec.metrics == ("loss", "accuracy")


def problems(model: Any) -> tuple[str, ...]:
    with pytest.raises(ModelFileError) as caught:
        read_model(model)
    title = f"Keras model '{model.name}': "
    assert all(problem.startswith(title) for problem in caught.value.problems)
    return tuple(problem.removeprefix(title) for problem in caught.value.problems)


def test_models_inside_models(keras: Any) -> None:
    layers = keras.layers
    x = keras.Input((4,), name="x")
    inner = keras.Sequential([keras.Input((4,)), layers.Dense(4, "tanh"), layers.Dense(4)], name="inner")
    whole = keras.Model(x, layers.Dense(2)(inner(inner(x))))
    rows = numpy.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    numpy.testing.assert_allclose(read_model(whole).predict(rows), whole.predict(rows, verbose=0), atol=1e-6)


def test_what_cannot_be_read_says_so(keras: Any) -> None:
    layers = keras.layers
    late = keras.Sequential([layers.Dense(2, name="late")])
    message = (
        "layer 'late' (Dense): there is no input shape; add an InputLayer, or batch_input_shape to the first layer"
    )
    assert problems(late) == (message,)
    half = keras.Sequential([keras.Input((4,)), layers.Dense(2, name="half", dtype="mixed_float16")])
    with pytest.warns(UserWarning, match=r"layers of dtype mixed_float16 are computed in float32"):
        assert read_model(half).compute_dtype == "float32"

    class Own(keras.Model):
        def call(self, inputs: Any) -> Any:
            return inputs

    with pytest.raises(ModelError, match=r"Keras model 'own' \(Own\) is not built: call it once on data, so that"):
        read_model(Own(name="own"))
    with pytest.raises(ModelError, match="expected an nnc model, a live Keras model or a file"):
        read_model(layers.Dense(2))


class Dense(SimpleNamespace):
    """Something that looks like a layer of Keras's."""

    __module__ = "keras.src.layers.core.dense"


class Sequential:
    """Something that looks like a Keras model, and whose weights do not fit its config."""

    name = "pretender"
    optimizer = None

    def __init__(self, *shapes: tuple[int, ...]) -> None:
        arrays = [numpy.ones(shape) for shape in shapes]
        self.layers = [Dense(name=self.layer_name, get_weights=lambda: arrays)]

    layers: ClassVar[list[Any]] = []
    layer_name = "d"

    def get_config(self) -> dict[str, Any]:
        config = {"name": self.layer_name, "units": 2, "batch_input_shape": (None, 3)}
        return {"name": self.name, "layers": [{"class_name": "Dense", "config": config}]}

    def get_weights(self) -> list[Any]:
        raise AssertionError("weights are taken layer by layer")


def test_weights_are_matched_layer_by_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not FRONTEND.accepts(Sequential())
    monkeypatch.setattr(Sequential, "__module__", "tf_keras.src.engine.sequential")
    assert read_model(Sequential((3, 2), (2,))).get_weights()[0].tolist() == [[1, 1]] * 3
    monkeypatch.setattr(Sequential, "layer_name", "block/d")  # as Keras 2 allows it
    found = read_model(Sequential((3, 2), (2,)))
    assert [layer.name for layer in found.layers] == ["block_d"]
    assert found.get_weights()[0].tolist() == [[1, 1]] * 3
    monkeypatch.undo()
    monkeypatch.setattr(Sequential, "__module__", "tf_keras.src.engine.sequential")
    subject = "layer 'd' (Dense): its weights have the shapes"
    assert problems(Sequential((3, 2))) == (f"{subject} (3, 2), expected (3, 2), (2,)",)
    assert problems(Sequential((2, 3), (2,))) == (f"{subject} (2, 3), (2,), expected (3, 2), (2,)",)
    assert problems(Sequential()) == (f"{subject} none, expected (3, 2), (2,)",)


def test_optimizer_state_is_never_lost_silently(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Sequential, "__module__", "keras.src.models.sequential")
    monkeypatch.setattr(
        Sequential, "get_compile_config", lambda self: {"optimizer": "adam", "loss": "mse"}, raising=False
    )
    weights = [SimpleNamespace(path=f"scope/d/{name}") for name in ("kernel", "bias")]

    def read(*arrays: Any, trained: Any = weights) -> Any:
        model = Sequential((3, 2), (2,))
        model.layers[0].weights = weights
        variables = [SimpleNamespace(numpy=lambda array=array: numpy.asarray(array)) for array in arrays]
        model.optimizer = SimpleNamespace(built=True, variables=variables, _trainable_variables=trained)
        return read_model(model)

    slots = [numpy.zeros((3, 2)), numpy.zeros((3, 2)), [0.0, 0.0]]
    for name in ("d", "block/d"):
        monkeypatch.setattr(Sequential, "layer_name", name)
        states = read(7, 0.5, *slots, [1.0, 2.0]).program.states
        assert states["optimizer/iterations"] == 7
        assert states["optimizer/learning_rate"] == 0.5
        assert states["optimizer/velocity/parameters"].tolist() == [0.0] * 6 + [1.0, 2.0]
    monkeypatch.setattr(Sequential, "layer_name", "d")
    expected = "variable 'd/bias/velocity' has shape \\(2,\\), got \\(3,\\); read the model with compile=False"
    with pytest.raises(ModelError, match=expected):
        read(7, 0.5, *slots, [1.0, 2.0, 3.0])
    with pytest.raises(ModelError, match="the optimizer has 5 variables, expected 6; read"):
        read(7, 0.5, *slots)
    with pytest.raises(ModelError, match="the optimizer has no state of weight 'd/bias'; read"):
        read(7, 0.5, *slots[:2], trained=weights[:1])
    with pytest.raises(ModelError, match="the optimizer has state of 'e/bias', which is not a weight of the model;"):
        read(7, 0.5, *slots, [1.0, 2.0], trained=[weights[0], SimpleNamespace(path="e/bias")])


def test_json_of_keras_has_lines(keras: Any) -> None:
    content = json.loads(classifier(keras).to_json())
    content["config"]["layers"][1]["config"]["units"] = -1
    text = json.dumps(content, indent=2)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if '"units": -1' in line)
    with pytest.raises(ModelFileError) as caught:
        read_text(text, "model.json", is_json=True)
    name = content["config"]["layers"][1]["config"]["name"]
    expected = f"model.json line {line}: layer '{name}' (Dense): units must be a positive integer, got -1"
    assert caught.value.problems == (expected,)


STATEFUL = {
    "lstm": lambda layers: [layers.LSTM(3, stateful=True)],
    "bidirectional": lambda layers: [layers.Bidirectional(layers.GRU(3, stateful=True))],
    "stacked cells": lambda layers: [layers.RNN([layers.LSTMCell(3), layers.GRUCell(2)], stateful=True)],
    "convolutional": lambda layers: [
        layers.Reshape((3, 4, 2)),
        layers.ConvLSTM1D(2, 3, stateful=True, padding="same"),
        layers.Flatten(),
    ],
}


@pytest.mark.sampled(4)
@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.parametrize("name", STATEFUL)
def test_stateful_layers_go_on_from_where_they_are(name, traced, keras):
    layers = keras.layers
    x = y = keras.Input(batch_shape=(4, 3, 8))
    for layer in STATEFUL[name](layers):
        y = layer(y)
    if traced:
        y = layers.Lambda(lambda y: 2.0 * y)(y)
    theirs = keras.Model(x, keras.Sequential([layers.Input(batch_shape=y.shape), layers.Dense(2)])(y))
    batches = numpy.random.default_rng(0).normal(size=(3, 4, 3, 8)).astype("float32")
    theirs(batches[0])
    program = nnc.compile(theirs)
    for batch in batches[1:]:
        numpy.testing.assert_allclose(program(batch), theirs(batch), rtol=1e-5, atol=1e-6)
