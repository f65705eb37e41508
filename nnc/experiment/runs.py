"""Runs an experiment: the same network trained again and again from other weights, on either engine."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

from nnc.errors import ModelError, NncError
from nnc.experiment.network import build
from nnc.experiment.points import FURTHER, Points, draw
from nnc.experiment.settings import Settings
from nnc.experiment.statistics import Summary, summarize
from nnc.installation import install_command

MODES = {"np": "nnc", "tf": "TensorFlow"}
"""The engines by the name that `--mode` takes."""
SETS = ("training", "test", "further")


@dataclass(frozen=True)
class Repeat:
    """One training.

    Args:
        losses: loss on each of `SETS`.
        accuracies: accuracy on each of `SETS`, from 0 to 1.
        seconds: time of `fit`, compilation included.
        backend: what ``auto`` took to train, and why; empty where a backend was chosen.
    """

    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    seconds: float
    backend: str = ""


@dataclass(frozen=True)
class Result:
    """All repeats of one experiment.

    Args:
        mode: the engine.
        settings: what was run.
        repeats: one record per training.
    """

    mode: str
    settings: Settings
    repeats: tuple[Repeat, ...]

    def loss(self, name: str = "test") -> Summary:
        """Return mean and spread of the loss on one of `SETS`."""
        return summarize([repeat.losses[SETS.index(name)] for repeat in self.repeats])

    def accuracy(self, name: str = "test") -> Summary:
        """Return mean and spread of the accuracy on one of `SETS`."""
        return summarize([repeat.accuracies[SETS.index(name)] for repeat in self.repeats])

    @property
    def seconds(self) -> Summary:
        """Mean and spread of the time of a training."""
        return summarize([repeat.seconds for repeat in self.repeats])

    def sizes(self) -> dict[str, int]:
        """Return the number of points of each of `SETS`."""
        return {"training": self.settings.size, "test": self.settings.size, "further": FURTHER}

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "mode": self.mode,
            "settings": asdict(self.settings),
            "loss": {name: asdict(self.loss(name)) for name in SETS},
            "accuracy": {name: asdict(self.accuracy(name)) for name in SETS},
            "seconds": asdict(self.seconds),
        }


def engine(mode: str) -> Any:
    """Return the module to build the network with: `nnc` for ``np``, ``tensorflow.keras`` for ``tf``.

    Raises:
        ModelError: there is no such mode.
        NncError: TensorFlow is not installed.
    """
    if mode == "np":
        import nnc

        return nnc
    if mode != "tf":
        raise ModelError(f"unknown mode {mode!r}; known are np (nnc) and tf (TensorFlow)")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with _silent_stderr():
            from tensorflow import keras

            keras.backend.clear_session()  # loads what is loaded lazily, with more to say
    except ImportError as error:
        raise NncError(f"mode tf needs TensorFlow, which is not installed ({error}); {install_command('tf')}") from None
    return keras


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Keep the process's standard error quiet: TensorFlow's C++ logs there whatever its log level is."""
    kept = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def run(settings: Settings, mode: str = "np", on_repeat: Callable[[Repeat], None] | None = None) -> Result:
    """Run all repeats of an experiment.

    Args:
        settings: what to run.
        mode: ``np`` or ``tf``.
        on_repeat: called after each training.

    Raises:
        ModelError: a setting does not fit the network or the mode.
        NncError: TensorFlow is needed and not installed.
    """
    if mode != "np" and settings.backend is not None:
        raise ModelError(f"a backend is for mode np; mode {mode} has its own")
    nn = engine(mode)
    points = draw(settings)
    repeats = []
    for number in range(settings.repeat):
        nn.utils.set_random_seed(settings.seed + number)
        repeats.append(train_once(nn, settings, points))
        if on_repeat is not None:
            on_repeat(repeats[-1])
    return Result(mode, settings, tuple(repeats))


def train_once(nn: Any, settings: Settings, points: Points) -> Repeat:
    """Build the network, train it, and evaluate it on all points.

    Args:
        nn: the engine.
        settings: how to build and train.
        points: the data.
    """
    model = build(nn, settings)
    if settings.backend is not None:
        model.backend = settings.backend
    start = perf_counter()
    model.fit(*points.training, epochs=settings.epochs, batch_size=settings.batch, verbose=0)
    seconds = perf_counter() - start
    scores = [
        model.evaluate(x, y, batch_size=len(x), verbose=0) for x, y in (points.training, points.test, points.further)
    ]
    choices = getattr(getattr(model, "program", None), "choices", {})  # a model of Keras's has none
    return Repeat(
        tuple(float(loss) for loss, _ in scores),
        tuple(float(part) for _, part in scores),
        seconds,
        str(choices.get("train", "")),
    )
