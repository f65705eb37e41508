"""The NumPy backend: the reference, always there. Its kernels are imported when they are first used; C needs none.

Here is also what NumPy is set to while kernels run: no warnings, and small buffers.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy

from nnc.backends.backend import BoundRun

if TYPE_CHECKING:
    from nnc.backends.numpy.executable import Executable
    from nnc.backends.numpy.source import TARGET, NumpySource, kernel_workspace, print_source

BUFFER_ELEMENTS = 64
"""Elements of the buffer that NumPy allocates, and does not use, for each call that broadcasts an operand."""
_MEMBERS = {
    "TARGET": "nnc.backends.numpy.source",
    "Executable": "nnc.backends.numpy.executable",
    "NumpySource": "nnc.backends.numpy.source",
    "kernel_workspace": "nnc.backends.numpy.source",
    "print_source": "nnc.backends.numpy.source",
}

__all__ = [
    "TARGET",
    "BoundRun",
    "Executable",
    "NumpySource",
    "apply_kernel_settings",
    "kernel_settings",
    "kernel_workspace",
    "print_source",
]


def apply_kernel_settings() -> None:
    """Set what kernels run under, in the current context."""
    numpy.seterr(all="ignore")
    numpy.setbufsize(BUFFER_ELEMENTS)


@contextmanager
def kernel_settings() -> Iterator[None]:
    """Run kernels inside the block: infinities and NaN are results like others, and NumPy takes no large buffers."""
    with numpy.errstate(all="ignore"):  # leaving it restores the size of buffers as well
        numpy.setbufsize(BUFFER_ELEMENTS)
        yield


def __getattr__(name: str) -> Any:
    if name in _MEMBERS:
        value = getattr(import_module(_MEMBERS[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module '{__name__}' has no attribute {name!r}")
