"""What bears a name of Keras's and is not Keras's own: refused by name in live models and files, never read as Keras's."""

# ruff: noqa: E501 (a message is one line here too)

from __future__ import annotations

import json
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy
import pytest

import nnc
from frontends.legacy.compile_options import compile_options
from frontends.nodes import Mapping, from_plain
from frontends.origin import parse_version
from frontends.yaml_file import read_text
from nnc.errors import ModelError, ModelFileError
from nnc.layers.registry import known_classes
from nnc.readers import read_model

X = numpy.random.default_rng(0).normal(size=(5, 4)).astype("float32")
HERE = f"of module '{__name__}'"


def relu(x: Any) -> Any:
    """Not Keras's."""
    return x * 3.0


@pytest.fixture(scope="module")
def keras() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


@pytest.fixture(scope="module")
def own(keras: Any) -> Any:
    """Classes that an author derives from Keras's and calls as Keras does."""
    layers = keras.layers

    class Rescaling(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    @keras.saving.register_keras_serializable(package="my")
    class Softmax(layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    class Dense(layers.Dense):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2.0

    class Noted(layers.Dense):
        """Adds to Keras's class, and changes nothing that it computes."""

        def __init__(self, units: int, note: str = "", **options: Any) -> None:
            super().__init__(units, **options)
            self.note = note

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "note": self.note}

        def helper(self) -> str:
            return self.note

    class Doubled(keras.Model):
        def call(self, *args: Any, **options: Any) -> Any:
            return super().call(*args, **options) * 2.0

    class Chain(keras.Sequential):
        def call(self, *args: Any, **options: Any) -> Any:
            return super().call(*args, **options) * 2.0

    class Named(keras.Model):
        def helper(self) -> str:
            return str(self.name)

    class Built(keras.Sequential):
        def __init__(self, **options: Any) -> None:
            super().__init__([keras.Input((4,)), layers.Dense(3, "tanh")], **options)

    class SGD(keras.optimizers.SGD):
        def apply(self, *args: Any, **options: Any) -> None:
            pass

    class Slow(keras.optimizers.SGD):
        def __init__(self, **options: Any) -> None:
            super().__init__(**{"learning_rate": 0.125, **options})

    class Precision(keras.metrics.Precision):
        def reset_state(self) -> None:
            pass

    class L2(keras.regularizers.L2):
        def __call__(self, x: Any) -> Any:
            return 0.0

    found = {cls.__name__: cls for cls in (Rescaling, Softmax, Dense, Noted, Doubled, Chain, Named, Built)}
    return SimpleNamespace(**found, SGD=SGD, Slow=Slow, Precision=Precision, L2=L2)


def chain(keras: Any, *layers: Any, kind: Any = None) -> Any:
    x = y = keras.Input((4,))
    for layer in layers:
        y = layer(y)
    return (kind or keras.Model)(x, y, name="m")


def patched(keras: Any) -> Any:
    layer = keras.layers.Dense(3, name="one")
    model = chain(keras, layer)
    layer.call = relu
    return model


def training(keras: Any, name: str) -> Any:
    method = {name: lambda self, *args, **options: None}
    return chain(keras, keras.layers.Dense(3), kind=type("Trained", (keras.Model,), method))


REGISTER = "register a class for it with @nnc.layers.register(name='{0}'), or replace it with a layer: --replace '{0}=Layer(args)'"
LAYER = f"layer 'one' ({{0}}): layer class '{{0}}' {{1}} (overrides call) is not Keras's own: {REGISTER.replace('{0}', '{2}')}"
MODEL = f"model: model class '{{}}' {HERE} (overrides {{}}) is not Keras's own, and may {{}}where it does not, read it as Keras's: --replace '{__name__}.{{}}'"
COMPUTE, TRAIN = (
    "compute something other than its layers do: ",
    "train otherwise: to predict, read it with compile=False; ",
)
ACTIVATION = f"activation '{__name__}.relu' is its author's Python code. It is not in the file; replace it: --replace '{__name__}.relu=relu'"

LIVE: list[tuple[str, Any, str]] = [
    *(
        (
            name,
            lambda k, own, name=name: training(k, name),
            MODEL.format("Trained", name, COMPUTE if name == "predict_step" else TRAIN, "Trained=Functional"),
        )
        for name in ("train_step", "test_step", "predict_step", "compute_loss")
    ),
]


TRACED: dict[str, Any] = {
    "unregistered": lambda k, own: chain(k, own.Rescaling(name="one")),
    "registered": lambda k, own: chain(k, own.Softmax(name="one"), k.layers.Softmax()),
    "often": lambda k, own: chain(k, own.Dense(3, name="one"), own.Dense(3), own.Dense(3)),
    "activation": lambda k, own: chain(k, k.layers.Dense(3, relu, name="one")),
    "activation of keras.ops": lambda k, own: chain(k, k.layers.Dense(3, k.ops.gelu, name="one")),
    "inside a wrapper": lambda k, own: chain(k, k.layers.Reshape((2, 2)), k.layers.TimeDistributed(own.Dense(3))),
    "activation of a cell": lambda k, own: chain(
        k, k.layers.Reshape((2, 2)), k.layers.RNN([k.layers.GRUCell(2, relu)])
    ),
    "functional": lambda k, own: chain(k, k.layers.Dense(3), kind=own.Doubled),
    "Sequential": lambda k, own: own.Chain([k.Input((4,)), k.layers.Dense(3)], name="m"),
    "model in a model": lambda k, own: chain(k, chain(k, k.layers.Dense(4), kind=own.Doubled)),
}
"""Models with something that has the name of one of Keras's and is another: live, it is traced."""


@pytest.mark.parametrize("name", TRACED)
def test_live_models_are_traced(name: str, keras: Any, own: Any) -> None:
    theirs = TRACED[name](keras, own)
    numpy.testing.assert_allclose(read_model(theirs).predict(X), theirs(X), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(("make", "message"), [pytest.param(*row[1:], id=row[0]) for row in LIVE])
def test_live_models(keras: Any, own: Any, make: Any, message: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_model(make(keras, own))
    (problem,) = caught.value.problems
    assert problem.startswith("Keras model '")
    assert message in problem


SAME: list[tuple[str, Any]] = [
    ("nothing overridden", lambda k, own: chain(k, own.Noted(3, "a note", activation="tanh"), own.Noted(2))),
    ("inside", lambda k, own: chain(k, k.layers.Reshape((2, 2)), k.layers.TimeDistributed(own.Noted(3)))),
    ("functional", lambda k, own: chain(k, k.layers.Dense(3, "relu"), kind=own.Named)),
    ("Sequential", lambda k, own: own.Built(name="m")),
    ("inner model that is never fitted", lambda k, own: chain(k, training(k, "train_step"))),
    (
        "Keras's functions and layers as activations",
        lambda k, own: chain(
            k,
            *(k.layers.Dense(3, item) for item in (k.activations.gelu, k.ops.relu, k.layers.LeakyReLU(0.1), "softmax")),
        ),
    ),
]


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in SAME])
def test_what_changes_nothing_is_read_as_keras_own(keras: Any, own: Any, make: Any) -> None:
    model = make(keras, own)
    numpy.testing.assert_allclose(read_model(model).predict(X), model.predict(X, verbose=0), atol=1e-6)


def test_live_models_with_what_the_user_has_for_a_class(keras: Any, own: Any) -> None:
    """Registered by name or module, or put in its place; Keras's own of the same name stays Keras's."""

    class Twice(nnc.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return inputs * 2.0

    model = chain(keras, own.Softmax(), keras.layers.Softmax(), own.Rescaling())
    expected = model.predict(X, verbose=0)
    with known_classes({"my>Softmax": Twice, f"{__name__}.Rescaling": Twice}):
        numpy.testing.assert_allclose(read_model(model).predict(X), expected, atol=1e-6)
    replace = {"my>Softmax": Twice, "Rescaling": "Rescaling(2.0)"}
    numpy.testing.assert_allclose(read_model(model, replace=replace).predict(X), expected, atol=1e-6)
    model = chain(keras, keras.layers.Dense(3, relu))
    scaled = read_model(model, replace={f"{__name__}.relu": "LeakyReLU(negative_slope=1.0)"})  # which is the identity
    numpy.testing.assert_allclose(scaled.predict(X) * 3.0, model.predict(X, verbose=0), rtol=1e-5)
    model = training(keras, "train_step")
    for options in ({"compile": False}, {"replace": {"Trained": "Functional"}}):
        numpy.testing.assert_allclose(read_model(model, **options).predict(X), model.predict(X, verbose=0), atol=1e-6)
    with pytest.raises(ModelFileError, match="overrides predict_step"):
        read_model(training(keras, "predict_step"), compile=False)


COMPILED: list[tuple[dict[str, Any], str]] = [
    ({"optimizer": "SGD"}, f"optimizer class 'SGD' {HERE} (overrides apply) is not Keras's own"),
    ({"metrics": ["mae", "Precision"]}, f"metric class 'Precision' {HERE} (overrides reset_state) is not Keras's own"),
]


@pytest.mark.parametrize(("given", "reason"), COMPILED)
def test_own_metrics_and_optimizers_leave_a_model_that_predicts(
    keras: Any, own: Any, given: dict[str, Any], reason: str
) -> None:
    model = chain(keras, keras.layers.Dense(3))
    made = {key: value for key, value in given.items() if key != "metrics"}
    made = {key: getattr(own, value)() if isinstance(value, str) else value for key, value in made.items()}
    metrics = ["mae", own.Precision()] if "metrics" in given else None
    model.compile(**{"optimizer": "sgd", "loss": "mse", "metrics": metrics, **made})
    with pytest.warns(UserWarning) as caught:
        found = read_model(model)
    assert "it is read for predicting and not compiled" in str(caught[-1].message)
    assert reason in str(caught[-1].message)
    numpy.testing.assert_allclose(found.predict(X), model.predict(X, verbose=0), atol=1e-6)
    with pytest.raises(ModelError) as refused:
        found.fit(X, X[:, :3], verbose=0)
    assert str(refused.value) == (
        f"call compile(optimizer, loss) before fit: model 'm' has no loss; it was read without: {reason}"
    )
    found.compile("sgd", "mse")
    found.fit(X, X[:, :3], verbose=0)


def test_keras_own_losses_are_taken_along(keras: Any, own: Any) -> None:
    model = chain(keras, keras.layers.Dense(3))
    model.compile(own.Slow(), keras.losses.mean_absolute_error, metrics=[keras.metrics.MeanSquaredError()])
    found = read_model(model)
    assert found.optimizer.learning_rate == 0.125
    expected = model.evaluate(X, X[:, :3], verbose=0)
    numpy.testing.assert_allclose(found.evaluate(X, X[:, :3]), expected, rtol=1e-5)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("suffix", ["keras", "h5"])
def test_files_that_keras_writes(keras: Any, own: Any, tmp_path: Path, suffix: str) -> None:
    """An HDF5 file has names alone, registered ones where there are any; those of its time's archive say more."""
    layers = keras.layers
    inner = layers.TimeDistributed(own.Dense(3), name="td")
    model = chain(keras, own.Softmax(name="two"), layers.Softmax(), layers.Reshape((2, 2)), inner, kind=own.Named)
    model.compile(own.SGD(), "mse")
    model.save(tmp_path / f"m.{suffix}")
    with pytest.raises(ModelFileError) as caught:
        read_model(tmp_path / f"m.{suffix}")
    problems = "\n".join(caught.value.problems)
    assert len(caught.value.problems) == 3
    assert "Named=Functional'" in problems
    assert "is not Keras's own: register a class for it with @nnc.layers.register(name='my>Softmax'), or" in problems
    assert f"layer class 'Dense' {HERE} is not Keras's own" in problems

    class Dense(nnc.layers.Dense):
        def call(self, inputs: Any) -> Any:
            return super().call(inputs) * 2.0

    with known_classes({f"{__name__}.Dense": Dense}), warnings.catch_warnings(record=True) as caught_warnings:
        warnings.simplefilter("always")
        replace = {"Named": "Functional", "my>Softmax": "Rescaling(2.0)"}
        found = read_model(tmp_path / f"m.{suffix}", replace=replace)
    said = "".join(str(item.message) for item in caught_warnings)
    numpy.testing.assert_allclose(found.predict(X), model.predict(X, verbose=0), atol=1e-6)
    assert found.is_compiled == (suffix == "h5")  # there its optimizer is called 'SGD' and nothing else
    assert (f"not compiled: optimizer class 'SGD' {HERE} is not Keras's own" in said) == (suffix == "keras")


# ------------------------------------------------------------------ by hand


def sequential(*entries: dict[str, Any], **beside: Any) -> str:
    shape = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}
    root = {"class_name": "Sequential", "config": {"name": "m", "layers": [shape, *entries]}, **beside}
    return json.dumps({"keras_version": "3.15.1", **root})


def entry(
    class_name: str, config: dict[str, Any], module: str = "keras.layers", registered: Any = None
) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": registered}


HUB = "keras_hub.src.layers.modeling.rms_normalization"
DENSE = {"units": 3, "name": "one"}
FILES: list[tuple[str, str]] = [
    (
        sequential(entry("RMSNormalization", {"name": "one"}, HUB, "keras_hub>RMSNormalization")),
        f"layer 'one' (RMSNormalization): layer class 'RMSNormalization' of module '{HUB}' registered as 'keras_hub>RMSNormalization' is not Keras's own: {REGISTER.format('keras_hub>RMSNormalization')}",
    ),
    (
        sequential(entry("Gemma", {"name": "one"}, "keras_hub.src.gemma", "keras_hub>Gemma")),
        "layer class 'Gemma' of module 'keras_hub.src.gemma' registered as 'keras_hub>Gemma' is not Keras's own: register a class for it with @nnc.layers.register, or replace it with a layer: --replace 'Gemma=Layer(args)'",
    ),
    (sequential(entry("Dense", DENSE, "keras.layers", "my>Dense")), "registered as 'my>Dense' is not Keras's own"),
    (
        sequential(entry("Dense", {**DENSE, "kernel_initializer": entry("Zeros", {}, "mine")})),
        "layer 'one' (Dense): initializer class 'Zeros' of module 'mine' is not Keras's own",
    ),
    (
        sequential(entry("Dense", {**DENSE, "activation": entry("Softmax", {}, "mine", "my>Softmax")})),
        "activation 'my>Softmax' is its author's Python code",
    ),
    (sequential(entry("Numbers", {"name": "one"}, "mine.ops.numpy")), "class 'Numbers' of module 'mine.ops.numpy'"),
    (sequential({"class_name": "Custom>Dense", "config": DENSE}), "layer class 'Custom>Dense' is not Keras's own"),
    (
        sequential(entry("Dense", DENSE), class_name="Sequential", module="mine", registered_name="my>Sequential"),
        "model class 'Sequential' of module 'mine' registered as 'my>Sequential' is not Keras's own",
    ),
    (sequential(entry("Dense", DENSE), class_name="Mine"), "model class 'Mine' is not Keras's own"),
]


@pytest.mark.parametrize(("text", "message"), FILES)
def test_files_by_hand(text: str, message: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_text(text, "m.json", is_json=True)
    (problem,) = caught.value.problems
    assert message in problem


def test_training_by_hand() -> None:
    own = entry("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.5}, "mine")
    sgd = entry("SGD", {"learning_rate": own}, "keras.optimizers")
    text = sequential(entry("Dense", DENSE), compile_config={"optimizer": sgd, "loss": "mse"})
    with pytest.warns(UserWarning, match="not compiled: optimizer class 'ExponentialDecay' of module 'mine' is not"):
        assert not read_text(text, "m.json", is_json=True).is_compiled
    fine = text.replace('"mine"', '"keras.optimizers.schedules"')
    assert read_text(fine, "m.json", is_json=True).is_compiled


@pytest.mark.parametrize(("version", "is_keras"), [("2.12.0", True), ("3.15.1", False)])
def test_what_keras_2_registered_itself(version: str, is_keras: bool) -> None:
    """Its optimizers of 2.11 and later are ``Custom>…`` in files, as users' are; Keras 3 writes none of its own so."""
    old = {"optimizer_config": {"class_name": "Custom>SGD", "config": {"learning_rate": 0.5}}}
    options = compile_options(Mapping(entries=from_plain(old).entries), parse_version(version))  # type: ignore[attr-defined]
    assert options.plain()["optimizer"]["class_name"] == ("SGD" if is_keras else "Custom>SGD")
    scale = {"class_name": "Custom>CustomScaleLayer", "config": {"name": "one", "scale": 2.0}}
    with pytest.raises(ModelFileError) as caught:  # in a chain it has too few inputs
        read_text(sequential(scale, keras_version=version), "m.json", is_json=True)
    assert ("is not Keras's own" in str(caught.value)) == (not is_keras)
