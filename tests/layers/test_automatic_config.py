"""Layers and models of a user's own without `get_config` have the config that Keras gives them: their arguments."""

from __future__ import annotations

import copy

import numpy
import pytest

import nnc
from nnc.errors import ModelError

X = numpy.ones((1, 2), "float32")


def layers(package):
    class Named(package.layers.Layer):
        def __init__(self, factor=1.0, shifts=(), **kwargs):
            super().__init__(**kwargs)
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

    class Bare(package.layers.Layer):
        def __init__(self, factor, *, limits=None):
            super().__init__()
            self.factor = factor

        def call(self, inputs):
            return inputs * self.factor

    class Open(package.layers.Layer):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)

    return {"Named": Named, "Bare": Bare, "Open": Open}


@pytest.mark.parametrize(
    ("name", "args", "kwargs"),
    [
        ("Named", (), {}),
        ("Named", (3.0,), {}),
        ("Named", (3.0, [1, [2, None]]), {"name": "it", "trainable": False}),
        ("Named", (), {"factor": 2, "shifts": {"by": "one"}}),
        ("Open", (), {"name": "it"}),
        ("Bare", (4,), {"limits": None}),
        ("Bare", (), {"factor": True, "limits": "none"}),
    ],
)
def test_the_config_is_that_of_keras(name, args, kwargs):
    keras = pytest.importorskip("keras")
    keras.utils.clear_session()
    ours, theirs = (layers(package)[name](*args, **kwargs) for package in (nnc, keras))
    mine, other = ours.get_config(), theirs.get_config()
    for config in (mine, other):
        config.pop("dtype", None)
        if name == "Bare":  # which Keras gives an argument that its constructor does not take
            config.pop("trainable", None)
    assert mine == other
    assert type(ours).from_config(ours.get_config()).get_config() == ours.get_config()


def test_files_and_copies_have_the_arguments(tmp_path):
    found = layers(nnc)
    inputs = nnc.Input((2,))
    model = nnc.Model(inputs, found["Bare"](3)(found["Named"](2.0)(found["Bare"](0.5)(inputs))))
    model.save(tmp_path / "model.keras")
    for other in (
        nnc.models.load_model(tmp_path / "model.keras", found),
        nnc.models.clone_model(model),
        copy.deepcopy(model),
    ):
        numpy.testing.assert_array_equal(other.predict(X), [[3.0, 3.0]])
        assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]


def test_a_class_with_get_config_says_by_itself_what_it_is_made_with():
    base = layers(nnc)["Named"]
    own = type("Own", (base,), {"get_config": lambda self: {**base.get_config(self), "shifts": 1}})
    assert own(3.0, name="it").get_config() == {"name": "it", "trainable": True, "dtype": None, "shifts": 1}


def test_what_is_no_plain_value_needs_get_config():
    layer = layers(nnc)["Bare"](nnc.initializers.Zeros(), limits=3)
    with pytest.raises(ModelError, match=r"^'bare': Bare was created by passing .*: define get_config in Bare"):
        layer.get_config()
    with pytest.raises(NotImplementedError):
        layers(pytest.importorskip("keras"))["Bare"](object()).get_config()
