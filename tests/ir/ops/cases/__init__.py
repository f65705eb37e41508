"""One table of all ops: operands to try, an independent oracle for the results, and what is known of the derivative.

Each module here is a part of the table; dimensions are all different, and `BATCH` is known at run time only.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from tests.ir.ops.cases.case import BATCH, BINDINGS, DIFFERENTIABLE, FLAT, NONE, SURROGATE, WHOLE, Case

__all__ = ["BATCH", "BINDINGS", "CASES", "DIFFERENTIABLE", "FLAT", "NONE", "REFUSED", "SURROGATE", "WHOLE", "Case"]

_MODULES = [import_module(f"{__name__}.{name}") for name in sorted(info.name for info in iter_modules(__path__))]
CASES: tuple[Case, ...] = tuple(case for module in _MODULES for case in getattr(module, "CASES", ()))
REFUSED: tuple[tuple[str, dict[str, Any], str, str], ...] = tuple(
    refused for module in _MODULES for refused in getattr(module, "REFUSED", ())
)
"""What ops refuse: name, attributes, operand types as text, and a part of the message."""
