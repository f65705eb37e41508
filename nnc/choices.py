"""Words that arguments choose among, as types: what checks a program's text finds a slip before it runs."""

from __future__ import annotations

from typing import Literal

FloatName = Literal["float32", "float64"]
"""Element types to compute in."""
Verbosity = Literal[0, 1, 2, "auto"] | bool
"""The amount that `fit` prints; see `nnc.program.progress`."""
