"""TensorFlow's element types."""

from __future__ import annotations

from typing import Any

import numpy


class DType(str):
    """An element type: its name, with what TensorFlow's knows of it.

    >>> DType("float32") == numpy.ones(2, "float32").dtype, DType("uint8").max
    (True, 255)
    """

    @property
    def name(self) -> str:
        """The name."""
        return str(self)

    @property
    def as_numpy_dtype(self) -> Any:
        """NumPy's type of these elements."""
        return numpy.dtype(self).type

    @property
    def is_floating(self) -> bool:
        """Whether these are floating-point numbers."""
        return numpy.dtype(self).kind == "f"

    @property
    def min(self) -> Any:
        """The smallest number."""
        return (numpy.finfo if self.is_floating else numpy.iinfo)(str(self)).min

    @property
    def max(self) -> Any:
        """The largest number."""
        return (numpy.finfo if self.is_floating else numpy.iinfo)(str(self)).max
