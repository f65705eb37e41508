"""Indices of symbolic tensors as authors write them, of which Keras's take fewer than its backends do."""

from __future__ import annotations

from typing import Any

import numpy

from frontends.tracing.recording import Recorder
from nnc.errors import ModelError


def item(recorder: Recorder, operation: Any, infer: Any, x: Any, key: Any) -> Any:
    """Return a part of a tensor: by numbers, slices, ``None`` and ``...``, and one tensor or array of numbers.

    Raises:
        ModelError: the index has truth values, or several tensors.
    """
    items = [_plain(part) for part in (key if isinstance(key, list | tuple) else (key,))]
    places = [place for place, part in enumerate(items) if _is_tensor(recorder, part)]
    if not places:
        return recorder.operation(operation, (x, tuple(items)), {}, infer)
    if len(places) > 1 or "bool" in str(items[places[0]].dtype):
        raise ModelError(
            "a tensor can be indexed with one tensor of whole numbers, as how many elements there are must be known;"
            " use keras.ops.where, take or take_along_axis"
        )
    (place,) = places
    index, items[place] = items[place], slice(None)
    part = recorder.operation(operation, (x, tuple(items)), {}, infer)
    named = sum(other is not None and other is not Ellipsis for other in items)
    widths = [len(x.shape) - named if other is Ellipsis else int(not isinstance(other, int)) for other in items]
    axis = sum(widths[:place])
    return recorder.keras.ops.take(part, index, axis=axis)


def _plain(part: Any) -> Any:
    """Return an index, scalars of NumPy's as numbers."""
    return int(part) if isinstance(part, numpy.integer) else part


def _is_tensor(recorder: Recorder, part: Any) -> bool:
    return isinstance(part, recorder.keras.KerasTensor) or (hasattr(part, "shape") and hasattr(part, "dtype"))
