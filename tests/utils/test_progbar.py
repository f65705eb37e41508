"""The text of progress bars, beside Keras's."""

from __future__ import annotations

import io
import sys
import time

import numpy
import pytest

import nnc
from nnc.errors import DataError

STEPS = {
    "averages": [(1, [("loss", 2.0), ("acc", 0.5)]), (2, [("loss", 1.0)]), (5, [("loss", -0.25), ("acc", 1.0)])],
    "nothing": [(1, None), (5, None)],
    "from none": [(0, [("loss", 1)]), (3, [("loss", 2)]), (5, [("loss", 0.0004)])],
    "small and negative": [
        (4, [("a", 1e-5), ("b", -0.5), ("c", numpy.float32(3.5))]),
        (5, [("a", 1e-7), ("b", -1e-9)]),
    ],
    "arrays": [(2, [("loss", numpy.array([1.0, 2.0]))]), (5, [("loss", numpy.array([3.0]))])],
    "final": [(2, [("loss", 3.0)]), (3, [("loss", 1.5)], True)],
    "beyond": [(7, [("loss", 3.0)])],
    "first twice": [(1, [("a", 1.0)]), (1, [("a", 2.0)]), (4, [("a", 3.0)]), (5, None)],
    "shorter": [(2, [("loss", 123456.75)]), (3, [("loss", 1.0)], None), (5, [("loss", 1.0)])],
}
SETTINGS = {
    "default": {},
    "narrow": {"width": 7, "unit_name": "sample"},
    "line": {"verbose": 2},
    "silent": {"verbose": 0},
    "rarely": {"interval": 20},
    "stateful": {"stateful_metrics": ["loss"]},
    "stateless": {"stateless_metrics": ["loss"]},
}


class Clock:
    """A clock that moves on with each look at it."""

    def __init__(self, step):
        self.now, self.step = 1000.0, step

    def __call__(self):
        self.now += self.step
        return self.now


def text(module, monkeypatch, target, steps, tick, settings, encoding="utf-8"):
    written = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(time, "time", Clock(tick))
        patch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding))
        bar = module.utils.Progbar(target, **settings)
        for step in steps:
            bar.update(*step)
        sys.stdout.flush()
        return written.getvalue()


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("target", [5, 1000, None, 0])
def test_text_is_that_of_keras(steps, settings, target, monkeypatch):
    keras = pytest.importorskip("keras")
    for tick in (0.0, 2e-5, 0.01, 7.0, 900.0, 5000.0):
        found, expected = (
            text(module, monkeypatch, target, STEPS[steps], tick, SETTINGS[settings]) for module in (nnc, keras)
        )
        assert found == expected
    assert bool(found) == (
        settings != "silent" and (settings != "line" or ((target == 5 or "final" in steps) and bool(target)))
    )


def test_terminals_without_the_sign_of_the_bar(monkeypatch):
    keras = pytest.importorskip("keras")
    found, expected = (text(module, monkeypatch, 5, STEPS["averages"], 1.0, {}, "ascii") for module in (nnc, keras))
    assert found == expected
    assert b"====" in found


def test_steps_are_added(monkeypatch, capsys):
    monkeypatch.setattr(time, "time", Clock(1.0))
    bar = nnc.utils.Progbar(4, verbose=2)
    bar.add(3, [("loss", 1.0)])
    assert capsys.readouterr().out == ""
    bar.add(1, [("loss", 3.0)])
    assert capsys.readouterr().out == "4/4 - 2s - 500ms/step - loss: 3.0000\n"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stateful_metrics": [], "stateless_metrics": []}, "give stateful_metrics or stateless_metrics, not both"),
        ({"verbose": "auto"}, "verbose must be 0, 1 or 2, got 'auto'"),
    ],
)
def test_mistakes_are_named(settings, message):
    with pytest.raises(DataError) as raised:
        nnc.utils.Progbar(3, **settings)
    assert str(raised.value) == f"Progbar: {message}"
