"""How nnc is driven, and Keras where it has the same methods: contestants of models and programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.agreement import losses_of, numbers_of
from benchmarks.worker import Contestant

CHECKED_EPOCHS = 2
"""Epochs whose losses are compared; in longer training differences of rounding grow, whoever computes."""
FIT = {"numpy": "nnc fit", "c": "nnc fit, C"}
COPY = {"numpy": "nnc program(x)", "c": "nnc program(x), C"}
WINDOW = {"numpy": "nnc program(x, copy=False)", "c": "nnc program(x, copy=False), C"}


def fitting(model: Any, data: tuple[Any, Any], batch: int) -> Contestant:
    """Return a contestant that trains epochs with `fit`, of nnc or of Keras."""
    x, y = data

    def numbers() -> Sequence[float]:
        history = model.fit(x, y, batch_size=batch, epochs=CHECKED_EPOCHS, shuffle=False, verbose=0)
        return losses_of(history.history)

    return Contestant(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), numbers)


def predicting(program: Any, x: Any, backend: str) -> dict[str, Contestant]:
    """Return contestants that predict one batch, with and without a copy of the result."""

    def copied(count: int) -> None:
        for _ in range(count):
            program(x)

    def in_place(count: int) -> None:
        for _ in range(count):
            program(x, copy=False)

    def numbers() -> Sequence[float]:
        return numbers_of(program(x))

    return {COPY[backend]: Contestant(copied, numbers), WINDOW[backend]: Contestant(in_place, numbers)}


def calling(function: Callable[[], Any]) -> Contestant:
    """Return a contestant that calls a function, whose result is what it must agree on."""

    def run(count: int) -> None:
        for _ in range(count):
            function()

    return Contestant(run, lambda: numbers_of(function()))
