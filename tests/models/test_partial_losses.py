"""Models of which some outputs have no loss."""

import warnings

import numpy
import pytest

import nnc

RNG = numpy.random.default_rng(1)
X = RNG.normal(size=(16, 3)).astype("float32")
A, B = RNG.normal(size=(16, 2)).astype("float32"), RNG.normal(size=(16, 1)).astype("float32")


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def make(nn, loss, metrics=None):
    x = nn.Input((3,))
    model = nn.Model(x, [nn.layers.Dense(2, name="a")(x), nn.layers.Dense(1, name="b")(x)])
    model.compile("sgd", loss, metrics=metrics)
    return model


@pytest.mark.parametrize(
    ("loss", "metrics", "y"),
    [
        (["mse", None], None, [A, B]),
        (["mse", None], None, [A]),
        ([None, "mae"], [[], ["mse"]], [A, B]),
        (["mse", None], [[], ["mae"]], [A, B]),
        (["mse", None], [["mae"], ["mae"]], [A, B]),
    ],
)
@pytest.mark.filterwarnings("ignore:Gradients do not exist")  # Keras's
def test_training_is_that_of_keras(tf, loss, metrics, y):
    ours, theirs = make(nnc, loss, metrics), make(tf.keras, loss, metrics)
    ours.set_weights(theirs.get_weights())
    for _ in range(3):
        found = ours.train_on_batch(X, y, return_dict=True)
        theirs.reset_metrics()
        expected = theirs.train_on_batch(X, y, return_dict=True)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert found[name] == pytest.approx(float(value), rel=1e-5), name
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight, other, rtol=1e-5, atol=1e-6)


def test_targets_by_name_and_after_loading(tmp_path):
    model = make(nnc, {"a": "mse"})
    expected = model.evaluate(X, A)
    assert model.evaluate(X, {"a": A}) == model.evaluate(X, {"a": A, "b": B}) == expected
    assert model.evaluate(X, [A, B], sample_weight={"a": numpy.ones(16)}) == pytest.approx(expected)
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    assert loaded.evaluate(X, {"a": A, "b": B})["loss"] == expected
    assert [output.shape for output in loaded.predict(X)] == [(16, 2), (16, 1)]


@pytest.mark.filterwarnings("ignore:Gradients do not exist")
def test_losses_of_outputs_of_two_element_types(tf):
    x = tf.keras.Input((3,))
    y = tf.keras.layers.Dense(2)(x)
    theirs = tf.keras.Model(x, [y, tf.keras.ops.cast(y * y, "float64")])
    theirs.compile("sgd", ["mse", "mae"])
    ours = nnc.readers.read_model(theirs)
    for _ in range(2):
        theirs.reset_metrics()
        assert ours.train_on_batch(X, [A, A]) == pytest.approx(theirs.train_on_batch(X, [A, A]), rel=1e-5)
