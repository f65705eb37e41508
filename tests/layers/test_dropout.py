"""Dropout: nothing when predicting; while training the share, the scale and the independence of what is dropped."""

from __future__ import annotations

import numpy
import pytest

import nnc
from nnc.errors import ShapeError

ROWS, WIDTH = 64, 256


def probe() -> nnc.layers.Dense:
    """Return a layer with a weight per row and column of the batch, which is the identity matrix."""
    return nnc.layers.Dense(WIDTH, use_bias=False, kernel_initializer="zeros")


def masks(dropout: nnc.layers.Dropout, steps: int = 1, seed: int = 0) -> list[numpy.ndarray]:
    """Return by what each element was multiplied in each training step, seen through the gradient."""
    nnc.utils.set_random_seed(seed)
    model = nnc.Sequential([nnc.Input((ROWS,)), probe(), dropout])
    model.compile(nnc.optimizers.SGD(1.0), total)
    found = []
    for _ in range(steps):
        before = model.get_weights()[0]
        model.train_on_batch(numpy.eye(ROWS), numpy.zeros((ROWS, WIDTH)))
        found.append((before - model.get_weights()[0]) * ROWS)
    return found


def total(y_true, y_pred):
    """A loss whose gradient is 1 / ROWS everywhere."""
    return nnc.ir.ops.sum(y_pred - 0.0 * y_true, -1)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.8])
def test_share_and_scale(rate):
    (mask,) = masks(nnc.layers.Dropout(rate))
    values = numpy.unique(mask.round(4))
    numpy.testing.assert_allclose(values, [0.0, 1.0 / (1.0 - rate)], rtol=1e-4)
    kept, count = (mask > 0).mean(), mask.size
    assert abs(kept - (1 - rate)) < 4 * (rate * (1 - rate) / count) ** 0.5
    assert abs(mask.mean() - 1.0) < 4 * (rate / (1 - rate) / count) ** 0.5
    dropped = mask == 0
    assert dropped.any(0).all()  # no column is spared, and neighbours are independent
    assert abs((dropped[:, 1:] & dropped[:, :-1]).mean() - rate**2) < 0.02
    assert abs((dropped[1:] & dropped[:-1]).mean() - rate**2) < 0.02


def test_extremes():
    (nothing,) = masks(nnc.layers.Dropout(0.0))
    numpy.testing.assert_allclose(nothing, 1.0, rtol=1e-6)
    (everything,) = masks(nnc.layers.Dropout(1.0))
    assert not everything.any()


def test_every_step_has_a_new_mask_and_every_seed_another():
    first, second = masks(nnc.layers.Dropout(0.5), steps=2)
    assert 0.4 < (first != second).mean() < 0.6
    (again,) = masks(nnc.layers.Dropout(0.5))
    numpy.testing.assert_array_equal(first, again)
    (other_seed,) = masks(nnc.layers.Dropout(0.5), seed=1)
    assert 0.4 < (first != other_seed).mean() < 0.6
    for seed in (1, -1, 2**40):
        (stream,) = masks(nnc.layers.Dropout(0.5, seed=seed))
        assert 0.4 < (first != stream).mean() < 0.6


def test_two_layers_have_different_masks():
    nnc.utils.set_random_seed(0)
    x = nnc.Input((ROWS,))
    layer = probe()
    parts = [nnc.layers.Dropout(0.5)(layer(x)) for _ in range(2)]
    model = nnc.Model(x, parts)
    model.compile(nnc.optimizers.SGD(1.0), total)
    zeros = numpy.zeros((ROWS, WIDTH), "float32")
    model.train_on_batch(numpy.eye(ROWS), [zeros, zeros])
    kept_by_both = (-model.get_weights()[0] * ROWS > 3).mean()
    assert 0.2 < kept_by_both < 0.3


def test_noise_shape_drops_whole_columns_or_rows():
    (columns,) = masks(nnc.layers.Dropout(0.5, noise_shape=(1, WIDTH)))
    assert (columns == columns[0]).all()
    (rows,) = masks(nnc.layers.Dropout(0.5, noise_shape=(None, 1)))
    assert (rows == rows[:, :1]).all()
    assert len(numpy.unique(rows[:, 0])) == 2
    with pytest.raises(ShapeError, match=r"^Layer 'dropout' \(Dropout\): shapes \(batch, 256\) and \(1, 2\) do not"):
        masks(nnc.layers.Dropout(0.5, noise_shape=(1, 2)))


def test_identity_when_predicting_and_evaluating():
    x = numpy.random.default_rng(0).normal(size=(ROWS, WIDTH)).astype("float32")
    layer = nnc.layers.Dropout(0.9)
    numpy.testing.assert_array_equal(layer(x), x)
    numpy.testing.assert_array_equal(layer.backward(x), x)
    model = nnc.Sequential([nnc.Input((ROWS,)), probe(), layer])
    model.compile("sgd", "mse")
    model.set_weights([x])
    numpy.testing.assert_array_equal(model.predict(numpy.eye(ROWS)), x)
    assert model.evaluate(numpy.eye(ROWS), x) == 0.0
    assert "random" not in model.program.graph("predict").states
    assert "random" not in model.program.graph("evaluate").states
    assert "random" in model.program.graph("train").states


def test_masks_go_on_after_a_save(tmp_path):
    nnc.utils.set_random_seed(5)
    model = nnc.Sequential([nnc.Input((4,)), nnc.layers.Dense(32), nnc.layers.Dropout(0.5), nnc.layers.Dense(1)])
    model.compile("adam", "mse")
    x, y = numpy.ones((16, 4)), numpy.ones((16, 1))
    model.fit(x, y, epochs=3, batch_size=8, verbose=0)
    model.save(tmp_path / "m.nnc")
    program = nnc.load(tmp_path / "m.nnc")
    expected, found = model.fit(x, y, epochs=3, verbose=0), program.fit(x, y, epochs=3, verbose=0)
    assert found.history == expected.history
    numpy.testing.assert_array_equal(program.states["random"], model.program.states["random"])
    assert program.states["random"][1] == 9
