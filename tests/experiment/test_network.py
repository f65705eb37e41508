"""The same code builds and trains the same network on nnc and on Keras."""

from __future__ import annotations

from itertools import pairwise

import numpy
import pytest

import nnc
from nnc.experiment import Settings, build, draw, engine, train_once

SETTINGS = (
    Settings(),
    Settings(hidden=(8, 4), loss="mean_squared_error", learning_rate=0.5),
    Settings(hidden=(3,), optimizer="Adam", learning_rate=0.01, loss="mse"),
)


@pytest.mark.parametrize("settings", SETTINGS)
def test_shapes(settings: Settings) -> None:
    ours, theirs = (build(nn, settings) for nn in (nnc, engine("tf")))
    widths = (2, *settings.hidden, 1)
    shapes = [shape for pair in pairwise(widths) for shape in (pair, pair[1:])]
    assert [weight.shape for weight in ours.get_weights()] == shapes
    assert [weight.shape for weight in theirs.get_weights()] == shapes
    for model in (ours, theirs):
        assert [layer.get_config()["activation"] for layer in model.layers] == ["sigmoid"] * len(widths[1:])
    rates = [float(numpy.asarray(model.optimizer.learning_rate)) for model in (ours, theirs)]
    assert rates == pytest.approx([settings.learning_rate] * 2)


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.slow
def test_same_weights_train_alike(settings: Settings) -> None:
    x, y = draw(settings).training
    weights = build(nnc, settings).get_weights()
    results = []
    for nn in (nnc, engine("tf")):
        model = build(nn, settings)
        model.set_weights(weights)
        # A batch of all rows: the order of samples is each engine's own.
        history = model.fit(x, y, epochs=3, batch_size=len(x), verbose=0)
        results.append((history.history["loss"], *model.evaluate(x, y, batch_size=len(x), verbose=0)))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    assert results[0][1:] == pytest.approx(results[1][1:], rel=1e-5)


def test_train_once_runs_on_both() -> None:
    settings = Settings(epochs=2, size=16)
    points = draw(settings)
    for mode in ("np", "tf"):
        repeat = train_once(engine(mode), settings, points)
        assert len(repeat.losses) == len(repeat.accuracies) == 3
        assert all(0 <= accuracy <= 1 for accuracy in repeat.accuracies)
        assert all(0 < loss < 10 for loss in repeat.losses)
        assert repeat.seconds > 0
