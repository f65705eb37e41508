"""The line of the author's that is being run while a model is recorded, and which files are nobody's author's."""

from __future__ import annotations

import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from types import FrameType

import nnc


def place() -> str:
    """Return the author's line that is being run: the innermost one outside of Keras, nnc and this package.

    It is empty where there is none since the model was called, as for operations that a functional model has kept.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        path = frame.f_code.co_filename
        if not is_library(path):
            return f"{Path(path).name}:{frame.f_lineno}"
        if path in _CALLERS:
            return ""
        frame = frame.f_back
    return ""


_CALLERS = frozenset(str(Path(__file__).with_name(name)) for name in ("layer_tracer.py", "model.py"))
"""The files that call what is recorded: whoever is further out is nobody's author."""


@cache
def is_library(path: str) -> bool:
    """Whether a file is Keras's, its backend's, nnc's or Python's."""
    is_python = path.startswith(sysconfig.get_path("stdlib")) and "site-packages" not in path
    return is_python or path.startswith(("<", *_folders()))


@cache
def _folders() -> tuple[str, ...]:
    """Return the folders of Keras, of its backends and of nnc, as far as they are imported."""
    packages = [sys.modules[name] for name in ("keras", "tensorflow", "jax", "torch", "optree") if name in sys.modules]
    files = [nnc.__file__, *(package.__file__ for package in packages if package.__file__), str(Path(__file__).parent)]
    return tuple(f"{Path(file).parent}{os.sep}" for file in files)
