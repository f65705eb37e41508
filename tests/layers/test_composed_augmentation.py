"""Some of many changes: each result is one that single changes make."""

from __future__ import annotations

from collections import Counter

import numpy
import pytest

import nnc
from nnc import layers
from nnc.errors import ModelError
from tests.layers.training import trained

IMAGES = numpy.random.default_rng(5).uniform(20, 235, (6, 7, 5, 3)).round()
FIXED = (0.25, 0.25)
DRAWN = ("random_shear", "random_contrast", "solarization")
"""Changes that have something to draw even when the strength is fixed."""


def alone(layer, x, key=0):
    return trained(layer, x, key)[0]


@pytest.mark.slow
def test_one_of_eleven_changes_is_chosen_for_a_batch():
    """With a fixed strength the changes outside of `DRAWN` are the same in each batch."""
    layer = layers.RandAugment(num_ops=1, factor=FIXED)
    parts = layer.changes
    expected = {name: alone(part, IMAGES) for name, part in parts.items() if name not in DRAWN}
    seen = Counter()
    for key in range(220):
        found = alone(layer, IMAGES, key)
        same = [name for name, images in expected.items() if numpy.allclose(found, images, atol=1e-6)]
        seen[same[0] if same else "drawn"] += 1
    assert len(parts) == 11 and set(seen) == {*expected, "drawn"}
    assert 40 <= seen.pop("drawn") <= 80 and max(seen.values()) < 40  # of 60, and 20 each, expected


def test_two_changes_one_behind_the_other():
    layer = layers.RandAugment(num_ops=2, factor=FIXED)
    layer.changes = {name: layer.changes[name] for name in ("random_brightness", "random_color_degeneration")}
    first, second = layer.changes.values()
    ways = [alone(b, alone(a, IMAGES)) for a in (first, second) for b in (first, second)]
    seen = set()
    for key in range(30):
        found = alone(layer, IMAGES, key)
        same = [number for number, way in enumerate(ways) if numpy.allclose(found, way, atol=1e-6)]
        assert same
        seen.add(same[0])
    assert len(seen) == 4


def test_a_change_chosen_twice_is_the_same_both_times():
    layer = layers.RandAugment(num_ops=2, factor=(0.0, 0.1))
    layer.changes = {"random_brightness": layer.changes["random_brightness"]}
    images = numpy.full((50, 3, 3, 3), 50.0)
    once = layers.RandAugment(num_ops=1, factor=(0.0, 0.1))
    once.changes = {"random_brightness": layer.changes["random_brightness"]}
    numpy.testing.assert_allclose(alone(layer, images) - images, 2.0 * (alone(once, images) - images), rtol=1e-6)


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("make", [layers.RandAugment, layers.AugMix])
@pytest.mark.slow
def test_ranges_and_formats(make, data_format):
    images = IMAGES / 255 if data_format == "channels_last" else numpy.moveaxis(IMAGES / 255, -1, 1)
    layer = make(value_range=(0, 1), factor=0.4, data_format=data_format, seed=3)
    results = [alone(layer, images, key) for key in range(6)]
    for found in results:
        assert found.shape == images.shape and numpy.isfinite(found).all()
        assert found.min() >= -1e-6 and found.max() <= 1 + 1e-6
    assert len({found.tobytes() for found in results}) > 1
    numpy.testing.assert_array_equal(layer(images, training=False), images.astype("float32"))


def test_chains_are_mixed_as_keras_mixes_them():
    """With the strength fixed, what comes out lies in the convex hull of the images and the chains' results."""
    layer = layers.AugMix(num_chains=2, chain_depth=2, factor=FIXED, seed=1, name="mixed")
    layer.changes = {name: part for name, part in layer.changes.items() if name not in DRAWN}
    corners = [IMAGES]
    for chain in layer.chains:
        images = IMAGES
        for name in chain:
            images = alone(layer.changes[name], images)
        corners.append(images)
    shares = []
    for key in range(30):
        found = alone(layer, IMAGES, key)
        matrix = numpy.stack([corner.ravel() for corner in corners], 1)
        solution, *_ = numpy.linalg.lstsq(matrix, found.ravel(), rcond=None)
        numpy.testing.assert_allclose(matrix @ solution, found.ravel(), atol=1e-4)
        assert solution.sum() == pytest.approx(1.0) and solution.min() > -1e-6
        shares.append(solution)
    assert numpy.std(shares, 0).min() > 0.05


def test_chains_are_drawn_by_seed_and_name():
    def chains(**options):
        return layers.AugMix(num_chains=4, **options).chains

    assert chains(seed=1, name="a") == chains(seed=1, name="a")
    assert chains(seed=1, name="a") != chains(seed=2, name="a") != chains(seed=2, name="b")
    few = {name for seed in range(20) for chain in chains(seed=seed, all_ops=False) for name in chain}
    assert few == set(list(layers.AugMix().changes)[:7])


@pytest.mark.parametrize("make", [layers.RandAugment, layers.AugMix])
@pytest.mark.filterwarnings("ignore::nnc.errors.NncWarning")  # a step over raw pixels is too large
@pytest.mark.slow
def test_a_model_trains_and_is_saved(make, tmp_path):
    model = nnc.Sequential([nnc.Input((7, 5, 3)), make(seed=1), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(IMAGES / 255, numpy.ones((6, 1)), epochs=1, verbose=0)
    model.save(tmp_path / "model.nnc")
    loaded = nnc.load(tmp_path / "model.nnc")
    loss = model.train_on_batch(IMAGES, numpy.ones((6, 1)))
    assert loaded.train_step(IMAGES, numpy.ones((6, 1))) == pytest.approx(loss, rel=1e-6)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.RandAugment(num_ops=-1), "num_ops must be an integer of at least 0, got -1"),
        (lambda: layers.AugMix(alpha=0), "alpha must be a finite number above 0, got 0"),
        (lambda: layers.AugMix(interpolation="cubic"), "interpolation must be one of bilinear, nearest, got 'cubic'"),
    ],
)
def test_what_does_not_fit(make, message):
    with pytest.raises(ModelError, match=message):
        make()
