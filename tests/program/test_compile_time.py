"""How the work of compiling grows with a model: counted in calls, which are the same each time, not in seconds."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable

import numpy
import pytest

import nnc
from nnc.execution.collection import collection_paused

DEPTHS = (10, 20, 40)


def chain(depth: int) -> nnc.Model:
    layers = [nnc.layers.Dense(4, activation="relu") for _ in range(depth)]
    return nnc.Sequential([nnc.Input((4,)), *layers, nnc.layers.Dense(1)])


def residual(depth: int) -> nnc.Model:
    x = nnc.Input((4,))
    y = x
    for _ in range(depth // 2):
        inner = nnc.layers.Dense(4, activation="sigmoid")(nnc.layers.Dense(4, activation="swish")(y))
        y = nnc.layers.Add()([inner, y])
    return nnc.Model(x, nnc.layers.Dense(1)(y))


def calls(run: Callable[[], object]) -> int:
    """Return how many functions, methods and steps of generators a call runs."""
    count = 0

    def observe(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(observe)
    try:
        run()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize("make", [chain, residual])
@pytest.mark.parametrize("trains", [False, True])
@pytest.mark.sampled(1)
def test_work_grows_as_the_model_does(make, trains):
    x, y = numpy.ones((2, 4), "float32"), numpy.ones((2, 1), "float32")

    def first_step(depth: int) -> int:
        model = make(depth)
        model.compile("adam", "mse")
        program = model.program
        return calls(lambda: program.train_step(x, y) if trains else program(x))

    first_step(2)  # what is loaded once
    small, middle, large = map(first_step, DEPTHS)
    assert large - middle == pytest.approx(2 * (middle - small), rel=0.05)


def test_the_collector_goes_on_after_a_pause():
    assert gc.isenabled()
    with collection_paused():
        assert not gc.isenabled()
        with collection_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()
    gc.disable()
    try:
        with collection_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_pause_that_another_thread_ends_leaves_the_collector_running(monkeypatch):
    monkeypatch.setattr(gc, "isenabled", lambda: False)  # which another thread changes right behind the question
    with collection_paused():
        pass
    monkeypatch.undo()
    assert gc.isenabled()
