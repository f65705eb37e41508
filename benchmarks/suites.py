"""The suites by the names that ``--suite`` takes."""

from __future__ import annotations

import importlib
from collections.abc import Sequence

from benchmarks.report import Row
from benchmarks.settings import Settings
from nnc.errors import NncError, nearest

SUITES = {
    "base": ("training:base",),
    "mlp": ("training:mlp",),
    "cnn": ("training:cnn",),
    "lstm": ("training:lstm",),
    "transformer": ("training:transformer",),
    "replicas": ("replicas:training", "replicas:two_threads", "replicas:compiling"),
    "resnet50": ("prediction:resnet50",),
    "mobilenetv2": ("prediction:mobilenet_v2",),
    "decoding": ("decoding:run",),
    "latency": ("prediction:small_networks",),
    "mobile": ("portable:mobile",),
    "attention": ("portable:attention",),
    "wide": ("portable:wide",),
    "sequence": ("portable:sequence",),
    "volume": ("portable:volume",),
    "train": ("portable:train",),
    "startup": ("training_start:run", "startup:run"),
    "compile": ("compiling:run",),
    "choice": ("choice:run",),
    "loading": ("loading:run",),
    "memory": ("memory:run",),
}
"""What each measures: ``module:function`` of this package; they return rows, none where the backends that are measured
have nothing to do with it."""


def find_suites(names: Sequence[str]) -> tuple[str, ...]:
    """Return the suites of these names, in the order of the table.

    Raises:
        NncError: a name is unknown.
    """
    for name in names:
        if name not in SUITES:
            raise NncError(f"unknown suite {name!r}; there are {', '.join(SUITES)}.{nearest(name, SUITES)}")
    return tuple(name for name in SUITES if name in names)


def run_suite(name: str, settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    rows: list[Row] = []
    for place in SUITES[name]:
        module, _, function = place.partition(":")
        rows += getattr(importlib.import_module(f"benchmarks.{module}"), function)(settings)
    return rows
