"""Element types and shapes of inputs, from what a user gave."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy

from nnc.checks import is_whole
from nnc.dtype_policies import DTypePolicy, computed_dtype
from nnc.errors import ModelError, ShapeError
from nnc.ir import FLOATING, Dim, TensorType, bind_shape
from nnc.layers.batch import BATCH
from nnc.layers.lengths import unknown_length

FLOAT = "float32"
"""Element type of weights and inputs where none is given."""
TEXT = "string"
"""Keras's name for texts as an element type."""
MISSING: Any = object()
"""Default of an argument that only a subclass may leave out."""


class TextType(TensorType):
    """The shape of texts, which stand before a program's graphs; no graph has a value of this type.

    Args:
        dtype: `TEXT`.
        shape: dimensions, the batch first.
    """

    __slots__ = ()

    def __post_init__(self) -> None:
        TensorType("uint8", self.shape)  # which checks the dimensions

    def with_shape(self, shape: Iterable[Dim]) -> TensorType:
        """Return the type of texts in another shape."""
        return TextType(TEXT, tuple(shape))

    def bind(self, bindings: Mapping[str, int]) -> TensorType:
        """Return this type with numbers instead of symbols."""
        return self.with_shape(bind_shape(self.shape, bindings))

    @property
    def nbytes(self) -> int:
        """The bytes that texts take in a program's memory: none."""
        return 0

    def __str__(self) -> str:
        return f"{TEXT}[{','.join(map(str, self.shape))}]"

    __repr__ = __str__


def tensor_type(dtype: str, shape: Iterable[Dim]) -> TensorType:
    """Return the type of numbers, or of texts."""
    return TextType(dtype, tuple(shape)) if dtype == TEXT else TensorType(dtype, tuple(shape))


def dtype_name(dtype: Any, where: str, known: frozenset[str] = FLOATING) -> str | None:
    """Return a dtype's name from a name, a NumPy dtype, or Keras's serialised dtype policy; see `computed_dtype`.

    Args:
        dtype: what the user gave.
        where: what it is for, for messages.
        known: names of which it must be one.

    Raises:
        ModelError: it is none of them.
    """
    if dtype is None:
        return None
    if isinstance(dtype, DTypePolicy):
        dtype = dtype.name
    if isinstance(dtype, Mapping):
        config = dtype.get("config")
        dtype = (config.get("name") if isinstance(config, Mapping) else None) or dict(dtype)
    try:
        name = str(numpy.dtype(dtype).name)
    except (TypeError, ValueError):
        name = str(dtype)
    name = computed_dtype(name)
    if name not in known:
        *others, last = sorted(known)
        raise ModelError(f"{where}: dtype must be {', '.join(others)} or {last}, got {dtype!r}")
    return name


def row_shape(where: str, key: str, shape: Any, has_batch: bool = False) -> tuple[Any, ...]:
    """Return the shape of a row from a tuple, a list or, for vectors, a number.

    Args:
        where: what has the shape, for messages.
        key: the argument's name.
        shape: what the user gave.
        has_batch: whether its first dimension is that of rows.

    Raises:
        ModelError: it is nothing of the kind.
    """
    if not has_batch and isinstance(shape, int | numpy.integer):
        return (shape,)
    if isinstance(shape, list | tuple) and (shape or not has_batch):
        return tuple(shape[1:] if has_batch else shape)
    example = "(None, 2)" if has_batch else "(2,)"
    raise ModelError(f"{where}: {key} must be a tuple such as {example}, got {shape!r}")


def input_type(shape: Sequence[Any], dtype: str) -> TensorType:
    """Return the type of a model's input from a shape whose first dimension is the batch.

    Each None behind the batch is a length of its own that is not known yet.

    Raises:
        ShapeError: another dimension is neither a positive number nor None.
    """
    for axis, dim in enumerate(shape[1:], 1):
        if dim is None:
            continue
        if not is_whole(dim) or dim <= 0:
            raise ShapeError(
                f"dimension {axis} of an input must be a positive integer or None, got {dim!r} in {tuple(shape)}"
            )
    return tensor_type(dtype, (BATCH, *(unknown_length() if dim is None else int(dim) for dim in shape[1:])))
