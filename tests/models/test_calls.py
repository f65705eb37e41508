"""A model called on arrays does what Keras's does there: in training or not, with masks, whatever its layers assign."""

from __future__ import annotations

import warnings

import numpy
import pytest

import nnc
from nnc.errors import ModelError

X = numpy.random.default_rng(0).normal(2.0, 3.0, size=(6, 3)).astype("float32")


@pytest.fixture(scope="module")
def keras():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("keras")


def normalizing(module, trainable=True):
    """A model whose layers differ in training, one of them in a model inside."""
    layers = module.layers
    inner = module.Sequential([module.Input((3,)), layers.BatchNormalization(momentum=0.5, trainable=trainable)])
    x = module.Input((3,))
    hidden = layers.Dense(2, kernel_initializer="ones")(inner(x))
    return module.Model(x, layers.BatchNormalization(momentum=0.9)(hidden))


@pytest.mark.parametrize("trainable", [True, False])
def test_training_normalises_by_the_batch_and_moves_the_means(trainable, keras):
    ours, theirs = normalizing(nnc, trainable), normalizing(keras, trainable)
    for options in ({}, {"training": True}, {"training": False}, {"training": True}, {}):
        numpy.testing.assert_allclose(ours(X, **options), numpy.asarray(theirs(X, **options)), rtol=1e-4, atol=1e-5)
    for found, expected in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    numpy.testing.assert_allclose(ours.predict(X), theirs.predict(X, verbose=0), rtol=1e-4, atol=1e-5)


def test_a_compiled_model_goes_on_from_the_means_that_a_call_moved():
    model = normalizing(nnc)
    model.compile("sgd", "mse")
    model.fit(X, X[:, :2], epochs=1, verbose=0)
    before = model.predict(X)
    model(X, training=True)
    after = model.predict(X)
    assert numpy.abs(after - before).max() > 1e-3
    numpy.testing.assert_allclose(after, model.forward(X), rtol=1e-5, atol=1e-6)


def test_training_drops_other_elements_in_each_call():
    model = nnc.Sequential([nnc.Input((50,)), nnc.layers.Dropout(0.5)])
    x = numpy.ones((4, 50), "float32")
    numpy.testing.assert_array_equal(model(x), x)
    first, second = model(x, training=True), model(x, training=True)
    assert set(numpy.unique(first)) == {0.0, 2.0} and (first != second).any()


def test_what_a_model_is_called_with_overrules_what_its_layers_were(keras):
    def dropped(module, how):
        x = module.Input((50,))
        model = module.Model(x, module.layers.Dropout(0.5)(x, training=True))
        return bool((numpy.asarray(how(model, numpy.ones((2, 50), "float32"))) == 0).any())

    hows = [
        lambda model, x: model.predict(x, verbose=0),
        lambda model, x: model(x),
        lambda model, x: model(x, training=False),
        lambda model, x: model(x, training=True),
    ]
    assert [dropped(nnc, how) for how in hows] == [dropped(keras, how) for how in hows] == [False, True, False, True]


@pytest.mark.filterwarnings("ignore:Layer .* was passed an input with a mask")  # Keras's, though it uses the mask
def test_a_mask_may_be_given(keras):
    def called(module):
        x = module.Input((2, 1))
        model = module.Model(x, module.layers.GlobalAveragePooling1D()(x))
        rows = numpy.float32([[[1], [3]], [[5], [7]]])
        return numpy.asarray(model(rows, mask=numpy.array([[True, False], [True, True]])))

    numpy.testing.assert_allclose(called(nnc), called(keras))


def test_another_keyword_is_refused():
    with pytest.raises(ModelError, match="cannot be called with rate="):
        normalizing(nnc)(X, rate=0.5)


def test_masks_are_for_the_inputs():
    a, b = nnc.Input((2, 1), name="a"), nnc.Input((2, 1), name="b")
    pooled = [nnc.layers.GlobalAveragePooling1D()(item) for item in (a, b)]
    net, x = nnc.Model([a, b], pooled), numpy.array([[[1.0], [5.0]]], "float32")
    first, both = numpy.array([[True, False]]), numpy.array([[True, True]])
    for mask in ([first, None], {"a": first}, [first, both]):
        assert [float(item[0, 0]) for item in net([x, x], mask=mask)] == [1.0, 3.0]
    with pytest.raises(ModelError, match="takes 2 masks, one for each input, got 1"):
        net([x, x], mask=first)
    with pytest.raises(ModelError, match="takes 2 masks, one for each input, got 3"):
        net([x, x], mask=[first, None, first])
    with pytest.raises(ModelError, match="a mask is for no input: 'c'"):
        net([x, x], mask={"c": first})
