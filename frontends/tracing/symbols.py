"""Types of nnc's as symbolic tensors of Keras's, with other lengths in each run of a trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from frontends.tracing.layer_tracer import BATCHES
from frontends.tracing.model import LENGTHS
from nnc.ir import TensorType
from nnc.layers.batch import BATCH


def tensors_of(types: Sequence[TensorType], keras: Any) -> list[list[Any]]:
    """Return symbolic tensors of these types for each run.

    Args:
        types: the types, in which the same symbol is the same length.
        keras: the package of the model.
    """
    names = sorted({name for type in types for name in type.symbols} - set(BATCH.symbols))
    runs = []
    for run, rows in enumerate(BATCHES):
        sizes = dict.fromkeys(BATCH.symbols, rows)
        sizes |= {name: LENGTHS[min(2 + place, len(LENGTHS) - 1)][run] for place, name in enumerate(names)}
        found = [type.bind(sizes) for type in types]
        runs.append([keras.KerasTensor(type.shape, dtype=type.dtype) for type in found])
    return runs
