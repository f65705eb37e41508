"""One table of all ops: operands to try, an independent oracle for the results, and what is known of the derivative.

Each module here is a part of the table; dimensions are all different, and `BATCH` is known at run time only.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from tests.ops.cases.case import BATCH, BINDINGS, DIFFERENTIABLE, FLAT, NONE, WHOLE, Case

__all__ = ["BATCH", "BINDINGS", "CASES", "DIFFERENTIABLE", "FLAT", "NONE", "WHOLE", "Case"]

CASES: tuple[Case, ...] = tuple(
    case
    for module in sorted(info.name for info in iter_modules(__path__))
    for case in getattr(import_module(f"{__name__}.{module}"), "CASES", ())
)
