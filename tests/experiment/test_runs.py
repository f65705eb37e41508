"""Settings, points, repeats and statistics."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy
import pytest

from nnc.data import Dataset, standardize
from nnc.errors import ModelError
from nnc.experiment import PUBLISHED, SETS, VARIANTS, Settings, draw, engine, entrants, parse_widths, run, summarize

SHORT = Settings(epochs=5, size=16, repeat=3)


def test_defaults_are_the_base_network() -> None:
    base = Settings()
    assert (base.size, base.hidden, base.epochs, base.batch) == (128, (2,), 5000, 32)
    assert (base.optimizer, base.learning_rate, base.loss) == ("SGD", 0.1, "binary_crossentropy")
    assert (base.seed, base.repeat, base.normal) == (2, 10, False)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number above 0, got 0"),
        ({"size": -1}, "size must"),
        ({"batch": 0}, "batch must"),
        ({"repeat": 0}, "repeat must"),
        ({"learning_rate": 0.0}, "learning rate must be above 0"),
        ({"learning_rate": math.nan}, "learning rate must be above 0"),
        ({"seed": -1}, "seed must"),
        ({"hidden": (2, 0)}, "widths of hidden layers"),
    ],
)
def test_wrong_settings(change: dict[str, object], message: str) -> None:
    with pytest.raises(ModelError, match=message):
        replace(SHORT, **change)  # type: ignore[arg-type]


def test_widths() -> None:
    assert parse_widths("2") == (2,)
    assert parse_widths("8, 4") == (8, 4)
    for text in ("", "8,", "a", "-1", "0", "1.5"):
        with pytest.raises(ModelError, match="such as 2 or 8,4"):
            parse_widths(text)


def test_summary() -> None:
    numbers = [0.1, 0.4, 0.2, 0.9]
    found = summarize(numbers)
    assert found.mean == pytest.approx(statistics.mean(numbers))
    assert found.spread == pytest.approx(statistics.stdev(numbers))
    assert found.text(1, factor=100) == "40.0 ± 35.6"
    single = summarize([0.5])
    assert math.isnan(single.spread)
    assert single.text(2) == "0.50"


def test_points() -> None:
    points = draw(SHORT)
    for (x, y), seed, size in ((points.training, 2, 16), (points.test, 3, 16), (points.further, 4, 20_000)):
        expected = Dataset(size, seed)
        numpy.testing.assert_array_equal(x, expected.X)
        numpy.testing.assert_array_equal(y, expected.Y)


def test_standardised_points() -> None:
    plain, normal = draw(SHORT), draw(replace(SHORT, normal=True))
    numpy.testing.assert_allclose(normal.training[0], standardize(plain.training[0]), rtol=1e-4, atol=1e-6)
    scale = plain.training[0].std(axis=0)
    shift = plain.training[0].mean(axis=0)
    numpy.testing.assert_allclose(normal.test[0] * scale + shift, plain.test[0], rtol=1e-4, atol=1e-5)
    numpy.testing.assert_array_equal(normal.test[1], plain.test[1])


def test_repeats_differ_by_their_weights_alone() -> None:
    seen = []
    result = run(SHORT, on_repeat=seen.append)
    assert tuple(seen) == result.repeats
    losses = [repeat.losses for repeat in result.repeats]
    assert len(set(losses)) == SHORT.repeat
    assert [repeat.losses for repeat in run(SHORT).repeats] == losses
    shifted = run(replace(SHORT, repeat=1))
    assert shifted.repeats[0].losses == losses[0]
    for name in SETS:
        column = [repeat.accuracies[SETS.index(name)] for repeat in result.repeats]
        assert result.accuracy(name).mean == pytest.approx(statistics.mean(column))


def test_it_learns() -> None:
    result = run(Settings(epochs=400, learning_rate=0.5, repeat=2))
    assert result.accuracy("training").mean > 0.9
    assert result.accuracy("test").mean > 0.9
    assert result.loss("further").mean < 0.3


def test_unknown_mode() -> None:
    with pytest.raises(ModelError, match="unknown mode 'jax'"):
        engine("jax")


def test_entrants() -> None:
    assert {len(numbers) for numbers in PUBLISHED.values()} == {len(VARIANTS)}
    mini, full, theirs = entrants(Settings(), Settings(repeat=1))
    assert [settings.batch for settings in mini.variants()] == [32] * len(VARIANTS)
    assert [settings.batch for settings in full.variants()] == [128, 128, 128, 128, 128, 256, 2048]
    assert mini.variants()[0] == Settings()
    assert [settings.learning_rate for settings in mini.variants()][:3] == [0.1, 0.5, 0.01]
    assert mini.variants()[3].loss == "mean_squared_error"
    assert [settings.normal for settings in mini.variants()].index(True) == 4
    assert theirs.mode == "tf"
    assert theirs.title == "TensorFlow today, 1 × 5,000 epochs"
