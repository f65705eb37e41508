"""The batch: the symbol that stands for its size, and the size itself where it is known while layers are built."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from nnc.ir import TensorType, symbol
from nnc.labels import ROWS

BATCH = symbol(ROWS)
"""The first dimension of every model's inputs."""
_BATCH_SIZE: ContextVar[int | None] = ContextVar("batch_size", default=None)


def known_batch_size() -> int | None:
    """Return the size of the batch that a layer is being built for, if its model says it."""
    return _BATCH_SIZE.get()


@contextmanager
def batch_size(size: int | None) -> Iterator[None]:
    """Let layers that are built inside the block know the size of the batch."""
    token = _BATCH_SIZE.set(size)
    try:
        yield
    finally:
        _BATCH_SIZE.reset(token)


def shown_shape(type: TensorType, batch: int | None) -> tuple[int | None, ...]:
    """Return a shape as Keras shows it: None instead of what is only known at run time.

    Args:
        type: element type and shape.
        batch: size of the batch, None where it is not known.
    """
    known = type if batch is None else type.substitute({"batch": batch})
    return tuple(dim if isinstance(dim, int) else None for dim in known.shape)
