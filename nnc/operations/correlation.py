"""Correlations of vectors with each other."""

from __future__ import annotations

from typing import Any

from nnc.errors import ModelError
from nnc.ir import Value, ops
from nnc.operations.element_types import as_value, result_type
from nnc.operations.registry import operation
from nnc.structure import leaves


@operation("Corrcoef", floats=True)
def corrcoef(x: Value) -> Value:
    """Return the correlations of the rows of a matrix.

    Raises:
        ModelError: x is no matrix.
    """
    if x.rank != 2:
        raise ModelError(f"Corrcoef: x must be a matrix, got {x.type}")
    centered = x - ops.mean(x, 1, True)
    count = ops.size(x, (1,)) - 1.0
    deviation = ops.sqrt(ops.sum(ops.square(centered), 1, True) / count)
    covariance = (centered @ ops.transpose(centered)) / count
    return ops.clip(covariance / (deviation * ops.transpose(deviation)), -1.0, 1.0)


@operation("Correlate")
def correlate(x1: Any, x2: Any, mode: str = "valid") -> Value:
    """Return sums of a vector times another one at each place, beyond its ends too if that is asked for.

    Args:
        x1: a vector.
        x2: another one, which where nothing is beyond the ends is not longer.
        mode: ``valid``, ``same`` or ``full``.

    Raises:
        ModelError: they are no such vectors of known length, or the mode is unknown.
    """
    if mode not in ("valid", "same", "full"):
        raise ModelError(f"Correlate: mode must be valid, same or full, got {mode!r}")
    graph = leaves((x1, x2), Value)[0].graph
    x1, x2 = (as_value(x, "float32", graph) for x in (x1, x2))
    if x1.rank != 1 or x2.rank != 1 or not all(isinstance(x.shape[0], int) for x in (x1, x2)):
        raise ModelError(f"Correlate: x1 and x2 must be vectors of known length, got {x1.type} and {x2.type}")
    longer, shorter = int(x1.shape[0]), int(x2.shape[0])
    if longer < shorter and mode == "valid":
        raise ModelError(f"Correlate: x2 must not be longer than x1 where mode is valid, got {x1.type} and {x2.type}")
    dtype = "float64" if result_type(x1.dtype, x2.dtype) in ("float64", "int64") else "float32"
    beyond = 0 if mode == "valid" else shorter - 1
    found = ops.convolution(
        ops.reshape(ops.cast(x1, dtype), (1, longer, 1)),
        ops.reshape(ops.cast(x2, dtype), (shorter, 1, 1)),
        (1,),
        (1,),
        ((beyond, beyond),),
    )
    found = ops.reshape(found, (found.shape[1],))
    if mode == "same":
        whole, kept = longer + shorter - 1, max(longer, shorter)
        found = ops.take(found, 0, (whole - kept) // 2, (whole - kept) // 2 + kept)
    return found
