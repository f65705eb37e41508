"""The NumPy backend: the reference, always there. Its kernels are imported when they are first used; C needs none."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from nnc.backends.backend import BoundRun
from nnc.backends.numpy.settings import apply_kernel_settings, kernel_settings

if TYPE_CHECKING:
    from nnc.backends.numpy.executable import Executable
    from nnc.backends.numpy.source import Source, kernel_workspace, print_source

_MEMBERS = {
    "Executable": "nnc.backends.numpy.executable",
    "Source": "nnc.backends.numpy.source",
    "kernel_workspace": "nnc.backends.numpy.source",
    "print_source": "nnc.backends.numpy.source",
}

__all__ = [
    "BoundRun",
    "Executable",
    "Source",
    "apply_kernel_settings",
    "kernel_settings",
    "kernel_workspace",
    "print_source",
]


def __getattr__(name: str) -> Any:
    if name in _MEMBERS:
        value = getattr(import_module(_MEMBERS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute {name!r}")
