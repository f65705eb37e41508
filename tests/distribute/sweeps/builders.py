"""Functions that build models, for processes that import them."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import nnc


def build(parameters: dict[str, Any]) -> Any:
    """A small network."""
    model = nnc.Sequential(
        [
            nnc.layers.Input((2,)),
            nnc.layers.Dense(parameters.get("units", 3), "tanh"),
            nnc.layers.Dropout(parameters.get("rate", 0.0)),
            nnc.layers.Dense(1, "sigmoid"),
        ]
    )
    model.compile(nnc.optimizers.SGD(parameters.get("learning_rate", 0.1)), "binary_crossentropy", metrics=["accuracy"])
    return model


def in_worker() -> bool:
    """Whether this process was started by a sweep."""
    line = Path("/proc/self/cmdline").read_bytes()
    return b"nnc.distribute.sweeps.worker" in line or line.startswith(b"ray::")


def dying_once(parameters: dict[str, Any]) -> Any:
    """A network whose process is killed the first time that four units are asked for."""
    mark = Path(os.environ.get("DIED", "died"))
    if parameters["units"] == 4 and in_worker() and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return build(parameters)


def dying_always(parameters: dict[str, Any]) -> Any:
    """A network whose process is killed whenever four units are asked for."""
    if parameters["units"] == 4 and in_worker():
        os.kill(os.getpid(), signal.SIGKILL)
    return build(parameters)


def raising(parameters: dict[str, Any]) -> Any:
    """A network that cannot be built with four units."""
    if parameters["units"] == 4:
        raise ZeroDivisionError("no four")
    return build(parameters)
