"""Common parts of attention layers: masks of what may attend to what, and products of many heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy

from nnc.ir import Dim, Value
from nnc.ir.ops import absolute, cast, logical_and, reshape
from nnc.ir.ops.comparison import Less
from nnc.ir.ops.elementwise import apply
from nnc.layers.activation import Softmax
from nnc.layers.einsum_dense import EinsumDense
from nnc.layers.lowering import current_lowering
from nnc.operations.attention import attention_weights, causal_mask, combined, positions, scores_of


def window_mask(like: Value, queries: Dim, keys: Dim, window: int) -> Value:
    """Return whether positions are less than `window` apart: bool (1, queries, keys)."""
    distance = absolute(positions(like, queries, (1, -1, 1)) - positions(like, keys, (1, 1, -1)))
    return apply(Less(), distance, window)


def all_of(masks: Sequence[Value | None]) -> Value | None:
    """Return whether all masks hold; None stands for a mask that always does."""
    found: Value | None = None
    for mask in masks:
        if mask is not None:
            truth = cast(mask, "bool")
            found = truth if found is None else logical_and(found, truth)
    return found


def expand(mask: Value, axis: int) -> Value:
    """Return a mask with one more axis of length 1, counted from the end of the result."""
    at = mask.rank + 1 + axis
    return reshape(mask, (*mask.shape[:at], 1, *mask.shape[at:]))


def attention_mask(
    layer: Any, query: Value, value: Value, given: Any, masks: Sequence[Value | None], causal: bool
) -> Value | None:
    """Return what may attend to what, bool (batch or 1, queries, keys), of masks of queries, values and keys."""
    query_mask, value_mask, key_mask = masks
    queries, keys = query.shape[1], value.shape[1]
    if given is not None and not isinstance(given, Value):
        given = query.graph.constant(numpy.asarray(given, bool), "bool")
    return all_of(
        [
            given,
            None if query_mask is None else expand(query_mask, -1),
            None if value_mask is None else expand(value_mask, -2),
            None if key_mask is None else expand(key_mask, -2),
            causal_mask(query, queries, keys) if causal else None,
            window_mask(query, queries, keys, layer.sliding_window) if layer.sliding_window is not None else None,
        ]
    )


@contextmanager
def unmasked(*values: Value | None) -> Iterator[None]:
    """Take masks off values inside the block: they are in the mask of the scores already."""
    known = current_lowering().masks
    taken = {value: known.pop(value) for value in dict.fromkeys(values) if value is not None and value in known}
    try:
        yield
    finally:
        known.update(taken)


def attend(
    query: Value, key: Value, value: Value, mask: Value | None, dropout: Any, fused: bool
) -> tuple[Value, Value]:
    """Return what queries find, (batch, T, heads, size), and the weights, (batch, heads, T, S).

    Args:
        query: (batch, T, heads, size), scaled.
        key: (batch, S, heads / n, size).
        value: (batch, S, heads / n, value size).
        mask: what may attend to what, bool and broadcast against (batch, heads, T, S).
        dropout: the layer that drops weights.
        fused: whether a query that may attend to nothing finds the mean of all values, as in Keras's
            ``dot_product_attention``, rather than zeros, as with its softmax layer.
    """
    scores = scores_of(query, key)
    batch, groups, repeats, queries, keys = scores.shape
    flat = reshape(scores, (batch, groups * repeats, queries, keys))
    weights = attention_weights(flat, mask) if fused else Softmax().call(flat, mask)
    dropped = dropout(weights)
    return combined(reshape(dropped, (batch, groups, repeats, queries, keys)), value), weights


def projection(
    layer: Any, name: str, equation: str, shape: Sequence[Any], bias_axes: str, **options: Any
) -> EinsumDense:
    """Return a layer's projection of queries, keys, values or outputs, with the layer's arguments."""
    return EinsumDense(
        equation,
        output_shape=tuple(shape),
        bias_axes=bias_axes if layer.use_bias else None,
        name=name,
        kernel_initializer=layer.kernel_initializer,
        bias_initializer=layer.bias_initializer,
        kernel_regularizer=layer.kernel_regularizer,
        bias_regularizer=layer.bias_regularizer,
        activity_regularizer=layer.projection_regularizer,
        kernel_constraint=layer.kernel_constraint,
        bias_constraint=layer.bias_constraint,
        **options,
    )
