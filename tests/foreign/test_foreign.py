"""Models of another author's generator predict and train as in Keras; `tests.foreign` tries many."""

from __future__ import annotations

import warnings

import pytest

FEW = range(4)


@pytest.mark.slow
@pytest.mark.parametrize("seed", FEW)
def test_a_random_model(seed: int) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pytest.importorskip("nnsmith")
        from tests.foreign.models import try_model

        result = try_model(seed)
    assert not result.refused and not result.differences
    assert result.arrays > result.undecided
