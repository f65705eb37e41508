"""Tables in parts, and programs for them, that several tests predict."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy
import pandas

import nnc


def program(outputs: int = 1, replicas: int | None = None, backend: Any = None) -> Any:
    model = nnc.Sequential([nnc.Input((3,)), nnc.layers.Dense(8, "tanh"), nnc.layers.Dense(outputs)])
    model.compile("sgd", "mse")
    return nnc.compile(model, replicas=replicas, backend=backend)


def write_parts(folder: Path, count: int = 12) -> list[Any]:
    """Write parts of unequal lengths, and return their rows in the order of their numbers."""
    generator = numpy.random.default_rng(1)
    folder.mkdir(parents=True)
    parts = []
    for number in range(count):
        parts.append(generator.normal(size=(20 + number, 3)))
        pandas.DataFrame(parts[-1], columns=list("abc")).to_parquet(folder / f"part-{number}.parquet")
    return parts
