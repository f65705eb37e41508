"""Words that arguments choose among, as types: what checks a program's text finds a slip before it runs."""

from __future__ import annotations

from typing import Literal

BackendName = Literal["auto", "numpy", "c"]
"""What can run a model; backends that packages bring have other names, which only a run knows."""
FloatName = Literal["float32", "float64"]
"""Element types to compute in."""
Verbosity = Literal[0, 1, 2, "auto"] | bool
"""What `fit` shows; see `nnc.program.progress`."""
