"""Attention of queries to keys and values, with as many heads or more."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from nnc.errors import ModelError
from nnc.ir import Dim, Value, ops
from nnc.ir.ops import cast, logical_and, matmul, reshape, softmax, transpose, where
from nnc.ir.ops.comparison import GreaterEqual
from nnc.ir.ops.elementwise import apply
from nnc.ir.ops.sizes import Iota
from nnc.operations.element_types import of_one_type
from nnc.operations.registry import operation

LARGE_NEGATIVE = -0.7 * 3.38953e38
"""The value that Keras's ``dot_product_attention`` gives masked scores."""


def positions(like: Value, length: Dim, shape: Sequence[int]) -> Value:
    """Return the whole numbers from 0 in a shape with one -1, in the graph of a value."""
    return reshape(like.graph.add(Iota(length))[0], shape)


def causal_mask(like: Value, queries: Dim, keys: Dim) -> Value:
    """Return whether position i may attend to position j, which is not later: bool (1, queries, keys)."""
    return apply(GreaterEqual(), positions(like, queries, (1, -1, 1)), positions(like, keys, (1, 1, -1)))


def attention_weights(scores: Value, mask: Value | None) -> Value:
    """Return the shares of the keys in what a query finds; where all are masked, the keys have equal ones."""
    return softmax(scores if mask is None else where(mask, scores, LARGE_NEGATIVE))


def scores_of(query: Value, key: Value) -> Value:
    """Return the products of queries (batch, T, heads, size) with keys (batch, S, heads / n, size).

    A head of keys serves n heads of queries, without being copied. The result is (batch, heads / n, n, T, S).
    """
    batch, length, heads, size = query.shape
    groups = key.shape[2]
    grouped = transpose(reshape(query, (batch, length, groups, heads // groups, size)), (0, 2, 3, 1, 4))
    return matmul(grouped, transpose(reshape(key, (*key.shape[:3], 1, size)), (0, 2, 3, 4, 1)))


def combined(weights: Value, value: Value) -> Value:
    """Return the sums of values (batch, S, heads / n, size) with weights (batch, heads / n, n, T, S).

    The result is (batch, T, heads, size).
    """
    batch, groups, repeats, length, _ = weights.shape
    size = value.shape[3]
    spread = transpose(reshape(value, (*value.shape[:3], 1, size)), (0, 2, 3, 1, 4))
    sums = transpose(matmul(weights, spread), (0, 3, 1, 2, 4))
    return reshape(sums, (batch, length, groups * repeats, size))


@operation("DotProductAttention", module="nn")
def dot_product_attention(
    query: Value,
    key: Value,
    value: Value,
    bias: Any = None,
    mask: Any = None,
    scale: Any = None,
    is_causal: bool = False,
    flash_attention: bool | None = None,
    attn_logits_soft_cap: float | None = None,
) -> Value:
    """Return what queries find, (batch, T, heads, size).

    Args:
        query: (batch, T, heads, size).
        key: (batch, S, heads / n, size).
        value: (batch, S, heads / n, value size).
        bias: what is added to the scaled scores, broadcast against (batch, heads, T, S).
        mask: what may attend to what, bool and broadcast in the same way.
        scale: of the scores, 1 / √size by default.
        is_causal: whether a query attends to no later key.
        flash_attention: must not be True, as in Keras on TensorFlow.
        attn_logits_soft_cap: must be None, as in Keras on TensorFlow.

    Raises:
        ModelError: an argument is none that is supported, or the operands have not four axes.
    """
    what = "DotProductAttention"
    if flash_attention:
        raise ModelError(f"{what}: flash_attention must be False or None, got {flash_attention!r}")
    if attn_logits_soft_cap is not None:
        raise ModelError(f"{what}: attn_logits_soft_cap must be None, got {attn_logits_soft_cap!r}")
    query, key, value = of_one_type([query, key, value])
    if {query.rank, key.rank, value.rank} != {4}:
        raise ModelError(f"{what}: query, key and value must have 4 axes, got {query.type}, {key.type}, {value.type}")
    if isinstance(mask, Value) and mask.dtype != "bool":
        raise ModelError(f"{what}: mask must be bool, got {mask.type}")
    scores = scores_of(query, key)
    batch, groups, repeats, queries, keys = scores.shape
    flat: Value = reshape(scores, (batch, groups * repeats, queries, keys))
    flat = flat * (1.0 / sqrt(int(query.shape[3])) if scale is None else scale)
    if bias is not None:
        flat = flat + (cast(bias, flat.dtype) if isinstance(bias, Value) else bias)
    if mask is not None and not isinstance(mask, Value):
        mask = query.graph.constant(mask, "bool")
    if is_causal:
        earlier = reshape(causal_mask(query, queries, keys), (1, 1, queries, keys))
        mask = earlier if mask is None else logical_and(mask, earlier)
    if mask is not None:
        mask = ops.broadcast_to(mask, flat.shape)
    weights = attention_weights(flat, mask)
    return combined(reshape(weights, (batch, groups, repeats, queries, keys)), value)
