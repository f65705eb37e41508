"""Losses and metrics of outputs with masks, weighed as Keras on TensorFlow weighs them."""

import warnings

import numpy
import pytest

import nnc

RNG = numpy.random.default_rng(3)
TOKENS = numpy.where(numpy.arange(6) < RNG.integers(1, 7, (40, 1)), RNG.integers(1, 9, (40, 6)), 0).astype("int32")
TAGS = (TOKENS * 7 % 4).astype("int32")
NUMBERS = numpy.sin(TOKENS[..., None] + numpy.arange(2)).astype("float32")
WEIGHTS = RNG.uniform(0.5, 2.0, 40).astype("float32")


@pytest.fixture(scope="module")
def tf():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("tensorflow")


def tagger(nn):
    x = nn.Input((6,), dtype="int32")
    hidden = nn.layers.Embedding(9, 5, mask_zero=True)(x)
    model = nn.Model(x, nn.layers.Dense(4, "softmax")(hidden))
    metrics = [
        "accuracy",
        nn.metrics.SparseTopKCategoricalAccuracy(2, name="top"),
        nn.metrics.MeanIoU(4, name="iou", sparse_y_pred=False),  # counts what is masked as well
    ]
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=metrics, weighted_metrics=["accuracy"])
    return model, TAGS


def regressor(nn):
    x = nn.Input((6,), dtype="int32")
    hidden = nn.layers.Embedding(9, 5, mask_zero=True)(x)
    model = nn.Model(x, nn.layers.Dense(2)(hidden))
    metrics = ["mae", nn.metrics.RootMeanSquaredError(name="rmse"), nn.metrics.CosineSimilarity(name="cosine")]
    model.compile("sgd", nn.losses.Huber(reduction="mean_with_sample_weight"), metrics=metrics)
    return model, NUMBERS


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
@pytest.mark.parametrize("make", [tagger, regressor])
@pytest.mark.sampled(1)
def test_masked_training_is_that_of_keras(tf, make, weighted):
    (ours, y), (theirs, _) = make(nnc), make(tf.keras)
    ours.set_weights(theirs.get_weights())
    weights = WEIGHTS if weighted else None
    for start in range(0, 40, 8):
        rows = slice(start, start + 8)
        weight = None if weights is None else weights[rows]
        repeated = None if weight is None else numpy.repeat(weight[:, None], 6, 1)  # Keras takes no weight per row
        found = ours.train_on_batch(TOKENS[rows], y[rows], weight, return_dict=True)
        theirs.reset_metrics()
        expected = theirs.train_on_batch(TOKENS[rows], y[rows], repeated, return_dict=True)
        assert set(found) == set(expected)
        for name, value in expected.items():
            assert found[name] == pytest.approx(float(value), rel=1e-5, abs=1e-6), name
    for weight, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        numpy.testing.assert_allclose(weight, other, rtol=1e-4, atol=1e-6)
