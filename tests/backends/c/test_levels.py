"""The level of optimisation follows the size of a unit and what is in it."""

from __future__ import annotations

import pytest

import nnc
from nnc.backends.c import backend, source


@pytest.fixture
def levels(monkeypatch):
    """Return the levels that units are compiled at; nothing is compiled."""
    found = []

    def built(*_, level, **__):
        found.append(level)
        raise nnc.errors.CompilerError("not wanted here")

    monkeypatch.delenv("NNC_C_LEVEL", raising=False)
    monkeypatch.setattr(backend, "build", built)
    return found


def compiled(*layers):
    program = nnc.compile(nnc.Sequential([nnc.Input((2,)), *layers]), backend="c")
    with pytest.raises(nnc.errors.CompilerError, match="not wanted here"):
        program.bound("predict", {"batch": 4})


def test_a_small_network_is_compiled_at_once(levels):
    compiled(nnc.layers.Dense(2, activation="sigmoid"))
    assert levels == [2]


def test_a_network_with_products_of_some_size_is_optimised_in_full(levels):
    compiled(nnc.layers.Dense(64), nnc.layers.Dense(64))
    assert levels == [3]


def test_long_units_are_optimised_less(levels, monkeypatch):
    for most, level in (({3: 100, 2: 10_000}, 2), ({3: 100, 2: 200}, 1)):
        monkeypatch.setattr(source, "_LINES", most)
        compiled(nnc.layers.Dense(64))
        assert levels.pop() == level
