"""NumPy's own settings while kernels run: no warnings, and small buffers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy

BUFFER_ELEMENTS = 64
"""Elements of the buffer that NumPy allocates, and does not use, for each call that broadcasts an operand."""


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
