"""Classes derived from nnc's models: what a program would never call is refused, and all else works."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import nnc
from nnc.errors import ModelError

X = numpy.random.default_rng(0).normal(size=(4, 3)).astype("float32")
STEPS = ["train_step", "test_step", "predict_step", "compute_loss", "compute_metrics"]


def made(bases: tuple[type[Any], ...], **methods: Any) -> Any:
    cls = type("Mine", bases, methods)
    if issubclass(cls, nnc.Sequential):
        return cls([nnc.Input((3,)), nnc.layers.Dense(2)], name="mine")
    x = nnc.Input((3,))
    return cls(x, nnc.layers.Dense(2)(x), name="mine")


def own(self: Any, *args: Any, **kwargs: Any) -> Any:
    raise AssertionError("somebody calls it")


@pytest.mark.parametrize("base", [nnc.Model, nnc.Sequential])
def test_what_predictions_would_ignore(base: Any) -> None:
    model = made((base,), call=own)
    for run in (lambda model: model.predict(X), lambda model: model(X), nnc.compile):
        with pytest.raises(ModelError, match=r"^model 'mine': its class Mine has call of its own"):
            run(model)
    patched = made((base,))
    patched.call = own
    with pytest.raises(ModelError, match="has call of its own"):
        patched.predict(X)


@pytest.mark.parametrize("base", [nnc.Model, nnc.Sequential])
def test_steps_are_called_and_need_data(base: Any) -> None:
    for name in STEPS:
        model = made((base,), **{name: own})
        assert model(X).shape == (4, 2)
        model.compile("sgd", "mse")
        run = {"test_step": model.evaluate, "predict_step": model.predict}.get(name, model.fit)
        given = (X,) if name == "predict_step" else (X, X[:, :2])
        with pytest.raises(AssertionError, match="somebody calls it"):
            run(*given, verbose=0)
        with pytest.raises(ModelError, match=f"^model 'mine': its class Mine has {name} of its own"):
            nnc.compile(model, loss="mae")


def test_what_changes_nothing() -> None:
    """Helpers, and methods that extend nnc's own, are the user's business."""

    def summary(self: Any, print_fn: Any = None) -> None:
        nnc.Model.summary(self, print_fn=print_fn)

    model = made((nnc.Model,), summary=summary, accuracy_of=own)
    model.compile("sgd", "mse")
    plain = made((nnc.Model,))
    plain.set_weights(model.get_weights())
    numpy.testing.assert_array_equal(model.predict(X), plain.predict(X))
    model.fit(X, X[:, :2], verbose=0)


def test_inside_another_model_its_call_is_called() -> None:
    def doubled(self: Any, inputs: Any) -> Any:
        return nnc.Model.call(self, inputs) * 2.0

    inner, x = made((nnc.Model,), call=doubled, train_step=own), nnc.Input((3,))
    model = nnc.Model(x, inner(x))
    kernel, bias = inner.get_weights()
    model.compile("sgd", "mse")
    numpy.testing.assert_allclose(model.predict(X), 2 * (X @ kernel + bias), rtol=1e-5)
