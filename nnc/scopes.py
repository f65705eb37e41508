"""Keras's blocks around code: names for parts of a graph, the device, and what is computed twice to save memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, TypeVar

from nnc.errors import ModelError
from nnc.layers.lowering import current_lowering, is_lowering

_PROCESSOR = re.compile(r"(/?(device:)?cpu(:0)?)", re.IGNORECASE)
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@contextmanager
def name_scope(name: str, **kwargs: Any) -> Iterator[None]:
    """Put a name in front of those of what a layer's `call` adds to the graph in the block.

    Elsewhere it changes nothing: weights are named by their layers.

    Args:
        name: the name.
        kwargs: nothing else.

    Raises:
        ModelError: the name is no text, or contains ``/``; or an argument is given that nnc does not have.
    """
    if not isinstance(name, str) or not name or "/" in name:
        raise ModelError(f"name_scope: the name must be text without '/', got {name!r}")
    if kwargs:
        raise ModelError(f"name_scope has no argument {next(iter(kwargs))!r}")
    if not is_lowering():
        yield
        return
    graph = current_lowering().graph
    with graph.scope(path=f"{graph.path}/{name}" if graph.path else name):
        yield


def device(device_name: str) -> Any:
    """Return a block for a device; nnc computes on the processor, so ``cpu`` is the only one.

    Args:
        device_name: ``cpu``, also as ``cpu:0`` or ``/CPU:0``.

    Raises:
        ModelError: it is another one.
    """
    if not isinstance(device_name, str) or not _PROCESSOR.fullmatch(device_name):
        raise ModelError(f"device({device_name!r}): nnc computes on the processor; use 'cpu', or leave the block out")
    return nullcontext()


def remat(f: FunctionT) -> FunctionT:
    """Return a function as it is: its numbers are the same, and what is kept of a step is the plan's choice.

    Args:
        f: the function.
    """
    return f
