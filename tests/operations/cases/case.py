"""A call of an operation, as a model has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Call = Callable[[Any, Any], Any]
"""Takes ``keras.ops`` and an input of shape (rows, 4, 6), and returns a tensor, or several."""
