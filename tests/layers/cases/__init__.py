"""Layers of Keras's vocabulary with the configs and inputs they are tested with; add a line, get every test."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from itertools import groupby
from pkgutil import iter_modules
from typing import Any

import pytest

from tests.layers.cases.case import ACTIVATIONS, ROWS, Case

__all__ = ["ACTIVATIONS", "CASES", "ROWS", "Case", "with_others_slow"]

CASES: tuple[Case, ...] = tuple(
    case
    for module in sorted(info.name for info in iter_modules(__path__))
    for case in getattr(import_module(f"{__name__}.{module}"), "CASES", ())
)
"""The rows of every module here, one module per family; every layer but Input, which has no forward."""


def with_others_slow(cases: Iterable[Case]) -> list[Any]:
    """Return parameters: the first row of each layer as it is, the others among the slow tests."""
    found: list[Any] = []
    for _, rows in groupby(sorted(cases, key=lambda case: case.layer), key=lambda case: case.layer):
        for position, case in enumerate(rows):
            found.append(case if position == 0 else pytest.param(case, marks=pytest.mark.slow))
    return found
