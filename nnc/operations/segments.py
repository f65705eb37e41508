"""Reductions of rows by numbers of segments; that these are sorted, which users may say, changes nothing here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from nnc.errors import ModelError
from nnc.ir import NUMERIC, Value, ops
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.gathering import ScatterAdd
from nnc.operations.element_types import as_value
from nnc.operations.indexing import known_numbers
from nnc.operations.reductions import max, min, prod_over
from nnc.operations.registry import operation


@operation("SegmentSum", module="math")
def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Value:
    """Return for each segment the sum of the rows that have its number; a row with a number below 0 has none.

    Raises:
        ModelError: how many segments there are is not known.
    """
    data, ids, count = _operands("SegmentSum", data, segment_ids, num_segments)
    has_segment = ops.reshape(ids >= 0, (*ids.shape, *([1] * (data.rank - 1))))
    rows = ops.where(has_segment, data, data.graph.constant(0, data.dtype))
    return apply(ScatterAdd((count, *data.shape[1:])), rows, ops.maximum(ids, 0))


@operation("SegmentMax", module="math")
def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Value:
    """Return for each segment the largest of the rows that have its number; the lowest number where there is none.

    Raises:
        ModelError: how many segments there are is not known.
    """
    return _reduced("SegmentMax", data, segment_ids, num_segments, max)


@operation("SegmentMin", module="math")
def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Value:
    """Return for each segment the smallest of the rows that have its number; the highest number where there is none.

    Raises:
        ModelError: how many segments there are is not known.
    """
    return _reduced("SegmentMin", data, segment_ids, num_segments, min)


@operation("SegmentProd", module="math")
def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Value:
    """Return for each segment the product of the rows that have its number; 1 where there is none.

    Raises:
        ModelError: how many segments there are, or how many rows, is not known.
    """
    return _reduced("SegmentProd", data, segment_ids, num_segments, prod_over)


def _operands(name: str, data: Any, segment_ids: Any, num_segments: int | None) -> tuple[Value, Value, int]:
    """Return the rows, the number of the segment of each, and how many segments there are.

    By default they go up to the largest number, which must be known before the run then.
    """
    graph = (data if isinstance(data, Value) else segment_ids).graph
    data, ids = as_value(data, "float32", graph), as_value(segment_ids, "int32", graph)
    if ids.rank != 1 or data.rank < 1 or ids.dtype not in ("int32", "int64") or data.dtype not in NUMERIC:
        raise ModelError(f"{name}: segment_ids must be a whole number per row, got {ids.type} for {data.type}")
    if num_segments is None:
        numbers = known_numbers(ids)
        if numbers is None:
            raise ModelError(f"{name}: num_segments must be given, since segment_ids are not known before the run")
        num_segments = int(numbers.max(initial=-1)) + 1
    return data, ids, num_segments


def _reduced(name: str, data: Any, segment_ids: Any, num_segments: int | None, reduce: Callable[..., Value]) -> Value:
    """Return reductions over the rows, those of other segments replaced by what changes nothing."""
    data, ids, count = _operands(name, data, segment_ids, num_segments)
    info = numpy.finfo(data.dtype) if data.type.is_floating else numpy.iinfo(data.dtype)
    neutral = {max: info.min, min: info.max}.get(reduce, 1)
    numbers = data.graph.constant(numpy.arange(count).reshape(-1, 1), ids.dtype)
    is_own = ops.reshape(ops.equal(numbers, ids), (count, ids.shape[0], *([1] * (data.rank - 1))))
    found = reduce(ops.where(is_own, data, data.graph.constant(neutral, data.dtype)), axis=1)
    return ops.cast(found, data.dtype)
