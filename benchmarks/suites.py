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
    "deep": ("portable:deep",),
    "attention": ("portable:attention",),
    "wide": ("portable:wide",),
    "sequence": ("portable:sequence",),
    "volume": ("portable:volume",),
    "train-words": ("portable:train_words",),
    "train-gpt": ("portable:train_gpt",),
    "train-densenet": ("portable:train_densenet",),
    "train-unet": ("portable:train_unet",),
    "train-mobilenetv2": ("portable:train_mobilenetv2",),
    "train-resnet50": ("portable:train_resnet50",),
    "startup": ("training_start:run", "startup:run"),
    "compile": ("compiling:run", "first_steps:run"),
    "choice": ("choice:run",),
    "loading": ("loading:run",),
    "memory": ("memory:run",),
}
"""What each measures: ``module:function`` of this package; they return rows, none where the backends that are measured
have nothing to do with it."""
GROUPS = {"train": tuple(name for name in SUITES if name.startswith("train-"))}
"""Suites of which each takes long, by the name that stands for all of them."""


def find_suites(names: Sequence[str]) -> tuple[str, ...]:
    """Return the suites of these names, or of groups of them, in the order of the table.

    Raises:
        NncError: a name is unknown.
    """
    known = (*SUITES, *GROUPS)
    for name in names:
        if name not in known:
            raise NncError(f"unknown suite {name!r}; there are {', '.join(known)}.{nearest(name, known)}")
    wanted = {suite for name in names for suite in GROUPS.get(name, (name,))}
    return tuple(name for name in SUITES if name in wanted)


def run_suite(name: str, settings: Settings) -> list[Row]:
    """Measure, and return the rows."""
    rows: list[Row] = []
    for place in SUITES[name]:
        module, _, function = place.partition(":")
        rows += getattr(importlib.import_module(f"benchmarks.{module}"), function)(settings)
    return rows
