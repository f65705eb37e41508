"""Losses of one's own: classes and functions; what is warned about; operands that do not fit; losses of arrays."""

import importlib
import warnings

import numpy
import pytest

from nnc import losses
from nnc.errors import ModelError, ShapeError
from nnc.ir import Graph, TensorType, ops
from nnc.losses.registry import as_loss
from tests.losses.engines import RNG, ROWS, close, data, run


class Quantile(losses.Loss):
    def __init__(self, quantile=0.5, **options):
        super().__init__(**options)
        self.quantile = quantile

    def call(self, y_true, y_pred):
        error = y_true - y_pred
        return ops.mean(ops.maximum(error * self.quantile, error * (self.quantile - 1.0)), -1)

    def get_config(self):
        return super().get_config() | {"quantile": self.quantile}


class Forgetful(losses.Loss):
    def __init__(self):
        pass

    def call(self, y_true, y_pred):
        return y_true > y_pred


def cubic(y_true, y_pred, power=3.0):
    return ops.mean(ops.absolute(y_true - y_pred) ** power, -1)


def total(y_true, y_pred):
    return ops.sum(ops.square(y_true - y_pred))


def test_own_classes():
    x, y = data("MeanSquaredError", (3,))
    loss = as_loss(Quantile)
    assert (loss.name, loss.target(TensorType("float32", (4, 2))).type.shape) == ("quantile", (4, 2))
    close(run(loss, y, x)[0], 0.5 * numpy.abs(x - y).mean())
    copy = as_loss(losses.serialize(Quantile(0.9, reduction="sum")), {"Quantile": Quantile})
    assert (copy.quantile, copy.reduction, copy.name) == (0.9, "sum", "quantile")
    assert as_loss("Quantile", {"Quantile": Quantile}).quantile == 0.5
    assert as_loss("mine", {"mine": loss}) is loss
    graph = Graph("own")
    pair = (graph.input(name, TensorType("float32", (4, 2))) for name in "xy")
    assert Forgetful()(*pair).type == TensorType("float32", ())


def test_own_functions(keras, tensorflow):
    x, y = data("MeanSquaredError", (3,))
    assert as_loss(cubic).name == "cubic"
    close(run(as_loss(cubic), y, x)[0], (numpy.abs(x - y) ** 3).mean(), 100.0)
    wrapper = losses.LossFunctionWrapper(cubic, "sum", "mine", power=1.0)
    copy = as_loss(losses.serialize(wrapper), {"cubic": cubic})
    assert (copy.name, copy.reduction, copy.arguments) == ("mine", "sum", {"power": 1.0})
    close(run(copy, y, x)[0], numpy.abs(x - y).mean(-1).sum(), 10.0)
    assert as_loss("cubic", {"cubic": cubic}).fn is cubic
    assert as_loss(keras.losses.serialize(cubic), {"cubic": cubic}).fn is cubic
    known = losses.serialize(losses.LossFunctionWrapper(losses.mse))
    assert as_loss(known).fn is losses.mse
    numpy.testing.assert_allclose(run(as_loss(total), y, x)[0], ((x - y) ** 2).sum(), rtol=1e-6)
    wrapper = importlib.import_module("keras.src.losses").LossFunctionWrapper
    theirs = wrapper(lambda y, x: tensorflow.reduce_sum((y - x) ** 2), name="total")
    weights = numpy.arange(ROWS, dtype="float32")
    close(run(as_loss(total), y, x, weights)[0], theirs(y, x, weights).numpy(), 1000.0)


def test_lowering_twice_adds_the_loss_twice_and_no_more():
    graph = Graph("twice")
    x, y = (graph.input(name, TensorType("float32", (4, 2))) for name in "xy")
    loss, counts = losses.MSE(), []
    for _ in range(3):
        loss(x, y)
        counts.append(len(graph.nodes))
    assert counts[2] - counts[1] == counts[1] - counts[0] == counts[0] - 2 - 2  # inputs and constants are shared


def test_nothing_is_warned_about_by_default():
    x, y = data("BinaryCrossentropy", (3,))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(losses.BCE(), y, x, activation=ops.sigmoid)


@pytest.mark.parametrize(
    ("action", "error", "message"),
    [
        (
            lambda x, y: losses.mse(y, ops.take(x, 1, 0, 2)),
            ShapeError,
            "needs targets of the output's shape, got f32[4",
        ),
        (lambda x, y: losses.bce(ops.sum(y, 1), x), ShapeError, "binary_crossentropy needs targets of the output's"),
        (
            lambda x, y: losses.sparse_categorical_crossentropy(y, x),
            ShapeError,
            "for one-hot targets use 'categorical_crossentropy'",
        ),
        (lambda x, y: losses.sparse_categorical_crossentropy(ops.sum(y, 1), x), ShapeError, "needs whole numbers"),
        (
            lambda x, y: losses.sparse_categorical_crossentropy(ops.argmax(y, 0), x, axis=0),
            ModelError,
            "must be on the last axis (-1), got axis 0",
        ),
        (lambda x, y: losses.categorical_crossentropy(y, x, axis=2), ShapeError, "axis 2 is out of range"),
        (lambda x, y: as_loss(lambda a, b: 3.0).lower(y, x), ModelError, "must return a graph value, got 3.0"),
        (lambda x, y: losses.Loss().lower(y, x), ModelError, "class Loss must define call(self, y_true, y_pred)"),
        (lambda x, y: losses.MSE().lower(y, x, ops.sum(x, 0)), ShapeError, "do not broadcast"),
    ],
)
def test_operands_that_do_not_fit_are_named(action, error, message):
    graph = Graph("wrong")
    x, y = (graph.input(name, TensorType("float32", (4, 3))) for name in "xy")
    with pytest.raises(error) as raised:
        action(x, y)
    assert message in str(raised.value)


@pytest.mark.parametrize("name", ["MeanSquaredError", "SparseCategoricalCrossentropy", "BinaryCrossentropy", "Hinge"])
def test_losses_of_arrays(keras, name):
    x, y = data(name, (4, 3))
    x = 1.0 / (1.0 + numpy.exp(-x))
    weights, mask = RNG.uniform(0.0, 2.0, (ROWS, 4)).astype("float32"), RNG.random((ROWS, 4)) < 0.5
    ours, theirs = getattr(losses, name)(), getattr(keras.losses, name)()
    assert ours(y, x).dtype == theirs(y, x).numpy().dtype
    assert ours(y.tolist(), x.tolist()) == pytest.approx(float(theirs(y, x)), rel=1e-6)
    assert ours(y, x, weights) == pytest.approx(float(theirs(y, x, weights)), rel=1e-6)
    assert ours(y, x, mask=mask) == pytest.approx(float(ours(y[mask][:, None], x[mask][:, None])), rel=1e-6)
    values = getattr(losses, name)(reduction=None)(y, x)
    numpy.testing.assert_allclose(values, getattr(keras.losses, name)(reduction=None)(y, x).numpy(), rtol=2e-6)
