"""The example models compile, and learn real data."""

from __future__ import annotations

from pathlib import Path

import numpy
import pytest

import nnc

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(path.name for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json"))


@pytest.mark.parametrize("name", FILES)
def test_example_compiles_and_predicts(name: str) -> None:
    program = nnc.compile(EXAMPLES / name)
    rows = [numpy.ones((3, *spec.shape), spec.dtype) for spec in program.spec.inputs]
    outputs = program(*rows)
    assert all(numpy.isfinite(array).all() for array in (outputs if isinstance(outputs, list) else [outputs]))
    assert program.plan("train", 32).peak_bytes > 0


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)])
def test_digits_are_told_apart(seed: int) -> None:
    """At least 97% of a held-out fifth of scikit-learn's 1,797 digits, whatever the split."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x, y = digits.data / 16.0, digits.target
    order = numpy.random.default_rng(seed).permutation(len(x))
    test, training = order[: len(x) // 5], order[len(x) // 5 :]
    nnc.utils.set_random_seed(seed)
    program = nnc.compile(EXAMPLES / "digits.yaml")
    program.fit(x[training], y[training], epochs=60, verbose=0)
    assert program.evaluate(x[test], y[test])["accuracy"] >= 0.97
