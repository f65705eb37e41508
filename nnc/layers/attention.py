"""Attention of one head, by dot products or by sums."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nnc.arguments import argument, flag, number, random_seed, unsupported
from nnc.choices import ScoreMode
from nnc.errors import ModelError
from nnc.ir import Value
from nnc.ir.ops import matmul, reshape, softmax, sum, tanh, transpose, where
from nnc.layers.attention_heads import all_of, expand
from nnc.layers.declared import KerasLayer
from nnc.layers.regularization import Dropout
from nnc.layers.variable import Variable
from nnc.operations.attention import causal_mask

Masks = Sequence[Value | None] | None
MASKED = 1e9
"""The amount subtracted from the scores of values that a mask leaves out."""


def _check_score_mode(where: str, key: str, value: Any) -> Any:
    if value not in ("dot", "concat"):
        raise ModelError(
            f"{where}: Invalid value for argument {key}. Expected one of {{'dot', 'concat'}}, got {value!r}"
        )
    return value


class Attention(KerasLayer):
    """Means of values, weighted with the softmax of scores of each query with the values' keys (Luong's attention).

    It is called with a list: queries (batch, T, size), values (batch, S, size) and optionally keys (batch, S, size),
    which are otherwise the values. Outputs are (batch, T, size); ``return_attention_scores=True`` adds the weights,
    (batch, T, S). With ``use_causal_mask=True`` position i attends to nothing later than i.

    M.-T. Luong, H. Pham and C. D. Manning, "Effective approaches to attention-based neural machine translation", 2015.

    Args:
        use_scale: whether the scores are multiplied with a trained number.
        score_mode: ``dot`` for products of query and key, ``concat`` for sums of the tangens hyperbolicus of their sum.
        dropout: share of weights that are set to 0 while training.
        seed: tells this layer's random stream from others.

    Raises:
        ModelError: an argument is wrong.
    """

    noted_arguments = ("use_scale", "score_mode {score_mode}", "dropout {dropout}")
    is_merging = True
    supports_masking = True

    use_scale: bool = flag(default=False)
    score_mode: ScoreMode = argument(_check_score_mode, default="dot")
    dropout: float = number(0, 1, default=0.0)
    seed: int | None = random_seed(default=None)

    def __post_init__(self) -> None:
        self.dropout_layer = Dropout(self.dropout, seed=self.seed)
        self.scale: Variable | None = None

    def build(self, input_shape: Any) -> None:
        _check_list(input_shape, "inputs")
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def scores(self, query: Value, key: Value) -> Value:
        """Return the scores of each query with each key, (batch, T, S)."""
        if self.score_mode == "dot":
            products = matmul(query, transpose(key, (*range(key.rank - 2), key.rank - 1, key.rank - 2)))
            return products if self.scale is None else products * self.scale
        total = _pairs(query, key)
        return sum(tanh(total if self.scale is None else total * self.scale), -1) * self.concat_score_weight

    def call(
        self,
        inputs: list[Value],
        mask: Masks = None,
        training: bool = False,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        _check_list(inputs, "inputs")
        query, value, key = inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else inputs[1]
        if mask is not None:
            _check_list(mask, "masks")
        query_mask, value_mask = (None, None) if mask is None else (mask[0], mask[1])
        scores = self.scores(query, key)
        causal = causal_mask(scores, scores.shape[-2], scores.shape[-1]) if use_causal_mask else None
        kept = all_of([None if value_mask is None else expand(value_mask, -2), causal])
        if kept is not None:
            scores = where(kept, scores, scores - MASKED)
        weights = self.dropout_layer(softmax(scores))
        output = matmul(weights, value)
        if query_mask is not None:
            counts = all_of([expand(query_mask, -1)])
            assert counts is not None
            output = where(counts, output, 0.0)
        return (output, weights) if return_attention_scores else output

    def compute_mask(self, inputs: list[Value], mask: Masks = None) -> Value | None:
        return None if mask is None else mask[0]


class AdditiveAttention(Attention):
    """Attention with the scores ``sum(scale · tanh(query + key))`` (Bahdanau's attention); it is called as `Attention`.

    D. Bahdanau, K. Cho and Y. Bengio, "Neural machine translation by jointly learning to align and translate", 2015.

    Args:
        use_scale: whether there is a trained scale, a vector of the size of a query.
        dropout: share of weights that are set to 0 while training.

    Raises:
        ModelError: an argument is wrong.
    """

    use_scale: bool = flag(default=True)
    score_mode: ScoreMode = unsupported(default="dot", kw_only=True)
    seed: int | None = random_seed(default=None, kw_only=True)

    def build(self, input_shape: Any) -> None:
        _check_list(input_shape, "inputs")
        if self.use_scale:
            self.scale = self.add_weight((input_shape[0][-1],), "glorot_uniform", name="scale")

    def scores(self, query: Value, key: Value) -> Value:
        totals = tanh(_pairs(query, key))
        if self.scale is None:
            return sum(totals, -1)
        column = reshape(self.scale.value, (-1, 1))
        return reshape(matmul(totals, column), totals.shape[:-1])


def _check_list(items: Any, what: str) -> None:
    """Check that there are two or three inputs, their shapes, or their masks."""
    listed = "[query, value] or [query, value, key]"
    if not isinstance(items, list | tuple) or (items and isinstance(items[0], int)):
        verb = "must be called on a list" if what == "inputs" else "layer mask must be a list"
        raise ModelError(f"{verb}, {listed}, got {items!r:.80}")
    if len(items) not in (2, 3):
        raise ModelError(f"expected a list of length 2 or 3 of {what}, {listed}, got {len(items)}")


def _pairs(query: Value, key: Value) -> Value:
    """Return the sum of each query and each key, (batch, T, S, size)."""
    batch, queries, size = query.shape
    return reshape(query, (batch, queries, 1, size)) + reshape(key, (batch, 1, key.shape[1], size))
