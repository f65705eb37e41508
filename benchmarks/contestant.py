"""What a factory returns in the process of a contestant, and how nnc is driven: by `fit` and by calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.networks import NETWORKS, nnc_model, rows_of

CHECKED_EPOCHS = 2
"""Epochs whose losses are compared; in longer training differences of rounding grow, whoever computes."""
CHECKED_NUMBERS = 1000
"""How many predicted numbers are compared, at most."""


@dataclass(frozen=True)
class Contestant:
    """One way to do a work.

    Args:
        run: does it this many times.
        numbers: makes what all contestants must agree on: losses of the first epochs, the rows in their own order, or
            predictions. Called before anything is timed; None where a contestant cannot say.
    """

    run: Callable[[int], object]
    numbers: Callable[[], Sequence[float]] | None = None


def fitting(model: Any, data: tuple[Any, Any], batch: int) -> Contestant:
    """Return a contestant that trains epochs with `fit`, of nnc or of Keras."""
    x, y = data

    def numbers() -> Sequence[float]:
        history = model.fit(x, y, batch_size=batch, epochs=CHECKED_EPOCHS, shuffle=False, verbose=0)
        losses: Sequence[float] = history.history["loss"]
        return losses

    return Contestant(lambda epochs: model.fit(x, y, batch_size=batch, epochs=epochs, verbose=0), numbers)


def calling(function: Callable[[], Any]) -> Contestant:
    """Return a contestant that calls a function, which returns predictions."""

    def run(count: int) -> None:
        for _ in range(count):
            function()

    return Contestant(run, lambda: numbers_of(function()))


def numbers_of(array: Any) -> Sequence[float]:
    """Return the first numbers of an array of predictions."""
    found: Sequence[float] = array.ravel()[:CHECKED_NUMBERS].tolist()
    return found


def fit(network: str, backend: str) -> Contestant:
    """Return nnc's contestant that trains epochs."""
    found = NETWORKS[network]
    return fitting(nnc_model(network, backend), found.data(), found.batch)


def predict(network: str, rows: int, backend: str, copy: bool = True) -> Contestant:
    """Return nnc's contestant that predicts one batch, whose result is an array of its own or a window."""
    import nnc

    program, x = nnc.compile(nnc_model(network, backend), backend=backend), rows_of(network, rows)

    def copied(count: int) -> None:
        for _ in range(count):
            program(x)

    def in_place(count: int) -> None:
        for _ in range(count):
            program(x, copy=False)

    return Contestant(copied if copy else in_place, lambda: numbers_of(program(x)))
