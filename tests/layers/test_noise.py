"""Layers that add noise: what they do while training, by statistics and by the formulas of their papers."""

from __future__ import annotations

import numpy
import pytest
import scipy.stats

import nnc
from nnc import layers
from tests.layers.training import trained

ZEROS, ONES = numpy.zeros((64, 256)), numpy.ones((64, 256))


def test_gaussian_noise_is_normal():
    found, slope = trained(layers.GaussianNoise(0.5), ZEROS)
    assert scipy.stats.kstest(found.ravel() / 0.5, "norm").pvalue > 0.001
    assert abs(numpy.corrcoef(found[:, 1:].ravel(), found[:, :-1].ravel())[0, 1]) < 0.05
    assert (found != trained(layers.GaussianNoise(0.5), ZEROS, key=1)[0]).mean() > 0.99
    assert (found != trained(layers.GaussianNoise(0.5, seed=3), ZEROS)[0]).mean() > 0.99
    numpy.testing.assert_array_equal(found, trained(layers.GaussianNoise(0.5), ZEROS)[0])
    numpy.testing.assert_allclose(trained(layers.GaussianNoise(0.5), ONES)[0], found + 1.0)
    assert (slope == 1.0).all()


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_gaussian_dropout_multiplies_by_normal_numbers(rate):
    found, slope = trained(layers.GaussianDropout(rate), ONES)
    deviation = (rate / (1 - rate)) ** 0.5
    assert scipy.stats.kstest((found.ravel() - 1) / deviation, "norm").pvalue > 0.001
    numpy.testing.assert_array_equal(slope, found)


def test_alpha_dropout_keeps_mean_and_variance():
    rate, limit = 0.3, -1.6732632423543772 * 1.0507009873554805
    x = numpy.random.default_rng(1).normal(size=(400, 256))
    found, slope = trained(layers.AlphaDropout(rate), x)
    scale = ((1 - rate) * (1 + rate * limit**2)) ** -0.5
    dropped = slope == 0
    numpy.testing.assert_allclose(slope[~dropped], scale)
    assert abs(dropped.mean() - rate) < 0.01
    numpy.testing.assert_allclose(found[dropped], scale * limit * (1 - rate))
    assert abs(found.mean()) < 0.02
    assert abs(found.var() - 1) < 0.03


def test_alpha_dropout_takes_a_noise_shape():
    slope = trained(layers.AlphaDropout(0.5, noise_shape=(None, 1)), ONES)[1]
    assert (slope == slope[:, :1]).all()
    assert 0 < (slope == 0).mean() < 1


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (layers.SpatialDropout1D(0.5), (6, 5, 32), (1,)),
        (layers.SpatialDropout2D(0.5), (6, 3, 4, 32), (1, 2)),
        (layers.SpatialDropout2D(0.5, "channels_first"), (6, 32, 3, 4), (2, 3)),
        (layers.SpatialDropout3D(0.5), (6, 2, 3, 2, 32), (1, 2, 3)),
    ],
)
def test_spatial_dropout_leaves_out_whole_channels(layer, shape, axes):
    found, slope = trained(layer, numpy.ones(shape))
    assert (found == found.max(axes, keepdims=True)).all()
    numpy.testing.assert_array_equal(numpy.unique(found), [0.0, 2.0])
    numpy.testing.assert_array_equal(slope, found)


def test_activity_regularization_adds_to_the_loss():
    keras = pytest.importorskip("keras")
    x = numpy.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    losses = []
    for nn in (nnc, keras):
        model = nn.Sequential([nn.Input((3,)), nn.layers.ActivityRegularization(0.1, 0.2)])
        model.compile("sgd", "mse")
        losses.append(model.evaluate(x, x, verbose=0))
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert losses[0] > 0.1
