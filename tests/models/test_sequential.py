"""Sequential models: growing and shrinking, shapes given late or early, and what cannot be in a chain."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ModelError
from nnc.layers import Dense, Flatten, Reshape

X = numpy.random.default_rng(0).normal(size=(6, 3)).astype("float32")
Y = X[:, :1]


def test_add_and_pop():
    model = nnc.Sequential(name="chain")
    model.add(nnc.Input((3,)))
    model.add(Dense(4, activation="relu"))
    model.add(Dense(1))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1"]
    assert model.output_shape == (None, 1)
    popped = model.pop()
    assert popped.name == "dense_1"
    assert model.output_shape == (None, 4)
    assert model.predict(X).shape == (6, 4)
    model.add(popped)
    model.add(Dense(2))
    assert [layer.name for layer in model.layers] == ["dense", "dense_1", "dense_2"]
    assert model.predict(X).shape == (6, 2)
    assert repr(model) == "<Sequential 'chain': 3 layers, 25 parameters>"


def test_weights_survive_growth():
    model = nnc.Sequential([Dense(2, input_dim=3)])
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], verbose=0)
    weights = model.get_weights()
    model.add(Dense(1))
    for before, after in zip(weights, model.get_weights(), strict=False):
        numpy.testing.assert_array_equal(before, after)
    model.fit(X, Y, verbose=0)
    assert (model.get_weights()[0] != weights[0]).any()


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (lambda: [nnc.Input((3,)), Dense(2)], None),
        (lambda: [nnc.Input(shape=(3,)), Dense(2)], None),
        (lambda: [nnc.layers.InputLayer((3,)), Dense(2)], None),
        (lambda: [Dense(2, input_dim=3)], None),
        (lambda: [Dense(2, input_shape=(3,))], None),
        (lambda: [Dense(2, input_shape=[3])], None),
        (lambda: [Dense(2, batch_input_shape=(None, 3))], None),
        (lambda: [Dense(2, batch_input_shape=(32, 3))], 32),
        (lambda: (Dense(2, input_dim=3),), None),
    ],
)
def test_shape_of_the_input(first, rows):
    model = nnc.Sequential(first())
    assert (model.input_shape, model.output_shape) == ((rows, 3), (rows, 2))
    assert [layer.name for layer in model.layers] == ["dense"]


@pytest.mark.parametrize("inner", [lambda: nnc.Sequential([Dense(2, input_dim=3)]), lambda: functional(3, 2)])
def test_a_model_can_come_first(inner):
    model = nnc.Sequential([inner(), Dense(1)])
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 1))
    assert [type(layer).__name__ for layer in model.layers] == [type(model.layers[0]).__name__, "Dense"]
    numpy.testing.assert_allclose(model.predict(X), model.layers[1].forward(model.layers[0].predict(X)), rtol=1e-6)


def functional(inputs: int, outputs: int) -> nnc.Model:
    x = nnc.Input((inputs,))
    return nnc.Model(x, Dense(outputs)(x))


USES = {
    "fit": lambda model: model.fit(X, Y, verbose=0),
    "evaluate": lambda model: model.evaluate(X, Y),
    "predict": lambda model: model.predict(X),
    "predict of a list": lambda model: model.predict(X.tolist()),
    "predict of [array]": lambda model: model.predict([X]),
    "call": lambda model: model(X),
    "call of a list": lambda model: model(X.tolist()),
    "train_on_batch": lambda model: model.train_on_batch(X, Y),
    "test_on_batch": lambda model: model.test_on_batch(X, Y),
    "predict_on_batch": lambda model: model.predict_on_batch(X),
    "build": lambda model: model.build((None, 3)),
    "symbolic": lambda model: model.build((7, 3)),
    "applied": lambda model: model(nnc.Input((3,))),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_shape_is_taken_from_the_first_data(use):
    model = nnc.Sequential([Dense(4), Dense(1)])
    model.compile("adam", "mse")
    assert model.get_weights() == []
    use(model)
    assert [weight.shape for weight in model.get_weights()] == [(3, 4), (4,), (4, 1), (1,)]
    assert model.predict(X).shape == (6, 1)


@pytest.mark.parametrize(
    "use",
    [
        lambda model: model.program,
        lambda model: model.save("m.nnc"),
        lambda model: nnc.compile(model),
        lambda model: model.predict(3.0),
    ],
)
def test_shape_is_not_known(use, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = nnc.Sequential([Dense(4)], name="late")
    message = "^model 'late' has no layers yet; add some, and give the first an input shape$"
    with pytest.raises(ModelError, match=message):
        use(model)
    with pytest.raises(ModelError, match=message):
        use(nnc.Sequential(name="late"))


def test_first_data_that_do_not_fit_leave_the_model_as_it_was():
    model = nnc.Sequential([Reshape((3, 1)), Flatten(), Dense(1)])
    with pytest.raises(ModelError, match="cannot be reshaped"):
        model.predict(numpy.ones((2, 4)))
    assert model.predict(X).shape == (6, 1)


def test_a_layer_that_does_not_fit_is_not_added():
    model = nnc.Sequential([nnc.Input((3,)), Dense(2)])
    before = model.predict(X)
    for wrong in (Reshape((3,)), 3, Dense, nnc.Input((2,)), model.layers[0]):
        with pytest.raises(ModelError):
            model.add(wrong)
        assert len(model.layers) == 1
        numpy.testing.assert_array_equal(model.predict(X), before)
    model.add(Dense(1))
    assert model.output_shape == (None, 1)


shared = Dense(2)
ERRORS = [
    ([3], "Only instances of nnc.Layer can be added, got 3"),
    ([Dense], "Only instances of nnc.Layer can be added, got <class 'nnc.layers.core.Dense'>; write Dense(...)"),
    ([Dense(2), nnc.Input((3,))], "it has already been configured, an Input can only come first"),
    ([nnc.Input((3,)), nnc.Input((3,))], "it has already been configured, an Input can only come first"),
    ([nnc.Input((3,)), shared, shared], "layer 'dense' is added twice; make a second one"),
    (
        [nnc.Input((3,)), Dense(2, name="a"), Dense(2, name="a")],
        "two layers are named 'a' (Dense and Dense); give one of them another name=",
    ),
]


@pytest.mark.parametrize(("layers", "message"), ERRORS, ids=[message for _, message in ERRORS])
def test_errors(layers, message):
    with pytest.raises(ModelError) as error:
        nnc.Sequential(layers, name="m")
    assert str(error.value) == f"model 'm': {message}"


def test_pop_from_nothing():
    with pytest.raises(ModelError, match=r"^model 'm' has no layers to remove$"):
        nnc.Sequential(name="m").pop()


def test_several_outputs_only_at_the_end():
    class Split(nnc.layers.Layer):
        def call(self, x):
            return x, x * 2

    assert len(nnc.Sequential([nnc.Input((3,)), Split()]).outputs) == 2
    with pytest.raises(ModelError, match=r"^model 'm': a layer with several outputs can only come last$"):
        nnc.Sequential([nnc.Input((3,)), Split(), Dense(1)], name="m")


def test_config():
    model = nnc.Sequential([nnc.Input((3,), name="points"), Dense(2, name="only")], name="chain")
    config = model.get_config()
    assert config["name"] == "chain"
    assert [entry["class_name"] for entry in config["layers"]] == ["InputLayer", "Dense"]
    assert config["layers"][0]["config"] == {"batch_shape": [None, 3], "dtype": "float32", "name": "points"}
    assert config["layers"][1]["config"]["units"] == 2
    assert [entry["class_name"] for entry in nnc.Sequential([Dense(2)]).get_config()["layers"]] == ["Dense"]
