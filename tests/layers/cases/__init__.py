"""Layers of Keras's vocabulary with the configs and inputs they are tested with; add a line, get every test."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.layers.cases.case import ACTIVATIONS, ROWS, Case

__all__ = ["ACTIVATIONS", "CASES", "ROWS", "Case"]

CASES: tuple[Case, ...] = tuple(
    case
    for module in sorted(info.name for info in iter_modules(__path__))
    for case in getattr(import_module(f"{__name__}.{module}"), "CASES", ())
)
"""The rows of every module here, one module per family; every layer but Input, which has no forward."""
