"""Models without a loss of their own: what layers and weights add is minimised, as in Keras."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import DataError, ModelError
from nnc.ir import ops
from nnc.readers import read_model

X = numpy.random.default_rng(3).normal(size=(12, 3)).astype("float32")
Y = X[:, :2]


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow").keras


class Energy(nnc.layers.Layer):
    """Passes its input on, and adds its mean square to the loss."""

    def call(self, x):
        self.add_loss(ops.mean(ops.square(x)))
        return x


def energy(nn):
    if nn is nnc:
        return Energy(name="energy")

    class Theirs(nn.layers.Layer):
        def call(self, x):
            self.add_loss(nn.ops.mean(nn.ops.square(x)))
            return x

    return Theirs(name="energy")


def model(nn, **options):
    x = nn.Input((3,), name="x")
    hidden = nn.layers.Dense(4, "tanh", kernel_regularizer="l2", name="hidden")(x)
    both = [energy(nn)(nn.layers.Dense(2, name="first")(hidden)), nn.layers.Dense(1, name="second")(hidden)]
    made = nn.Model(x, both if options.pop("two", False) else both[0])
    made.set_weights(
        [numpy.random.default_rng(1).normal(0, 0.5, w.shape).astype("float32") for w in made.get_weights()]
    )
    made.compile(nn.optimizers.SGD(0.1, momentum=0.9), **options)
    return made


def listed(logs):
    return {key: numpy.ravel(value).tolist() for key, value in logs.items()}


@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")  # of Keras, for layers that nothing trains
@pytest.mark.parametrize("options", [{}, {"two": True}, {"metrics": ["mae"]}])
@pytest.mark.sampled(1)
def test_training_is_that_of_keras(options, keras):
    ours, theirs = model(nnc, **options), model(keras, **options)
    y = Y if "metrics" in options else None
    for found, expected in (
        [one.fit(X, y, epochs=3, batch_size=5, shuffle=False, verbose=0).history for one in (ours, theirs)],
        [one.train_on_batch(X, y, return_dict=True) for one in (ours, theirs)],
        [one.test_on_batch(X, y, return_dict=True) for one in (ours, theirs)],
        [one.evaluate(X, y, batch_size=5, return_dict=True, verbose=0) for one in (ours, theirs)],
        [one.fit(X, y, validation_split=0.5, shuffle=False, verbose=0).history for one in (ours, theirs)],
    ):
        assert list(found) == list(expected)
        for key, value in listed(expected).items():
            numpy.testing.assert_allclose(listed(found)[key], value, rtol=1e-4)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


def test_targets_and_weights_of_rows_say_nothing(keras):
    ours = model(nnc)
    expected = ours.evaluate(X)
    assert ours.evaluate(X, Y, sample_weight=numpy.zeros(len(X))) == expected
    assert ours.fit(((X,) for _ in range(2)), steps_per_epoch=2, verbose=0).history["loss"][0] < expected
    assert ours.fit(X, validation_data=(X, None), verbose=0).history["val_loss"]


def test_without_anything_to_minimise():
    plain = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(1)])
    for _ in range(2):
        for call in (plain.fit, plain.evaluate, plain.train_on_batch):
            with pytest.raises(ModelError, match=r"^call compile\(optimizer, loss\) before .*has no loss$"):
                call(X, Y)
        plain.compile("sgd", metrics=["mae"])
    assert plain.program.spec.trains is False
    with pytest.raises(DataError, match="only predicts"):
        plain.program.fit(X, Y)
    with pytest.raises(ModelError, match="give a loss as well"):
        nnc.compile(plain, optimizer="sgd")
    assert nnc.compile(model(nnc), optimizer="adam").spec.trains


def test_a_saved_program_goes_on_without_targets(tmp_path):
    ours = model(nnc)
    ours.fit(X, epochs=2, verbose=0)
    ours.save(tmp_path / "model.nnc")
    again = nnc.load(tmp_path / "model.nnc")
    assert again.spec.targets == ()
    assert again.fit(X, epochs=2, verbose=0).history == ours.fit(X, epochs=2, verbose=0).history


@pytest.mark.filterwarnings("ignore:.*__array__.*:DeprecationWarning")  # of Keras, when it saves
@pytest.mark.filterwarnings("ignore:Gradients do not exist:UserWarning")
def test_a_file_of_keras_goes_on(keras, tmp_path):
    theirs = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(2, kernel_regularizer="l2")])
    theirs.compile("adam")
    theirs.fit(X, verbose=0)
    theirs.save(tmp_path / "model.keras")
    ours = read_model(tmp_path / "model.keras")
    assert ours.is_compiled
    assert ours.optimizer.iterations == 1
    found, expected = (one.fit(X, epochs=3, verbose=0).history["loss"] for one in (ours, theirs))
    numpy.testing.assert_allclose(found, expected, rtol=1e-5)
